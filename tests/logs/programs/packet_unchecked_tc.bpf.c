// A tc classifier reads an IP header it has not checked for.
#include "bad.h"
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/pkt_cls.h>
SEC("tc")
int classify(struct __sk_buff *skb)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct ethhdr *eth = data;
	if ((void *)(eth + 1) > end)
		return TC_ACT_OK;
	struct iphdr *ip = (void *)(eth + 1);
	return ip->protocol == 6 ? TC_ACT_SHOT : TC_ACT_OK;
}
