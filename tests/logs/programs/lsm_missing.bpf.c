// A security hook there isn't.
#include "bad.h"
SEC("lsm/no_such_hook")
int hook(void *ctx)
{
	return 0;
}
