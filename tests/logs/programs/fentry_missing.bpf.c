// Wants to trace a function that the kernel does not have.
#include "bad.h"
SEC("fentry/do_no_such_thing")
int trace(void *ctx)
{
	return 0;
}
