// A plain CO-RE read: right, where the kernel has BTF.
#include "bad.h"
#include <bpf/bpf_core_read.h>
struct task_struct { int pid; } __attribute__((preserve_access_index));
SEC("tracepoint/syscalls/sys_enter_openat")
int tp_execve_kern(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, pid);
}
