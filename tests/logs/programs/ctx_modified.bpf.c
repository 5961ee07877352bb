// Reads through a context pointer that was calculated with.
#include "bad.h"
SEC("socket")
int shifted(struct __sk_buff *skb)
{
	unsigned value;
	asm volatile("r1 = %1; r1 += %2; %0 = *(u32 *)(r1 + 0);"
		     : "=r"(value) : "r"(skb), "r"((long)skb->len & 4) : "r1");
	return value;
}
