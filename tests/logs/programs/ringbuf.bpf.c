// A ring buffer, right from 5.8 on.
#include "bad.h"
RINGBUF(events);
SEC("tracepoint/syscalls/sys_enter_openat")
int record(void *ctx)
{
	__u64 event = 1;
	return bpf_ringbuf_output(&events, &event, 8, 0);
}
