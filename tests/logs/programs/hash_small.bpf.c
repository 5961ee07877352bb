// A hash of two entries, to be filled.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, __u32);
} flows SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&flows, &key) != 0;
}
