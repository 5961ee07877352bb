// Two functions whose frames are too large together.
#include "bad.h"
#define HELD(room) asm volatile("" : : "r"(room) : "memory")
static __attribute__((noinline)) int inner(int seed)
{
	char room[400];
	HELD(room);
	room[90] = seed;
	HELD(room);
	return room[91];
}
SEC("socket")
int outer(struct __sk_buff *skb)
{
	char room[400] = {};
	HELD(room);
	return inner(room[skb->len & 255]);
}
