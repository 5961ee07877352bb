/* Speaks to bpf() without a library, in the ways that loaders of their own get wrong. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>

static unsigned char attr[256];

static int bpf(int command, unsigned int size, const char *what)
{
	long result = syscall(SYS_bpf, command, attr, size);
	if (result < 0)
		fprintf(stderr, "%s: %s\n", what, strerror(errno));
	return result < 0;
}

int main(int count, char **words)
{
	const char *way = count > 1 ? words[1] : "";
	union bpf_attr *known = (void *)attr;

	if (!strcmp(way, "larger")) {           /* something set beyond what the kernel knows */
		known->map_type = BPF_MAP_TYPE_ARRAY;
		known->key_size = known->value_size = 4;
		known->max_entries = 1;
		attr[sizeof(attr) - 1] = 1;
		return bpf(BPF_MAP_CREATE, sizeof(attr), "bpf(BPF_MAP_CREATE) failed");
	}
	if (!strcmp(way, "closed")) {           /* a descriptor that was closed */
		unsigned int key = 0, value = 1;
		known->map_fd = 99;
		known->key = (unsigned long)&key;
		known->value = (unsigned long)&value;
		return bpf(BPF_MAP_UPDATE_ELEM, sizeof(*known), "bpf_map_update_elem failed");
	}
	if (!strcmp(way, "token")) {            /* of a file system nobody delegated */
		unsigned int fields[] = { 0, open("/sys/fs/bpf", O_RDONLY) };  /* flags, bpffs_fd */
		memcpy(attr, fields, sizeof(fields));
		return bpf(36, sizeof(fields), "bpf(BPF_TOKEN_CREATE) failed");
	}
	if (!strcmp(way, "perf")) {             /* counts what all processes of a processor do */
		struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof(event),
			.config = PERF_COUNT_SW_CPU_CLOCK };
		if (syscall(SYS_perf_event_open, &event, -1, 0, -1, 0) >= 0)
			return 0;
		fprintf(stderr, "perf_event_open failed: %s\n", strerror(errno));
		return 1;
	}
	if (!strcmp(way, "short-log")) {        /* a log that does not fit */
		static char log[128];
		struct bpf_insn program[] = {
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0 },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 1 },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 2 },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 3 },
			{ .code = BPF_JMP | BPF_EXIT },
		};
		known->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
		known->insns = (unsigned long)program;
		known->insn_cnt = sizeof(program) / sizeof(*program);
		known->license = (unsigned long)"GPL";
		known->log_buf = (unsigned long)log;
		known->log_size = sizeof(log);
		known->log_level = 2;
		return bpf(BPF_PROG_LOAD, sizeof(*known), "bpf(BPF_PROG_LOAD) failed");
	}
	if (!strcmp(way, "load")) {             /* nothing wrong with it */
		struct bpf_insn program[] = {
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
			{ .code = BPF_JMP | BPF_EXIT },
		};
		known->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
		known->insns = (unsigned long)program;
		known->insn_cnt = sizeof(program) / sizeof(*program);
		known->license = (unsigned long)"GPL";
		return bpf(BPF_PROG_LOAD, sizeof(*known), "bpf(BPF_PROG_LOAD) failed");
	}
	if (!strcmp(way, "itself")) {           /* a register that is compared with itself */
		static char log[8192];
		struct bpf_insn program[] = {
			{ .code = BPF_JMP | BPF_CALL, .imm = BPF_FUNC_ktime_get_ns },
			{ .code = BPF_JMP | BPF_JGT | BPF_K, .off = 1, .imm = 1 },
			{ .code = BPF_JMP32 | BPF_JGT | BPF_X, .off = 0 },
			{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
			{ .code = BPF_JMP | BPF_EXIT },
		};
		known->prog_type = BPF_PROG_TYPE_SOCKET_FILTER;
		known->insns = (unsigned long)program;
		known->insn_cnt = sizeof(program) / sizeof(*program);
		known->license = (unsigned long)"GPL";
		known->log_buf = (unsigned long)log;
		known->log_size = sizeof(log);
		known->log_level = 2;
		known->prog_flags = 1 << 7;     /* BPF_F_TEST_REG_INVARIANTS, since 6.8 */
		int refused = bpf(BPF_PROG_LOAD, sizeof(*known), "bpf(BPF_PROG_LOAD) failed");
		fputs(log, stderr);
		return refused;
	}
	fprintf(stderr, "raw larger|closed|token|perf|short-log|load|itself\n");
	return 2;
}
