// An address goes into a map, which takes CAP_PERFMON.
#include "bad.h"
ARRAY(seen, __u64);
SEC("socket")
int use(void *ctx)
{
	__u32 zero = 0;
	__u64 *slot = bpf_map_lookup_elem(&seen, &zero);
	if (slot)
		*slot = (__u64)ctx;
	return 0;
}
