// Instructions that no jump leads to.
#include "bad.h"
SEC("socket")
int use(void *ctx)
{
	asm volatile("r0 = 0; exit;");
	return 1;
}
