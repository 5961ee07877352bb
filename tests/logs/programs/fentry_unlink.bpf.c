// Right, where the kernel has BPF trampolines.
#include "bad.h"
SEC("fentry/do_unlinkat")
int trace(void *ctx)
{
	return 0;
}
