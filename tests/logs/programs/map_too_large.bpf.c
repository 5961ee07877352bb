// Values larger than the kernel takes.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 10);
	__uint(key_size, 4);
	__uint(value_size, 0x7fffff00);
} blobs SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	__u32 key = 0;
	return bpf_map_lookup_elem(&blobs, &key) != 0;
}
