// Made for one kernel: names the version of another than the one it is loaded on.
#include "bad.h"
__u32 _version SEC("version") = (4 << 16) + (18 << 8);
SEC("kprobe/do_unlinkat")
int probe(void *ctx)
{
	return 0;
}
