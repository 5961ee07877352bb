// Its type is renamed to what no C compiler writes (recipes.yaml does it), and must be there.
#include "bad.h"
struct good_name {
	struct bpf_spin_lock lock;
	__u32 count;
};
ARRAY(guarded, struct good_name);
SEC("tc")
int use(struct __sk_buff *skb)
{
	__u32 zero = 0;
	struct good_name *value = bpf_map_lookup_elem(&guarded, &zero);
	if (!value)
		return 0;
	bpf_spin_lock(&value->lock);
	value->count += 1;
	bpf_spin_unlock(&value->lock);
	return 0;
}
