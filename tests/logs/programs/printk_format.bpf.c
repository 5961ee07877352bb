// A format that bpf_snprintf does not know.
#include "bad.h"
SEC("tracepoint/syscalls/sys_enter_openat")
int print(void *ctx)
{
	static const char format[] = "%q";
	char text[32];
	__u64 numbers[1] = {1};
	return bpf_snprintf(text, sizeof(text), format, numbers, sizeof(numbers));
}
