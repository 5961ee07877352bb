// Reads behind the end of the context.
#include "bad.h"
SEC("xdp")
int behind(struct xdp_md *ctx)
{
	return ((int *)ctx)[40];
}
