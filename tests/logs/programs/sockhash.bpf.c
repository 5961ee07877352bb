// A sockhash, right where the kernel has it.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_SOCKHASH);
	__uint(max_entries, 65535);
	__uint(key_size, 8);
	__uint(value_size, 4);
} sock_ops_map SEC(".maps");
SEC("sk_msg")
int redirect(struct sk_msg_md *msg)
{
	__u64 key = 0;
	return bpf_msg_redirect_hash(msg, &sock_ops_map, &key, BPF_F_INGRESS);
}
