/*
 * The bench's hands inside the guest: runs the doctor as somebody, with or
 * without something, and tells what the kernel holds before and after.
 *
 *   guest run [--uid N] [--caps bpf,perfmon,...] [--seccomp EPERM|ENOSYS]
 *             [--userns] [--memlock BYTES|unlimited] -- COMMAND...
 *   guest snapshot              what a run could leave behind, one line each
 *   guest same FILE SECONDS     wait until a snapshot equals FILE, else show the difference
 *   guest within SECONDS -- COMMAND...      end COMMAND after SECONDS, with status 124
 *   guest kill FILE WHOLE MOMENTS -- COMMAND...   kill COMMAND, of which a run takes WHOLE
 *             hundredths of a second, at MOMENTS, and expect snapshot FILE each time
 *   guest busy DIR              leave BPF objects of "somebody else" behind, pinned below DIR
 *   guest guard DIR             refuse programs of the types tracing, lsm and ext to everybody by
 *                               a BPF program on the security hook of bpf(), pinned below DIR
 *
 * Plain C against the C library, because it has to be one small static file
 * that starts on every kernel, also on those without bpf().
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/fib_rules.h>
#include <linux/filter.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void die(const char *what)
{
	fprintf(stderr, "guest: %s: %s\n", what, strerror(errno));
	exit(125);
}

static long bpf(int cmd, union bpf_attr *attr, size_t size)
{
	return syscall(__NR_bpf, cmd, attr, size);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

static void nap(double seconds)
{
	struct timespec t = { (time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9) };

	while (nanosleep(&t, &t) < 0 && errno == EINTR)
		;
}

/* ---- run: somebody, with or without something ------------------------- */

static const struct {
	const char *name;
	int number;
} capabilities[] = {
	{ "bpf", 39 },		{ "perfmon", 38 },	{ "net_admin", CAP_NET_ADMIN },
	{ "sys_admin", CAP_SYS_ADMIN }, { "sys_resource", CAP_SYS_RESOURCE },
	{ "syslog", CAP_SYSLOG },	{ "dac_override", CAP_DAC_OVERRIDE },
};

static uint64_t parse_capabilities(char *list)
{
	uint64_t set = 0;

	for (char *name = strtok(list, ","); name; name = strtok(NULL, ",")) {
		size_t i, n = sizeof(capabilities) / sizeof(*capabilities);

		for (i = 0; i < n && strcmp(name, capabilities[i].name); i++)
			;
		if (i == n) {
			errno = EINVAL;
			die(name);
		}
		set |= 1ULL << capabilities[i].number;
	}
	return set;
}

static void become(uid_t uid, uint64_t set)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0))
		die("keepcaps");
	if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid))
		die("change of user");
	for (int i = 0; i < 2; i++) {
		uint32_t half = (uint32_t)(set >> (32 * i));

		data[i].effective = data[i].permitted = data[i].inheritable = half;
	}
	if (syscall(__NR_capset, &header, data))
		die("capset");
	/* Ambient capabilities are the ones that survive execve for a user. */
	for (int i = 0; i < 64; i++)
		if (set & (1ULL << i) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0))
			die("ambient capability");
	/* Without this /proc/self belongs to root after a change of user. */
	prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}

static void deny_bpf(int error)
{
	struct sock_filter rules[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_bpf, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(rules) / sizeof(*rules), rules };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		die("seccomp");
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		die(path);
	close(fd);
}

static void enter_user_namespace(void)
{
	char map[64];
	uid_t uid = getuid();

	if (unshare(CLONE_NEWUSER))
		die("user namespace");
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	write_file("/proc/self/gid_map", map);
}

