// Right: a socket filter with a map of 1 MiB.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 16384);
	__type(key, __u32);
	__type(value, __u64[8]);
} counts SEC(".maps");
SEC("socket")
int use(struct __sk_buff *skb)
{
	__u32 zero = 0;
	__u64 *value = bpf_map_lookup_elem(&counts, &zero);
	if (value)
		*value += 1;
	return 0;
}
