// A length from outside is given to a helper without an upper bound.
#include "bad.h"
struct event { char text[256]; };
ARRAY(events, struct event);
SEC("tracepoint/syscalls/sys_enter_write")
int copy(unsigned long *ctx)
{
	__u32 key = 0;
	struct event *event = bpf_map_lookup_elem(&events, &key);
	if (!event)
		return 0;
	bpf_probe_read_user(event->text, ctx[4], (void *)ctx[3]);
	return 0;
}
