// A helper is called with a lock held.
#include "bad.h"
struct guarded {
	struct bpf_spin_lock lock;
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
	bpf_spin_lock(&value->lock);
	value->count += bpf_get_prandom_u32();
	bpf_spin_unlock(&value->lock);
	return 0;
}
