// A tracepoint there isn't.
#include "bad.h"
SEC("tracepoint/syscalls/sys_enter_no_such_call")
int trace(void *ctx)
{
	return 0;
}
