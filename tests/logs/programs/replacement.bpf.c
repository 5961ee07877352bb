// Takes the place of a function of another program, which must be global.
#include "bad.h"
SEC("freplace/hidden")
int hidden(struct xdp_md *ctx)
{
	return XDP_DROP;
}
