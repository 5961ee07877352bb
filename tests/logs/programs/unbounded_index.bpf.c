// An index read from the packet selects an element of a map's value unchecked.
#include "bad.h"
struct table { __u64 slot[8]; };
ARRAY(tables, struct table);
SEC("xdp")
int pick(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u32 key = 0, *index = data;
	struct table *table = bpf_map_lookup_elem(&tables, &key);
	if (!table || (void *)(index + 1) > end)
		return XDP_PASS;
	table->slot[*index] += 1;
	return XDP_PASS;
}