static int run(char **argv)
{
	long uid = -1;
	int error = 0, userns = 0;
	uint64_t set = 0;
	struct rlimit limit;

	for (; *argv && strcmp(*argv, "--"); argv++) {
		if (!strcmp(*argv, "--userns")) {
			userns = 1;
			continue;
		}
		if (!argv[1]) {
			errno = EINVAL;
			die(*argv);
		}
		if (!strcmp(*argv, "--uid"))
			uid = atol(*++argv);
		else if (!strcmp(*argv, "--caps"))
			set = parse_capabilities(*++argv);
		else if (!strcmp(*argv, "--seccomp"))
			error = strcmp(*++argv, "ENOSYS") ? EPERM : ENOSYS;
		else if (!strcmp(*argv, "--memlock")) {
			argv++;
			limit.rlim_cur = strcmp(*argv, "unlimited") ? strtoull(*argv, NULL, 10) : RLIM_INFINITY;
			limit.rlim_max = limit.rlim_cur;
			if (setrlimit(RLIMIT_MEMLOCK, &limit))
				die("memlock");
		} else {
			errno = EINVAL;
			die(*argv);
		}
	}
	if (!*argv || !argv[1]) {
		errno = EINVAL;
		die("no command");
	}
	/* The filter first: installing one needs the privilege that follows. */
	if (error)
		deny_bpf(error);
	if (uid >= 0)
		become((uid_t)uid, set);
	if (userns)
		enter_user_namespace();
	execv(argv[1], argv + 1);
	die(argv[1]);
	return 125;
}

/* ---- snapshot: everything a run could leave behind -------------------- */

/* What somebody could have done to a map of others: freeze it, write to it. */
static void print_map(FILE *out, int fd, const struct bpf_map_info *info)
{
	char path[64], line[256];
	unsigned char value[64] = { 0 };
	uint32_t key = 0;
	union bpf_attr attr;
	FILE *in;

	/* Tells which experiment left it, should one ever. */
	fprintf(out, "map %u of type %u, key %u, value %u, entries %u, flags %#x\n", info->id,
		info->type, info->key_size, info->value_size, info->max_entries, info->map_flags);
	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in))
		if (!strncmp(line, "frozen", 6))
			fprintf(out, "map %u %s", info->id, line);
	if (in)
		fclose(in);
	if (info->type != BPF_MAP_TYPE_ARRAY || info->value_size > sizeof(value))
		return;
	memset(&attr, 0, sizeof(attr));
	attr.map_fd = fd;
	attr.key = (uintptr_t)&key;
	attr.value = (uintptr_t)value;
	if (bpf(BPF_MAP_LOOKUP_ELEM, &attr, 32))
		return;
	fprintf(out, "map %u value ", info->id);
	for (size_t i = 0; i < info->value_size; i++)
		fprintf(out, "%02x", value[i]);
	fprintf(out, "\n");
}

static void print_ids(FILE *out, const char *kind, int next, int open_by_id)
{
	uint32_t id = 0;

	for (;;) {
		union bpf_attr attr;
		char name[BPF_OBJ_NAME_LEN + 1] = "";
		uint32_t info[64] = { 0 };
		int fd, of_kernel = 0;

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (bpf(next, &attr, 16)) {
			/* The end of the list, or a kernel without bpf() or this kind. */
			if (errno != ENOENT && errno != ENOSYS && errno != EINVAL)
				fprintf(out, "%s error %s\n", kind, strerror(errno));
			return;
		}
		id = attr.next_id;
		memset(&attr, 0, sizeof(attr));
		attr.map_id = id;
		fd = bpf(open_by_id, &attr, 16);
		if (fd < 0) {
			/* Gone between two calls: a freed object on its way out. */
			if (errno == ENOENT)
				continue;
			fprintf(out, "%s %u unreadable %s\n", kind, id, strerror(errno));
			continue;
		}
		memset(&attr, 0, sizeof(attr));
		attr.info.bpf_fd = fd;
		attr.info.info_len = sizeof(info);
		attr.info.info = (uintptr_t)info;
		if (!bpf(BPF_OBJ_GET_INFO_BY_FD, &attr, 16)) {
			if (next == BPF_BTF_GET_NEXT_ID)
				of_kernel = ((struct bpf_btf_info *)info)->kernel_btf;
			else if (next == BPF_MAP_GET_NEXT_ID)
				snprintf(name, sizeof(name), "%.16s", ((struct bpf_map_info *)info)->name);
			else if (next == BPF_PROG_GET_NEXT_ID)
				snprintf(name, sizeof(name), "%.16s", ((struct bpf_prog_info *)info)->name);
		}
		if (next == BPF_MAP_GET_NEXT_ID)
			print_map(out, fd, (struct bpf_map_info *)info);
		close(fd);
		/* The kernel's own BTF gets its id when somebody first asks for it. */
		if (!of_kernel)
			fprintf(out, "%s %u %s\n", kind, id, name);
	}
}

