// Gives a half-written key on the stack to a helper.
#include "bad.h"
struct key { __u32 a, b; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 16);
	__type(key, struct key);
	__type(value, __u64);
} flows SEC(".maps");
SEC("socket")
int look(struct __sk_buff *skb)
{
	struct key key;
	key.a = skb->len;
	return bpf_map_lookup_elem(&flows, &key) != 0;
}
