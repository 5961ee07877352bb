// A constant, which lies in .rodata, is written to.
#include "bad.h"
const volatile __u32 limit = 100;
SEC("socket")
int use(void *ctx)
{
	*(volatile __u32 *)&limit = 5;
	return limit;
}
