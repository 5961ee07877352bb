// A sockmap, right where the kernel has it.
#include "bad.h"
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__uint(max_entries, 20);
	__uint(key_size, 4);
	__uint(value_size, 4);
} sock_map SEC(".maps");
SEC("sk_msg")
int redirect(struct sk_msg_md *msg)
{
	return bpf_msg_redirect_map(msg, &sock_map, 0, 0);
}
