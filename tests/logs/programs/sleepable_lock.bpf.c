// bpf_copy_from_user, which may sleep, in a program that may not.
#include "bad.h"
SEC("lsm/file_open")
int on_open(void *ctx)
{
	char buffer[8] = {};
	bpf_copy_from_user(buffer, sizeof(buffer), (void *)0x1000);
	return 0;
}
