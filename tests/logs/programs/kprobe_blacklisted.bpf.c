// A kernel function that can't be probed.
#include "bad.h"
SEC("kprobe/int3_magic")
int probe(void *ctx)
{
	return 0;
}
