// An offset that grows is used to write into an event without a bound (item 2 of the notes).
#include "bad.h"
struct event { __u32 size; char args[4096]; };
ARRAY(events, struct event);
SEC("tracepoint/syscalls/sys_enter_execve")
int collect(void *ctx)
{
	__u32 key = 0;
	struct event *event = bpf_map_lookup_elem(&events, &key);
	if (!event)
		return 0;
	long got = bpf_probe_read_user_str(&event->args[event->size], 128, (void *)0x1000);
	event->size += got;
	return 0;
}
