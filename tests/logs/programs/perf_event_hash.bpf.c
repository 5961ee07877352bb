// A program of perf events uses a hash map without preallocation.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u32);
} counts SEC(".maps");
SEC("perf_event")
int use(void *ctx)
{
	__u32 key = 1, one = 1;
	bpf_map_update_elem(&counts, &key, &one, BPF_ANY);
	return 0;
}
