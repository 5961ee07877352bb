// Gives a number where a helper wants a map.
#include "bad.h"
static void *(*lookup)(const void *, const void *) = (void *)BPF_FUNC_map_lookup_elem;
SEC("socket")
int wrong(struct __sk_buff *skb)
{
	__u32 key = 0;
	return lookup((void *)(long)skb->len, &key) != 0;
}
