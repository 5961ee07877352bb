// A raw tracepoint there isn't.
#include "bad.h"
SEC("raw_tracepoint/no_such_point")
int trace(void *ctx)
{
	return 0;
}
