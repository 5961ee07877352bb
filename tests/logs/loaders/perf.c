/* Reads the perf buffer `events` of the object it is given the way the libbpf-tools do: -p PAGES for
 * each processor. What the object sends it makes happen itself, faster than it reads. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <bpf/libbpf.h>

static void event(void *context, int cpu, void *data, unsigned int size)
{
}

static void lost(void *context, int cpu, unsigned long long count)
{
	fprintf(stderr, "Lost %llu events on CPU #%d!\n", count, cpu);
}

static void make_happen(int times)
{
	while (times-- > 0)
		syscall(SYS_getppid);
}

int main(int count, char **words)
{
	int pages = count > 3 && !strcmp(words[1], "-p") ? atoi(words[2]) : 8;
	struct bpf_object *object = bpf_object__open_file(words[count - 1], NULL);
	struct bpf_program *program;
	struct perf_buffer *buffer;

	if (!object || bpf_object__load(object)) {
		fprintf(stderr, "failed to load BPF object: %d\n", -errno);
		return 1;
	}
	buffer = perf_buffer__new(bpf_object__find_map_fd_by_name(object, "events"), pages,
				  event, lost, NULL, NULL);
	if (!buffer) {
		fprintf(stderr, "failed to open perf buffer: %d\n", -errno);
		return 1;
	}
	bpf_object__for_each_program(program, object)
		if (!bpf_program__attach(program)) {
			fprintf(stderr, "failed to attach BPF program: %d\n", -errno);
			return 1;
		}
	make_happen(5000);
	perf_buffer__poll(buffer, 100);
	/* The kernel tells of what was lost with the next event that has room. */
	make_happen(10);
	perf_buffer__poll(buffer, 100);
	return 0;
}
