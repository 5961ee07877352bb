// Right.
#include "bad.h"
SEC("tc")
int pass(struct __sk_buff *skb)
{
	return 0;
}
