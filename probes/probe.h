/* SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause */
/*
 * What every probe program needs, so that none of them includes a header of the system:
 * the types libbpf's helper declarations are written in, and the few numbers of the
 * kernel's interface that the probes use. The structures of the kernel a program reads
 * are declared by the program itself, with only the fields it touches: CO-RE finds the
 * rest.
 */
#pragma once

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef signed short __s16;
typedef unsigned int __u32;
typedef signed int __s32;
typedef unsigned long long __u64;
typedef signed long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __be64;
typedef __u32 __wsum;

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

/* enum bpf_map_type of the kernel */
#define BPF_MAP_TYPE_ARRAY 2

/* Length of a thread's name, with its closing zero. */
#define TASK_COMM_LEN 16

/* A structure of the kernel, of which only the fields named here are known: each access to
 * one is relocated to where the running kernel keeps it. */
#define KERNEL_TYPE __attribute__((preserve_access_index))

/* A map of one entry, through which a program and the doctor tell each other something. */
#define ONE_ENTRY(name, type_)                                                                     \
	struct {                                                                                   \
		__uint(type, BPF_MAP_TYPE_ARRAY);                                                  \
		__uint(max_entries, 1);                                                            \
		__uint(key_size, sizeof(__u32));                                                   \
		__uint(value_size, sizeof(type_));                                                 \
	} name SEC(".maps")

/* The helpers the programs call include GPL-only ones. */
char LICENSE[] SEC("license") = "Dual BSD/GPL";
