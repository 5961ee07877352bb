/* Opens and loads kprobe programs as tools around the first libbpf did, before 0.0.6. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static int print(enum libbpf_print_level at, const char *format, va_list arguments)
{
	return at <= LIBBPF_INFO ? vfprintf(stderr, format, arguments) : 0;
}

int main(int count, char **words)
{
	char text[128];
	int status = 0;

	libbpf_set_print(print);
	for (int at = 1; at < count; at++) {
		struct bpf_object_open_attr as = { words[at], BPF_PROG_TYPE_KPROBE };
		struct bpf_object *object = bpf_object__open_xattr(&as);
		long failed = libbpf_get_error(object);

		if (!failed)
			failed = bpf_object__load(object);
		if (!failed) {
			printf("%s: loaded\n", words[at]);
			continue;
		}
		libbpf_strerror(failed, text, sizeof(text));
		fprintf(stderr, "ERROR: opening or loading %s failed: %s\n", words[at], text);
		status = 1;
	}
	return status;
}
