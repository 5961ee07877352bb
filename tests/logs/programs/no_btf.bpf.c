// A map described by BTF, compiled without -g.
#include "bad.h"
ARRAY(numbers, __u64);
SEC("socket")
int use(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&numbers, &key) != 0;
}
