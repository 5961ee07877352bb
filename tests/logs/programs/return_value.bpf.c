// A cgroup program returns what its kind may not return.
#include "bad.h"
SEC("cgroup/connect4")
int connect(struct bpf_sock_addr *ctx)
{
	return 5;
}
