// A program without an end: the compiler was told that it does not come there.
#include "bad.h"
SEC("socket")
int use(void *ctx)
{
	asm volatile("r0 = 0;");
	__builtin_unreachable();
}
