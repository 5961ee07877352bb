// Reads four bytes behind the end of a map's value.
#include "bad.h"
ARRAY(numbers, __u64);
SEC("socket")
int far(void *ctx)
{
	__u32 key = 0;
	__u64 *number = bpf_map_lookup_elem(&numbers, &key);
	return number ? (int)number[1] : 0;
}