static void print_file(FILE *out, const char *prefix, const char *path)
{
	char line[4096];
	FILE *in = fopen(path, "re");

	if (!in) {
		fprintf(out, "%s %s absent\n", prefix, path);
		return;
	}
	while (fgets(line, sizeof(line), in))
		fprintf(out, "%s %s%s", prefix, line, strchr(line, '\n') ? "" : "\n");
	fclose(in);
}

static FILE *walk_out;
static const char *walk_prefix;
static int walk_only_directories;

static int walk_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)ftw;
	/* Init's own folder, where this very snapshot ends up. */
	if (!strncmp(path, "/out", 4))
		return 0;
	if (walk_only_directories && type != FTW_D)
		return 0;
	fprintf(walk_out, "%s %s %o %u %u", walk_prefix, path, st->st_mode, st->st_uid, st->st_gid);
	/* What is written to shows in the time; a folder's time also in what came and went. */
	if (S_ISREG(st->st_mode))
		fprintf(walk_out, " %lld %lld.%09ld", (long long)st->st_size,
			(long long)st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	fprintf(walk_out, "\n");
	return 0;
}

static void walk(FILE *out, const char *prefix, const char *path, int only_directories)
{
	walk_out = out;
	walk_prefix = prefix;
	walk_only_directories = only_directories;
	nftw(path, walk_one, 16, FTW_PHYS | FTW_MOUNT);
}

/* Which programs hang on a cgroup: the doctor must not touch those of others. */
static void print_attached(FILE *out, const char *path)
{
	static const int types[] = {
		BPF_CGROUP_INET_INGRESS, BPF_CGROUP_INET_EGRESS, BPF_CGROUP_INET_SOCK_CREATE,
		BPF_CGROUP_SOCK_OPS, BPF_CGROUP_DEVICE,
	};
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	for (size_t i = 0; fd >= 0 && i < sizeof(types) / sizeof(*types); i++) {
		union bpf_attr attr;
		uint32_t ids[64] = { 0 };

		memset(&attr, 0, sizeof(attr));
		attr.query.target_fd = fd;
		attr.query.attach_type = types[i];
		attr.query.prog_ids = (uintptr_t)ids;
		attr.query.prog_cnt = 64;
		if (!bpf(BPF_PROG_QUERY, &attr, 32))
			for (uint32_t n = 0; n < attr.query.prog_cnt && n < 64; n++)
				fprintf(out, "attached %s type %d prog %u\n", path, types[i], ids[n]);
	}
	if (fd >= 0)
		close(fd);
}

static void print_below_mounts(FILE *out)
{
	char line[4096], path[1024], rest[2048], type[64];
	FILE *in = fopen("/proc/self/mountinfo", "re");

	while (in && fgets(line, sizeof(line), in)) {
		char *dash = strstr(line, " - ");

		if (!dash || sscanf(line, "%*s %*s %*s %*s %1023s %2047[^\n]", path, rest) != 2 ||
		    sscanf(dash, " - %63s", type) != 1)
			continue;
		if (!strcmp(type, "bpf"))
			walk(out, "pin", path, 0);
		if (!strcmp(type, "cgroup") || !strcmp(type, "cgroup2"))
			walk(out, "cgroup", path, 1);
		/* Where cgroups are mounted in version 1, a plain file system holds the mount points. */
		if (!strcmp(type, "tmpfs"))
			walk(out, "file", path, 0);
		if (!strcmp(type, "cgroup2")) {
			char control[1100];

			print_attached(out, path);
			snprintf(control, sizeof(control), "%s/cgroup.subtree_control", path);
			print_file(out, "cgroup", control);
		}
	}
	if (in)
		fclose(in);
}

static int threads(const char *pid)
{
	char path[300];
	int count = 0;
	DIR *tasks;
	struct dirent *entry;

	snprintf(path, sizeof(path), "/proc/%s/task", pid);
	tasks = opendir(path);
	while (tasks && (entry = readdir(tasks)))
		count += entry->d_name[0] != '.';
	if (tasks)
		closedir(tasks);
	return count;
}

static void print_processes(FILE *out)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char path[300], exe[300];
		ssize_t n;

		snprintf(path, sizeof(path), "/proc/%s/exe", entry->d_name);
		if (atoi(entry->d_name) <= 1 || atoi(entry->d_name) == getpid())
			continue;
		n = readlink(path, exe, sizeof(exe) - 1);
		if (n > 0) {
			exe[n] = 0;
			fprintf(out, "process %s\n", exe);
		} else if (threads(entry->d_name) > 1) {
			/* Kernel threads and the dead have no program, but no second thread either. */
			fprintf(out, "process whose first thread has ended\n");
		}
	}
	if (proc)
		closedir(proc);
}

