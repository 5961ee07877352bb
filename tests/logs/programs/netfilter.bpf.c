// A kind of program of 6.4.
#include "bad.h"
SEC("netfilter")
int hook(void *ctx)
{
	return 1;
}
