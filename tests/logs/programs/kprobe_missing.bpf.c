// A kernel function there isn't.
#include "bad.h"
SEC("kprobe/do_no_such_thing")
int probe(void *ctx)
{
	return 0;
}
