// A map type of 6.1.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
} commands SEC(".maps");
SEC("socket")
int use(void *ctx)
{
	return (long)&commands & 1;
}
