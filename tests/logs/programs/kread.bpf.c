// Reads kernel memory, which lockdown may refuse.
#include "bad.h"
SEC("kprobe/do_unlinkat")
int read(void *ctx)
{
	char some[8];
	return bpf_probe_read_kernel(some, sizeof(some), ctx);
}