/* What a message about devices, queueing disciplines, addresses or routes begins with. */
static size_t fixed_part(int type)
{
	if (type == RTM_NEWLINK || type == RTM_GETLINK)
		return sizeof(struct ifinfomsg);
	if (type == RTM_NEWQDISC || type == RTM_GETQDISC)
		return sizeof(struct tcmsg);
	if (type == RTM_NEWADDR || type == RTM_GETADDR)
		return sizeof(struct ifaddrmsg);
	if (type == RTM_NEWNEIGH || type == RTM_GETNEIGH)
		return sizeof(struct ndmsg);
	/* A rule's header has the size of a route's. */
	return sizeof(struct rtmsg);
}

/* The attributes of one device, queueing discipline, address or route that tell it from others. */
static void print_network_entry(FILE *out, struct nlmsghdr *message)
{
	size_t fixed = fixed_part(message->nlmsg_type);
	void *data = NLMSG_DATA(message);
	struct rtattr *a = (void *)((char *)data + NLMSG_ALIGN(fixed));
	int left = (int)(message->nlmsg_len - NLMSG_SPACE(fixed));

	/* The kernel keeps neighbours of its own, which come and go. */
	if (message->nlmsg_type == RTM_NEWNEIGH && !(((struct ndmsg *)data)->ndm_state & NUD_PERMANENT))
		return;
	if (message->nlmsg_type == RTM_NEWLINK)
		fprintf(out, "device %d flags %x", ((struct ifinfomsg *)data)->ifi_index,
			((struct ifinfomsg *)data)->ifi_flags);
	else if (message->nlmsg_type == RTM_NEWNEIGH)
		fprintf(out, "neighbour %d", ((struct ndmsg *)data)->ndm_ifindex);
	else if (message->nlmsg_type == RTM_NEWRULE)
		fprintf(out, "rule %d", ((struct rtmsg *)data)->rtm_family);
	else if (message->nlmsg_type == RTM_NEWQDISC)
		fprintf(out, "qdisc %d %x", ((struct tcmsg *)data)->tcm_ifindex,
			((struct tcmsg *)data)->tcm_parent);
	else if (message->nlmsg_type == RTM_NEWADDR)
		fprintf(out, "address %d/%d", ((struct ifaddrmsg *)data)->ifa_index,
			((struct ifaddrmsg *)data)->ifa_prefixlen);
	else
		fprintf(out, "route %d/%d", ((struct rtmsg *)data)->rtm_table,
			((struct rtmsg *)data)->rtm_dst_len);
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		int type = a->rta_type & NLA_TYPE_MASK;

		/* A name and a kind are texts; what XDP is attached and where a route leads are not. */
		if ((message->nlmsg_type == RTM_NEWLINK && type == IFLA_IFNAME) ||
		    (message->nlmsg_type == RTM_NEWQDISC && type == TCA_KIND))
			fprintf(out, " %s", (char *)RTA_DATA(a));
		if ((message->nlmsg_type == RTM_NEWLINK &&
		     (type == IFLA_XDP || type == IFLA_MTU || type == IFLA_TXQLEN || type == IFLA_IFALIAS)) ||
		    (message->nlmsg_type == RTM_NEWNEIGH && (type == NDA_DST || type == NDA_LLADDR)) ||
		    (message->nlmsg_type == RTM_NEWRULE && (type == FRA_PRIORITY || type == FRA_TABLE)) ||
		    (message->nlmsg_type == RTM_NEWADDR && type == IFA_LOCAL) ||
		    (message->nlmsg_type == RTM_NEWROUTE && (type == RTA_DST || type == RTA_OIF)))
			for (size_t i = 0; i < RTA_PAYLOAD(a); i++)
				fprintf(out, "%s%02x", i ? "" : " ", ((unsigned char *)RTA_DATA(a))[i]);
	}
	fprintf(out, "\n");
}

