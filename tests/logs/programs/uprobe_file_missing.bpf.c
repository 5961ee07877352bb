// A binary there isn't.
#include "bad.h"
SEC("uprobe//usr/bin/no-such-program:main")
int probe(void *ctx)
{
	return 0;
}
