// Calls a helper with an argument register that was never set.
#include "bad.h"
SEC("socket")
__attribute__((naked)) int argument(void *ctx)
{
	asm volatile("r1 = r6; call 5; r0 = 0; exit;");
}
