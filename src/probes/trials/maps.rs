//! Map types, by creating the smallest map of each.

use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::unistd;
use nix::unistd::SysconfVar;

use super::Reply;
use super::kinds;
use crate::probes::errno::Code;
use crate::probes::sys::plain;
use crate::probes::sys::plain::MapNumbers;

/// The map takes memory for an entry when it comes (BPF_F_NO_PREALLOC).
const NO_PREALLOCATION: u32 = 1;
/// It can be mapped into memory (BPF_F_MMAPABLE).
const MMAPABLE: u32 = 1 << 10;

/// Tries a map type, by its number.
pub(super) fn try_type(of: u32) -> Reply {
    match create(of) {
        Ok(_map) => Reply::Yes,
        // The id that was given for the value's type is none of a struct_ops: the kernel has got as
        // far as looking for it.
        Err(code) if code == Code::ENOTSUPP && of == STRUCT_OPS => Reply::Yes,
        Err(code) => Reply::refused(code, |code| Reply::No(code.to_string())),
    }
}

pub(super) const SOCKMAP: u32 = 15;
const STRUCT_OPS: u32 = 26;

/// Creates the smallest map of a type; of a type from the future, one of four bytes each.
pub(super) fn create(of: u32) -> Result<OwnedFd, Code> {
    let usual = MapNumbers {
        of,
        key: 4,
        value: 4,
        entries: 1,
        ..MapNumbers::default()
    };
    let keyless = MapNumbers { key: 0, ..usual };
    let map = match of {
        // STACK_TRACE: a whole number of addresses.
        7 => MapNumbers { value: 8, ..usual },
        // LPM_TRIE: a length of prefix before the key.
        11 => MapNumbers {
            key: 8,
            value: 8,
            flags: NO_PREALLOCATION,
            ..usual
        },
        // ARRAY_OF_MAPS, HASH_OF_MAPS: a map to take the others after.
        12 | 13 => {
            let inner = plain::create(&MapNumbers { of: 1, ..usual })?;
            return plain::create(&MapNumbers {
                inner: Some(&inner),
                ..usual
            });
        }
        // CGROUP_STORAGE, PERCPU_CGROUP_STORAGE: a cgroup and a hook as the key.
        19 | 21 => MapNumbers {
            key: 16,
            value: 8,
            entries: 0,
            ..usual
        },
        // QUEUE, STACK, BLOOM_FILTER
        22 | 23 | 30 => keyless,
        // SK_STORAGE, INODE_STORAGE, TASK_STORAGE, CGRP_STORAGE: typed, without a size.
        24 | 28 | 29 | 32 => {
            let btf = kinds::of_a_number()?;
            return plain::create(&MapNumbers {
                entries: 0,
                flags: NO_PREALLOCATION,
                btf: Some((&btf, 1, 1)),
                ..usual
            });
        }
        STRUCT_OPS => MapNumbers {
            kernel_type: 1,
            ..usual
        },
        // RINGBUF, USER_RINGBUF: a whole number of pages, whatever their size is here.
        27 | 31 => MapNumbers {
            value: 0,
            entries: page()?,
            ..keyless
        },
        // ARENA: pages.
        33 => MapNumbers {
            value: 0,
            flags: MMAPABLE,
            ..keyless
        },
        // INSN_ARRAY: struct bpf_insn_array_value.
        34 => MapNumbers { value: 16, ..usual },
        // RHASH
        35 => MapNumbers {
            flags: NO_PREALLOCATION,
            ..usual
        },
        _ => usual,
    };
    plain::create(&map)
}

/// The size of a page: 4 KiB, or more on some machines.
fn page() -> Result<u32, Code> {
    let size = unistd::sysconf(SysconfVar::PAGE_SIZE)?;
    let size = size.and_then(|size| u32::try_from(size).ok());
    size.ok_or_else(|| Errno::EINVAL.into())
}
