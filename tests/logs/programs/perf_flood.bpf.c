// An event for each system call, more than a reader takes.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");
SEC("raw_tracepoint/sys_enter")
int flood(void *ctx)
{
	char event[256] = {};
	return bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(event));
}
