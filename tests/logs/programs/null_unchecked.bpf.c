// Uses what a map lookup returned without asking whether it is NULL.
#include "bad.h"
ARRAY(counts, __u64);
SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	*count += 1;
	return XDP_PASS;
}
