// Reads kernel memory from a raw tracepoint, which lockdown may refuse.
#include "bad.h"
SEC("raw_tracepoint/sys_enter")
int read(void *ctx)
{
	char some[8];
	return bpf_probe_read_kernel(some, sizeof(some), (void *)bpf_get_current_task());
}
