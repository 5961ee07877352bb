// A section name that libbpf 1.0 no longer takes.
#include "bad.h"
SEC("classifier_main")
int classify(void *ctx)
{
	return 0;
}
