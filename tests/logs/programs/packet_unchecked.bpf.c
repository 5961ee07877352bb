// Reads the Ethernet header without comparing with data_end.
#include "bad.h"
#include <linux/if_ether.h>
SEC("xdp")
int parse(struct xdp_md *ctx)
{
	struct ethhdr *eth = (void *)(long)ctx->data;
	return eth->h_proto == 8 ? XDP_DROP : XDP_PASS;
}
