// Global variables, right from 5.2 on.
#include "bad.h"
const volatile int wanted = 7;
int seen;
SEC("tracepoint/syscalls/sys_enter_openat")
int open(void *ctx)
{
	seen += wanted;
	return 0;
}
