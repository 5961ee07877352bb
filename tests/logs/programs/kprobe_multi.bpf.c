// Many functions at once: 5.18 and later.
#include "bad.h"
SEC("kprobe.multi/vfs_r*")
int probe(void *ctx)
{
	return 0;
}
