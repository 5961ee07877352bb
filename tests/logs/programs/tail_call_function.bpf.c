// Right, where programs are compiled: a function of its own, and a tail call.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} stages SEC(".maps");
static __attribute__((noinline)) int next(struct __sk_buff *skb)
{
	bpf_tail_call(skb, &stages, 0);
	return skb->len;
}
SEC("tc")
int use(struct __sk_buff *skb)
{
	return next(skb) > 64;
}
