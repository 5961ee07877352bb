// A hash without a key.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10);
	__uint(value_size, 8);
} flows SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&flows, &key) != 0;
}
