// A map the old way.
#include "bad.h"
struct { unsigned type, key_size, value_size, max_entries, map_flags; } counts SEC("maps") = {
	.type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 8, .max_entries = 1 };
SEC("socket")
int count(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&counts, &key) != 0;
}
