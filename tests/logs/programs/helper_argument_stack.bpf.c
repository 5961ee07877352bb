// Gives the context where a helper wants a key in memory.
#include "bad.h"
ARRAY(numbers, __u64);
SEC("socket")
int wrong(struct __sk_buff *skb)
{
	return bpf_map_lookup_elem(&numbers, skb) != 0;
}
