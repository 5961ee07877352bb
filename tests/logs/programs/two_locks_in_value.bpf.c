// The value of a map has two locks.
#include "bad.h"
struct guarded {
	struct bpf_spin_lock one;
	struct bpf_spin_lock other;
	__u32 count;
};
ARRAY(guarded, struct guarded);
SEC("tc")
int use(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct guarded *value = bpf_map_lookup_elem(&guarded, &zero);
	if (!value)
		return 0;
	bpf_spin_lock(&value->one);
	value->count += 1;
	bpf_spin_unlock(&value->one);
	return 0;
}
