// A sleepable program for a function that nobody marked for such.
#include "bad.h"
SEC("fentry.s/do_unlinkat")
int on_unlink(void *ctx)
{
	return 0;
}
