// A ring buffer whose size is no power of two of pages.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1000);
} events SEC(".maps");
SEC("tracepoint/syscalls/sys_enter_openat")
int record(void *ctx)
{
	__u64 event = 1;
	return bpf_ringbuf_output(&events, &event, 8, 0);
}
