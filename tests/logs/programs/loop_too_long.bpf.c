// Loops two million times: the verifier walks each round.
#include "bad.h"
SEC("tc")
int count(struct __sk_buff *skb)
{
	unsigned long sum = skb->len;
	for (unsigned i = 0; i < 2000000; i++) {
		asm volatile("" : "+r"(sum));
		sum += i ^ (sum >> 3);
	}
	return sum & 1;
}
