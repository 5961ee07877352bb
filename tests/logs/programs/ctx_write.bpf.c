// Writes a field of the context that can only be read.
#include "bad.h"
SEC("socket")
int grow(struct __sk_buff *skb)
{
	skb->len = 1;
	return 0;
}
