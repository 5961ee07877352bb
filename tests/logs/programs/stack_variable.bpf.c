// Reads the stack at an offset nobody has bounded.
#include "bad.h"
SEC("socket")
int variable(struct __sk_buff *skb)
{
	char room[16] = {};
	unsigned at = skb->len;
	asm volatile("" : "+r"(at));
	return room[at];
}
