// Right.
#include "bad.h"
SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	return 1;
}
