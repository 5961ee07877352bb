// A program whose function is to be replaced: one that may be, and one that is static.
#include "bad.h"
__attribute__((noinline)) static int hidden(struct xdp_md *ctx)
{
	volatile int answer = XDP_PASS;
	return answer;
}
SEC("xdp")
int on_packet(struct xdp_md *ctx)
{
	return hidden(ctx);
}
