// Uses a helper that is for GPL programs alone.
#define LICENSE "Proprietary"
#include "bad.h"
SEC("tracepoint/syscalls/sys_enter_openat")
int read(unsigned long *ctx)
{
	char name[8];
	return bpf_probe_read_user(name, sizeof(name), (void *)ctx[3]);
}
