// Writes eight bytes across the stack's slots.
#include "bad.h"
SEC("socket")
__attribute__((naked)) int across(void *ctx)
{
	asm volatile("r1 = 0; *(u64 *)(r10 - 12) = r1; r0 = 0; exit;");
}
