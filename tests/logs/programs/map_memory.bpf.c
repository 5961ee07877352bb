// More memory than the machine has.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 400000000);
	__type(key, __u32);
	__type(value, __u64);
} numbers SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&numbers, &key) != 0;
}
