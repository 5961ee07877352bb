// Ends without having set the return value.
#include "bad.h"
SEC("socket")
__attribute__((naked)) int nothing(void *ctx)
{
	asm volatile("exit;");
}
