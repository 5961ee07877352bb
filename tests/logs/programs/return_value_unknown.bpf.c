// A cgroup program returns a number nobody has bounded.
#include "bad.h"
SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	return skb->len;
}
