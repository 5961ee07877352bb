// Reads a field that no kernel's task_struct has, through CO-RE.
#include "bad.h"
#include <bpf/bpf_core_read.h>
struct task_struct { int no_such_field; } __attribute__((preserve_access_index));
SEC("tracepoint/syscalls/sys_enter_openat")
int read(void *ctx)
{
	struct task_struct *task = (void *)bpf_get_current_task();
	return BPF_CORE_READ(task, no_such_field);
}
