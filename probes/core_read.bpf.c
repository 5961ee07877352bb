// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * Reads two fields of the current task through CO-RE relocations, next to what the kernel's
 * helpers say of the same task, for the doctor to compare.
 *
 * It answers only when the thread it runs in bears the name the doctor has given its own
 * thread and put into `asked`: where it must be attached to be run, it sees the events of
 * other threads too, and says nothing of them.
 */
#include "probe.h"

struct task_struct {
	int tgid;
	char comm[TASK_COMM_LEN];
} KERNEL_TYPE;

struct question {
	__u64 comm[2];
};

/* The shape src/probes/core_read.rs takes apart; all of it is in the machine's byte order. */
struct answer {
	__u32 times;		/* how often the program has answered */
	__u32 tgid_by_helper;
	__s32 tgid;
	__s32 error;		/* what the first failed read answered, or 0 */
	char comm[TASK_COMM_LEN];
};

ONE_ENTRY(asked, struct question);
ONE_ENTRY(answers, struct answer);

SEC("raw_tp/task_rename")
int core_read(void *ctx)
{
	struct question own = {};
	struct question *asked_of;
	struct answer *answer;
	struct task_struct *task;
	__u32 first = 0;
	long error;

	bpf_get_current_comm(&own, sizeof(own));
	asked_of = bpf_map_lookup_elem(&asked, &first);
	if (!asked_of || own.comm[0] != asked_of->comm[0] || own.comm[1] != asked_of->comm[1])
		return 0;
	answer = bpf_map_lookup_elem(&answers, &first);
	if (!answer)
		return 0;

	task = (struct task_struct *)bpf_get_current_task();
	error = bpf_core_read(&answer->tgid, sizeof(answer->tgid), &task->tgid);
	if (!error)
		error = bpf_core_read(&answer->comm, sizeof(answer->comm), &task->comm);
	answer->error = error;
	answer->tgid_by_helper = bpf_get_current_pid_tgid() >> 32;
	answer->times++;
	return 0;
}
