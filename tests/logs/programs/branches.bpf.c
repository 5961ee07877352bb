// So many branches of which each doubles the ways that the verifier gives up.
#include "bad.h"
#define B(n) if (bpf_get_prandom_u32() & 1) sum += n; else asm volatile("%0 ^= 1" : "+r"(sum));
#define B8(n) B(n) B(n + 1) B(n + 2) B(n + 3) B(n + 4) B(n + 5) B(n + 6) B(n + 7)
#define B64(n) B8(n) B8(n + 8) B8(n + 16) B8(n + 24) B8(n + 32) B8(n + 40) B8(n + 48) B8(n + 56)
SEC("socket")
int branch(void *ctx)
{
	unsigned long sum = 0;
	B64(0) B64(64) B64(128) B64(192) B64(256) B64(320)
	return sum == 12345;
}
