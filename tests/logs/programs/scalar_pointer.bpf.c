// Follows a pointer that is a plain number to the verifier.
#include "bad.h"
SEC("tracepoint/syscalls/sys_enter_openat")
int open(unsigned long *ctx)
{
	const char *name = (const char *)ctx[3];
	return name[0] == '/';
}
