// An address is masked as if it were a number.
#include "bad.h"
SEC("socket")
int use(void *ctx)
{
	__u64 value = (__u64)ctx;
	asm volatile("%0 &= 255" : "+r"(value));
	return value;
}
