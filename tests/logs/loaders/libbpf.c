/* Loads the objects it is given the way small programs around libbpf do: open, load, attach
 * everything, and say in the program's own words what failed. With -d libbpf talks more; -t OBJECT loads one whose functions the next replace. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int level = LIBBPF_INFO;

static int print(enum libbpf_print_level at, const char *format, va_list arguments)
{
	return at <= level ? vfprintf(stderr, format, arguments) : 0;
}

/* A program that others extend: what comes after it on the command line replaces its functions. */
static int target = -1;

static int run(const char *file)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);
	struct bpf_program *program;
	int failed;

	if (!object) {
		fprintf(stderr, "failed to open BPF object: %d\n", -errno);
		return 1;
	}
	if (target >= 0)
		bpf_object__for_each_program(program, object)
			bpf_program__set_attach_target(program, target, bpf_program__name(program));
	failed = bpf_object__load(object);
	if (failed) {
		fprintf(stderr, "failed to load BPF object: %d\n", failed);
		return 1;
	}
	bpf_object__for_each_program(program, object) {
		struct bpf_link *link = bpf_program__attach(program);
		if (!link) {
			fprintf(stderr, "failed to attach BPF program %s: %s\n",
				bpf_program__name(program), strerror(errno));
			return 1;
		}
	}
	printf("%s: attached\n", file);
	return 0;
}

int main(int count, char **words)
{
	int status = 0;

	libbpf_set_print(print);
	for (int at = 1; at < count; at++) {
		if (!strcmp(words[at], "-d"))
			level = LIBBPF_DEBUG;
		else if (!strcmp(words[at], "-t") && at + 1 < count) {
			struct bpf_object *object = bpf_object__open_file(words[++at], NULL);
			if (object && !bpf_object__load(object))
				target = bpf_program__fd(bpf_object__next_program(object, NULL));
		}
		else
			status |= run(words[at]);
	}
	return status;
}
