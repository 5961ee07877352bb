// A section whose name tells no type of program.
#include "bad.h"
SEC("my_probe/open")
int probe(void *ctx)
{
	return 0;
}
