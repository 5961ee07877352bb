// A signed length may be negative where the helper takes a size.
#include "bad.h"
struct event { char text[256]; };
ARRAY(events, struct event);
SEC("tracepoint/syscalls/sys_enter_write")
int copy(long *ctx)
{
	__u32 key = 0;
	struct event *event = bpf_map_lookup_elem(&events, &key);
	int length = (int)ctx[4];
	if (!event)
		return 0;
	if (length > 255)
		length = 255;
	bpf_probe_read_user(event->text, length, (void *)ctx[3]);
	return 0;
}
