// Right.
#include "bad.h"
SEC("socket")
int filter(void *ctx)
{
	return 0;
}
