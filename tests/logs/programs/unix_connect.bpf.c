// A hook of 6.7.
#include "bad.h"
SEC("cgroup/connect_unix")
int connect(struct bpf_sock_addr *ctx)
{
	return 1;
}
