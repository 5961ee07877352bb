// An array of programs with two kinds in it.
#include "bad.h"
int on_packet(struct xdp_md *ctx);
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values = { [0] = (void *)&on_packet },
};
SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	return XDP_PASS;
}
SEC("socket")
int use(void *ctx)
{
	bpf_tail_call(ctx, &stages, 0);
	return 0;
}