/* Devices, queueing disciplines, addresses and routes of the network everybody is in. */
static void print_network(FILE *out)
{
	static const int what[] = {
		RTM_GETLINK, RTM_GETQDISC, RTM_GETADDR, RTM_GETROUTE, RTM_GETNEIGH, RTM_GETRULE,
	};
	static char answer[1 << 16];

	for (size_t i = 0; i < sizeof(what) / sizeof(*what); i++) {
		struct {
			struct nlmsghdr head;
			struct tcmsg zero;
		} ask = { { 0, (unsigned short)what[i], NLM_F_REQUEST | NLM_F_DUMP, 1, 0 }, { 0 } };
		int line = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE), done = line < 0;

		/* To the byte, or the kernel logs what is left over. */
		ask.head.nlmsg_len = (uint32_t)NLMSG_LENGTH(fixed_part(what[i]));
		if (!done && send(line, &ask, ask.head.nlmsg_len, 0) < 0)
			done = 1;
		while (!done) {
			ssize_t n = recv(line, answer, sizeof(answer), 0);
			struct nlmsghdr *message = (void *)answer;

			if (n <= 0)
				break;
			for (; NLMSG_OK(message, (size_t)n) && !done; message = NLMSG_NEXT(message, n)) {
				/* NLMSG_ERROR: a kernel without queueing disciplines. */
				if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR)
					done = 1;
				else
					print_network_entry(out, message);
			}
		}
		if (line >= 0)
			close(line);
	}
}

/* The namespaces any process is in, each once. One without a process is seen by nobody; what
 * would keep it alive (mounts, links, sockets of a process) is listed elsewhere. */
static void print_namespaces(FILE *out)
{
	static const char *const kinds[] = { "net", "mnt", "cgroup", "user", "pid", "ipc", "uts" };
	char seen[64][64];
	size_t count = 0;
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		for (size_t k = 0; atoi(entry->d_name) > 0 && k < sizeof(kinds) / sizeof(*kinds); k++) {
			char path[300], name[64];
			ssize_t n;
			size_t i = 0;

			snprintf(path, sizeof(path), "/proc/%s/ns/%s", entry->d_name, kinds[k]);
			n = readlink(path, name, sizeof(name) - 1);
			if (n <= 0)
				continue;
			name[n] = 0;
			while (i < count && strcmp(seen[i], name))
				i++;
			if (i < count || count == sizeof(seen) / sizeof(*seen))
				continue;
			strcpy(seen[count++], name);
			fprintf(out, "namespace %s\n", name);
		}
	}
	if (proc)
		closedir(proc);
}

/* Settings that the kernel changes by itself, or whose reading does something. */
static const char *const restless[] = {
	"kernel/random/", "kernel/ns_last_pid", "kernel/pty/nr", "kernel/perf_event_max_sample_rate",
	"fs/dentry-state", "fs/inode-nr", "fs/inode-state", "fs/file-nr", "fs/aio-nr",
	"fs/binfmt_misc", "vm/stat_refresh",
};

static FILE *settings_out;

static int print_setting(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	const char *name = path + strlen("/proc/sys/");
	char prefix[512];

	(void)ftw;
	/* What cannot be read can only be written to, which leaves nothing to be seen. */
	if (type != FTW_F || !(st->st_mode & 0444))
		return 0;
	for (size_t i = 0; i < sizeof(restless) / sizeof(*restless); i++)
		if (!strncmp(name, restless[i], strlen(restless[i])))
			return 0;
	snprintf(prefix, sizeof(prefix), "setting %s", name);
	print_file(settings_out, prefix, path);
	return 0;
}

/* All of /proc/sys, the kernel's taint among it, and what is set in tracefs where it is mounted. */
static void print_settings(FILE *out)
{
	static const char *const tracing[] = {
		"kprobe_events", "uprobe_events", "dynamic_events", "set_event", "tracing_on",
		"current_tracer", "set_ftrace_filter", "enabled_functions", "trace_options",
	};

	settings_out = out;
	nftw("/proc/sys", print_setting, 16, FTW_PHYS | FTW_MOUNT);
	for (size_t i = 0; i < sizeof(tracing) / sizeof(*tracing); i++) {
		char prefix[128], path[128];

		snprintf(prefix, sizeof(prefix), "tracing %s", tracing[i]);
		snprintf(path, sizeof(path), "/sys/kernel/tracing/%s", tracing[i]);
		print_file(out, prefix, path);
	}
	walk(out, "tracing", "/sys/kernel/tracing/instances", 1);
	print_file(out, "kprobe", "/sys/kernel/debug/kprobes/list");
	print_file(out, "kprobe", "/sys/kernel/debug/kprobes/enabled");
}

