// Follows a kernel pointer from the registers directly instead of reading it with a helper.
#include "bad.h"
#include <linux/ptrace.h>
SEC("kprobe/do_unlinkat")
int unlink(struct pt_regs *ctx)
{
	int *first = (int *)ctx->rdi;
	return *first;
}
