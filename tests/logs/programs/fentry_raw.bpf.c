// Right, where the kernel has BPF trampolines.
#include "bad.h"
SEC("fentry/bpf_fentry_test1")
int trace(void *ctx)
{
	return 0;
}