static void snapshot(FILE *out)
{
	print_ids(out, "map", BPF_MAP_GET_NEXT_ID, BPF_MAP_GET_FD_BY_ID);
	print_ids(out, "prog", BPF_PROG_GET_NEXT_ID, BPF_PROG_GET_FD_BY_ID);
	print_ids(out, "link", BPF_LINK_GET_NEXT_ID, BPF_LINK_GET_FD_BY_ID);
	print_ids(out, "btf", BPF_BTF_GET_NEXT_ID, BPF_BTF_GET_FD_BY_ID);
	print_file(out, "mount", "/proc/self/mountinfo");
	print_file(out, "shared memory", "/proc/sysvipc/shm");
	print_below_mounts(out);
	print_file(out, "module", "/proc/modules");
	print_settings(out);
	walk(out, "file", "/", 0);
	walk(out, "file", "/dev", 0);
	print_network(out);
	print_namespaces(out);
	print_processes(out);
}

static char *snapshot_text(void)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		die("memory");
	snapshot(out);
	fclose(out);
	return text;
}

static char *read_all(const char *path)
{
	char *text = NULL;
	size_t size = 0;
	FILE *in = fopen(path, "re"), *out = open_memstream(&text, &size);
	int c;

	if (!in || !out)
		die(path);
	while ((c = fgetc(in)) != EOF)
		fputc(c, out);
	fclose(in);
	fclose(out);
	return text;
}

/* Lines of one text that are not in the other; enough to name what differs. */
static void print_missing(const char *sign, const char *from, const char *in)
{
	while (*from) {
		size_t n = strcspn(from, "\n");
		const char *at = in;
		int found = 0;

		while (*at && !found) {
			size_t m = strcspn(at, "\n");

			found = m == n && !strncmp(at, from, n);
			at += m + (at[m] == '\n');
		}
		if (!found)
			printf("%s %.*s\n", sign, (int)n, from);
		from += n + (from[n] == '\n');
	}
}

/*
 * Freed maps and programs leave their lists after a grace period, a removed
 * cgroup after its last reference: equality is waited for, not asked once.
 */
/* Whether the kernel still lists a map that the snapshot has not. */
static int has_another_map(const char *before)
{
	uint32_t id = 0;

	for (;;) {
		union bpf_attr attr;
		char line[32];

		memset(&attr, 0, sizeof(attr));
		attr.start_id = id;
		if (bpf(BPF_MAP_GET_NEXT_ID, &attr, 16))
			return 0;
		id = attr.next_id;
		snprintf(line, sizeof(line), "\nmap %u ", id);
		if (!strstr(before, line) && strncmp(before, line + 1, strlen(line + 1)))
			return 1;
	}
}

/*
 * A map on its way out is not looked at: closed for a second time before the kernel has emptied
 * it, one of programs keeps a reference for good (prog_array_map_clear() in kernel/bpf/arraymap.c
 * takes one, also where its work waits already).
 */
static int same(const char *before, double seconds)
{
	double limit = now() + seconds;

	for (;;) {
		char *after;

		while (has_another_map(before) && now() <= limit)
			nap(0.05);
		after = snapshot_text();

		if (!strcmp(before, after)) {
			free(after);
			return 0;
		}
		if (now() > limit) {
			print_missing("-", before, after);
			print_missing("+", after, before);
			free(after);
			return 1;
		}
		free(after);
		nap(0.05);
	}
}

/* ---- kill: the doctor dies in the middle ------------------------------ */

static pid_t start(char **argv)
{
	pid_t child = fork();

	if (child < 0)
		die("fork");
	if (!child) {
		int null = open("/dev/null", O_RDWR);
		int said = open("/out/killed-stderr", O_WRONLY | O_CREAT | O_APPEND, 0666);

		setsid();
		dup2(null, 0);
		dup2(null, 1);
		dup2(said, 2);
		execv(argv[0], argv);
		_exit(125);
	}
	return child;
}

/* Waits for the child to end by itself, at most so long; true if it did. */
static int ended_within(pid_t child, double seconds, int *status)
{
	double limit = now() + seconds;

	while (now() < limit) {
		if (waitpid(child, status, WNOHANG) == child)
			return 1;
		nap(0.005);
	}
	return 0;
}

