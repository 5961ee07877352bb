// Calculates with the end of the packet.
#include "bad.h"
SEC("xdp")
int last_byte(struct xdp_md *ctx)
{
	unsigned char *end = (void *)(long)ctx->data_end;
	asm volatile("%0 += -1" : "+r"(end));
	return *end ? XDP_DROP : XDP_PASS;
}
