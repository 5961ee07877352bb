// Writes above the frame pointer.
#include "bad.h"
SEC("socket")
int above(void *ctx)
{
	asm volatile("r1 = r10; r1 += 8; r2 = 0; *(u64 *)(r1 + 0) = r2;" ::: "r1", "r2", "memory");
	return 0;
}
