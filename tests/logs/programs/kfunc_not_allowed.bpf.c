// Calls a kernel function from a kind of program that may not call it.
#include "bad.h"
struct task_struct;
extern struct task_struct *bpf_task_acquire(struct task_struct *) __ksym;
SEC("xdp")
int call(struct xdp_md *ctx)
{
	return bpf_task_acquire((void *)0) != 0;
}