/*
 * Each word of `moments` is thousandths of `whole`, the seconds a run takes. The doctor
 * alone dies, whose helpers must notice; with an `s` behind the number, its whole session.
 */
static int kill_at_moments(const char *file, double whole, char *moments, char **argv)
{
	char *before = read_all(file);
	int bad = 0, wanted = 0, hit = 0, tried = 0;

	for (char *word = strtok(moments, " "); word; word = strtok(NULL, " ")) {
		char *rest;
		long part = strtol(word, &rest, 10);
		int killed = 0;

		wanted++;
		/*
		 * A run that ended before shows nothing but how long one takes now: once more, and
		 * earlier from then on, for on a busy machine no two take as long.
		 */
		for (int tries = 0; tries < 8 && !killed; tries++, part -= part < 1000 ? part / 4 : 0) {
			double begin = now(), moment = whole * part / 1000;
			int status;
			pid_t child = start(argv);

			tried++;
			if (ended_within(child, moment, &status)) {
				double took = now() - begin;

				whole = took < whole ? took : whole * 0.8;
				if (WIFSIGNALED(status)) {
					printf("a run ended by signal %d, which nobody sent\n", WTERMSIG(status));
					bad = 1;
				}
			} else {
				kill(*rest == 's' ? -child : child, SIGKILL);
				waitpid(child, &status, 0);
				killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
			}
			if (same(before, 10)) {
				printf("# left after a kill at %.3f s of %.3f s\n", moment, whole);
				bad = 1;
			}
		}
		hit += killed;
	}
	printf("# %d of %d kills met a doctor at work, in %d runs of %.2f s\n", hit, wanted, tried, whole);
	return bad || hit < wanted;
}

/* ---- within: no command may hang the guest ----------------------------- */

static pid_t watched;

static void end_watched(int signal)
{
	(void)signal;
	kill(-watched, SIGKILL);
}

