// A map type of 5.16.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_BLOOM_FILTER);
	__uint(max_entries, 100);
	__type(value, __u32);
} seen SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	__u32 value = 1;
	return bpf_map_peek_elem(&seen, &value);
}
