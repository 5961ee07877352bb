// Right.
#include "bad.h"
SEC("kprobe/do_unlinkat")
int probe(void *ctx)
{
	return 0;
}
