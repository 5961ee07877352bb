// A helper of 5.17.
#include "bad.h"
static int round(unsigned at, void *sum)
{
	return 0;
}
SEC("socket")
int use(void *ctx)
{
	return bpf_loop(4, round, 0, 0);
}
