/* What the bad programs share. Each file beside this one is wrong on purpose, in one way. */
#include <linux/bpf.h>
#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#ifndef LICENSE
#define LICENSE "GPL"
#endif
char _license[] SEC("license") = LICENSE;

#define ARRAY(NAME, VALUE)                                                                    \
	struct {                                                                              \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                             \
		__uint(max_entries, 1);                                                       \
		__type(key, __u32);                                                           \
		__type(value, VALUE);                                                         \
	} NAME SEC(".maps")
#define RINGBUF(NAME)                                                                         \
	struct {                                                                              \
		__uint(type, BPF_MAP_TYPE_RINGBUF);                                           \
		__uint(max_entries, 4096);                                                    \
	} NAME SEC(".maps")
