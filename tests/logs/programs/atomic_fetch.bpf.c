// An instruction of 5.12.
#include "bad.h"
ARRAY(counts, __u64);
SEC("socket")
int count(void *ctx)
{
	__u32 key = 0;
	__u64 *count = bpf_map_lookup_elem(&counts, &key);
	return count ? __sync_fetch_and_add(count, 1) : 0;
}
