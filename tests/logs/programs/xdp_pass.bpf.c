// Right.
#include "bad.h"
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}
