// Writes into a reserved record without asking whether there was room.
#include "bad.h"
RINGBUF(events);
SEC("tracepoint/syscalls/sys_enter_openat")
int record(void *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);
	*event = 1;
	bpf_ringbuf_submit(event, 0);
	return 0;
}
