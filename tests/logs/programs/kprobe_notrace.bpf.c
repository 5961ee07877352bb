// A kernel function that is on the kprobes' black list.
#include "bad.h"
SEC("kprobe/exc_int3")
int probe(void *ctx)
{
	return 0;
}
