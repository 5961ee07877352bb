// Calls a kernel function that BPF can't call.
#include "bad.h"
extern int schedule_timeout_no_such(long) __ksym;
SEC("tc")
int call(struct __sk_buff *skb)
{
	return schedule_timeout_no_such(skb->len);
}
