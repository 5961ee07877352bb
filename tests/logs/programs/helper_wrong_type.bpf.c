// A helper for tracing in a socket filter.
#include "bad.h"
SEC("socket")
int use(void *ctx)
{
	char name[16];
	return bpf_get_current_comm(name, sizeof(name)) + bpf_override_return(ctx, 0);
}
