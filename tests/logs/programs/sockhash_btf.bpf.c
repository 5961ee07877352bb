// A sockhash whose key and value have types (item 12 of the notes).
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__type(key, __u64);
	__type(value, __u32);
} sock_ops_map SEC(".maps");
SEC("sk_msg")
int redirect(struct sk_msg_md *msg)
{
	__u64 key = 0;
	return bpf_msg_redirect_hash(msg, &sock_ops_map, &key, BPF_F_INGRESS);
}
