// A map that is pinned by its name.
#include "bad.h"
#ifndef ENTRIES
#define ENTRIES 16
#endif
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, ENTRIES);
	__type(key, __u32);
	__type(value, __u32);
	__uint(pinning, LIBBPF_PIN_BY_NAME);
} shared SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&shared, &key) != 0;
}
