// A symbol the binary does not have.
#include "bad.h"
SEC("uprobe//bin/busybox:no_such_function")
int probe(void *ctx)
{
	return 0;
}
