// Loops without an end.
#include "bad.h"
SEC("socket")
__attribute__((naked)) int forever(void *ctx)
{
	asm volatile("r0 = 0; 1: if r0 == 1 goto 2f; goto 1b; 2: exit;");
}
