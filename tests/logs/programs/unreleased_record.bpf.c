// Leaves with a reserved record on one path.
#include "bad.h"
RINGBUF(events);
SEC("tracepoint/syscalls/sys_enter_openat")
int record(unsigned long *ctx)
{
	__u64 *event = bpf_ringbuf_reserve(&events, 8, 0);
	if (!event)
		return 0;
	if (ctx[4] & 1)
		return 0;
	*event = 1;
	bpf_ringbuf_submit(event, 0);
	return 0;
}
