// Right, where tracefs is mounted and perf events are allowed.
#include "bad.h"
SEC("tracepoint/syscalls/sys_enter_openat")
int open(void *ctx)
{
	return 0;
}
