// struct_ops of a type there isn't.
#include "bad.h"
struct no_such_ops { int (*go)(void); };
SEC("struct_ops/go")
int go(void *ctx)
{
	return 0;
}
SEC(".struct_ops")
struct no_such_ops ops = { .go = (void *)go };
