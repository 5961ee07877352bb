// Right, where the kernel has BPF LSM.
#include "bad.h"
SEC("lsm/file_open")
int open(void *ctx)
{
	return 0;
}