/* As a shell says how a command ended; 124 where it had to be ended, as `timeout` says. */
static int within(unsigned seconds, char **argv)
{
	double begin = now();
	int status;

	watched = fork();
	if (watched < 0)
		die("fork");
	if (!watched) {
		setsid();
		execv(argv[0], argv);
		_exit(125);
	}
	signal(SIGALRM, end_watched);
	alarm(seconds);
	while (waitpid(watched, &status, 0) < 0)
		if (errno != EINTR)
			die("waitpid");
	if (WIFSIGNALED(status) && now() - begin >= seconds)
		return 124;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* ---- busy: BPF objects that belong to somebody else ------------------- */

static void pin(int fd, const char *directory, const char *name)
{
	union bpf_attr attr;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	memset(&attr, 0, sizeof(attr));
	attr.pathname = (uintptr_t)path;
	attr.bpf_fd = fd;
	if (bpf(BPF_OBJ_PIN, &attr, 16))
		die(path);
}

static int busy(const char *directory, const char *cgroup)
{
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 1 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	int map, prog, group = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	memset(&attr, 0, sizeof(attr));
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = attr.value_size = 4;
	attr.max_entries = 1;
	strcpy(attr.map_name, "others");
	map = bpf(BPF_MAP_CREATE, &attr, 72);
	if (map < 0)
		die("map of others");
	pin(map, directory, "others_map");
	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_CGROUP_SKB;
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = 2;
	attr.license = (uintptr_t) "GPL";
	strcpy(attr.prog_name, "others");
	prog = bpf(BPF_PROG_LOAD, &attr, 72);
	if (prog < 0)
		die("program of others");
	pin(prog, directory, "others_prog");
	memset(&attr, 0, sizeof(attr));
	attr.target_fd = group;
	attr.attach_bpf_fd = prog;
	attr.attach_type = BPF_CGROUP_INET_EGRESS;
	/* No flag: whoever attaches a second one below is refused. */
	if (bpf(BPF_PROG_ATTACH, &attr, 16))
		die("attachment of others");
	return 0;
}

/* ---- guard: a policy that refuses what the capabilities allow ---------- */

/* The id of a function in the kernel's own BTF; dies where there is none. */
static uint32_t function_of_kernel(const char *wanted)
{
	static const char path[] = "/sys/kernel/btf/vmlinux";
	/* By kind: what follows the three words of a type, apart from what each member takes. */
	enum { INT = 1, ARRAY = 3, STRUCT = 4, UNION = 5, ENUM = 6, FUNC = 12, PROTO = 13, VAR = 14,
	       SECTION = 15, TAG = 17, ENUM64 = 19 };
	struct { uint16_t magic; uint8_t version, flags;
		 uint32_t header, type_at, type_size, names_at, names_size; } head;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *all, *at, *end, *names;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	all = malloc(st.st_size);
	for (off_t got = 0; got < st.st_size;) {
		ssize_t n = read(fd, all + got, st.st_size - got);

		if (n <= 0)
			die(path);
		got += n;
	}
	close(fd);
	memcpy(&head, all, sizeof(head));
	at = all + head.header + head.type_at;
	end = at + head.type_size;
	names = all + head.header + head.names_at;
	for (uint32_t id = 1; at < end; id++) {
		uint32_t *type = (uint32_t *)at, kind = type[1] >> 24 & 31, members = type[1] & 0xffff;

		if (kind == FUNC && !strcmp(names + type[0], wanted))
			return id;
		at += 12;
		if (kind == INT || kind == VAR || kind == TAG)
			at += 4;
		else if (kind == ARRAY)
			at += 12;
		else if (kind == ENUM || kind == PROTO)
			at += 8 * members;
		else if (kind == STRUCT || kind == UNION || kind == SECTION || kind == ENUM64)
			at += 12 * members;
	}
	errno = ENOENT;
	die(wanted);
	return 0;
}

static int guard(const char *directory)
{
	/* int bpf(int command, union bpf_attr *attr, unsigned int size) */
	struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = 0 },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 2, .src_reg = 1, .off = 0 },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 2, .off = 6, .imm = BPF_PROG_LOAD },
		{ .code = BPF_LDX | BPF_MEM | BPF_DW, .dst_reg = 3, .src_reg = 1, .off = 8 },
		{ .code = BPF_LDX | BPF_MEM | BPF_W, .dst_reg = 4, .src_reg = 3, .off = 0 },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 4, .off = 2, .imm = BPF_PROG_TYPE_TRACING },
		{ .code = BPF_JMP | BPF_JEQ | BPF_K, .dst_reg = 4, .off = 1, .imm = BPF_PROG_TYPE_LSM },
		{ .code = BPF_JMP | BPF_JNE | BPF_K, .dst_reg = 4, .off = 1, .imm = BPF_PROG_TYPE_EXT },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = 0, .imm = -EPERM },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr;
	char log[4096] = "";
	int prog, link;

	memset(&attr, 0, sizeof(attr));
	attr.prog_type = BPF_PROG_TYPE_LSM;
	attr.expected_attach_type = BPF_LSM_MAC;
	attr.attach_btf_id = function_of_kernel("bpf_lsm_bpf");
	attr.insns = (uintptr_t)code;
	attr.insn_cnt = sizeof(code) / sizeof(*code);
	attr.license = (uintptr_t) "GPL";
	attr.log_buf = (uintptr_t)log;
	attr.log_size = sizeof(log);
	attr.log_level = 1;
	strcpy(attr.prog_name, "guard");
	prog = bpf(BPF_PROG_LOAD, &attr, 120);
	if (prog < 0) {
		perror(log);
		die("program that guards");
	}
	memset(&attr, 0, sizeof(attr));
	attr.raw_tracepoint.prog_fd = prog;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attr, 16);
	if (link < 0)
		die("attachment of the guard");
	pin(link, directory, "guard");
	return 0;
}

int main(int argc, char **argv)
{
	const char *command = argc > 1 ? argv[1] : "";

	if (!strcmp(command, "run") && argc > 3)
		return run(argv + 2);
	if (!strcmp(command, "snapshot")) {
		snapshot(stdout);
		return 0;
	}
	if (!strcmp(command, "same") && argc == 4)
		return same(read_all(argv[2]), atof(argv[3]));
	if (!strcmp(command, "kill") && argc > 6)
		return kill_at_moments(argv[2], atof(argv[3]) / 100, argv[4], argv + 6);
	if (!strcmp(command, "within") && argc > 4)
		return within(atoi(argv[2]), argv + 4);
	if (!strcmp(command, "busy") && argc == 4)
		return busy(argv[2], argv[3]);
	if (!strcmp(command, "guard") && argc == 3)
		return guard(argv[2]);
	fprintf(stderr, "usage: guest run|snapshot|same|kill|within|busy|guard ...\n");
	return 125;
}
