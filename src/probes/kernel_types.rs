//! What the kernel's own BTF says of a few names, looked up without keeping it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat;
use nix::sys::stat::Mode;
use nix::unistd;

use super::bench::Trouble;
use super::outcome::Stage;

/// Where the kernel shows its BTF.
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";
/// No kernel's BTF comes near this many bytes.
const MOST: usize = 64 << 20;

/// The functions and structures that probes ask for; all are looked up in one walk.
const ASKED_FOR: &[&str] = &[
    "bpf_iter_num_destroy",
    "bpf_iter_num_new",
    "bpf_iter_num_next",
    "bpf_rcu_read_lock",
    "bpf_rcu_read_unlock",
    "bpf_struct_ops_tcp_congestion_ops",
    "bpf_throw",
    "tcp_congestion_ops",
];

/// Kinds whose names are looked up (BTF_KIND_*).
const STRUCT: u32 = 4;
const FUNC: u32 = 12;

/// A type of the kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct KernelType {
    pub(super) id: u32,
    /// Of a structure, in bytes.
    pub(super) size: u32,
    /// The names of a structure's members, in their order.
    pub(super) members: Vec<String>,
}

/// The functions and structures that were asked for, by their names.
#[derive(Debug)]
pub(super) struct KernelTypes(HashMap<&'static str, KernelType>);

impl KernelTypes {
    /// Looks them up; skipped where it can't be known whether the kernel has BTF.
    pub(super) fn find() -> Result<Self, Trouble> {
        let btf = match read() {
            Ok(btf) => btf,
            // Without /sys it can't be told whether the kernel has BTF.
            Err(Errno::ENOENT) if stat::stat("/sys/kernel").is_ok() => {
                return Err(Trouble::Failed {
                    stage: Stage::Open,
                    errno: Some(Errno::ENOENT.into()),
                    remark: format!("the kernel has no BTF: there is no {VMLINUX}"),
                });
            }
            Err(errno) => {
                let reason = format!("{VMLINUX} can't be read: {errno:?}");
                return Err(Trouble::Skipped(reason));
            }
        };
        let found = scan(&btf, ASKED_FOR);
        let found = found.ok_or_else(|| {
            let reason = format!("{VMLINUX} is not in the form that is known");
            Trouble::Skipped(reason)
        })?;
        Ok(Self(found))
    }

    /// A function's or a structure's; fails where the kernel has none of that name.
    pub(super) fn get(&self, name: &str) -> Result<&KernelType, Trouble> {
        self.0.get(name).ok_or_else(|| Trouble::Failed {
            stage: Stage::Open,
            errno: Some(Errno::ENOENT.into()),
            remark: format!("the kernel's BTF knows no {name}"),
        })
    }

    /// A function's id.
    pub(super) fn id(&self, name: &str) -> Result<u32, Trouble> {
        self.get(name).map(|found| found.id)
    }
}

/// Reads the kernel's BTF.
fn read() -> nix::Result<Vec<u8>> {
    let file: OwnedFd = fcntl::open(VMLINUX, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let size = usize::try_from(stat::fstat(&file)?.st_size).unwrap_or_default();
    let mut btf = vec![0; size.min(MOST)];
    let mut have = 0;
    while let Some(rest) = btf.get_mut(have..).filter(|rest| !rest.is_empty()) {
        match unistd::read(&file, rest) {
            Ok(0) => break,
            Ok(count) => have += count,
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    btf.truncate(have);
    Ok(btf)
}

/// Looks for functions and structures of these names; nothing where the bytes are no BTF.
fn scan(btf: &[u8], names: &[&'static str]) -> Option<HashMap<&'static str, KernelType>> {
    let (mark, fields) = btf.split_first_chunk::<12>()?;
    if !mark.starts_with(&0xeb9f_u16.to_ne_bytes()) {
        return None;
    }
    // All offsets count from the end of the header, whose length is in it.
    let [_, header, types] = words(mark).map(|field| field as usize);
    let fields = words(fields.first_chunk()?).map(|field| field as usize);
    let [types_length, texts, texts_length] = fields;
    let texts = header.checked_add(texts)?;
    let texts = btf.get(texts..texts.checked_add(texts_length)?)?;
    let mut found = HashMap::new();
    let start = header.checked_add(types)?;
    let mut rest = btf.get(start..start.checked_add(types_length)?)?;
    let mut id = 0;
    while !rest.is_empty() {
        id += 1;
        let (head, after) = rest.split_first_chunk::<12>()?;
        let [name, info, size] = words(head);
        let (kind, members) = (info >> 24 & 0x1f, info as usize & 0xffff);
        // What follows the three numbers each type begins with.
        let (once, each) = *FOLLOWS.get(kind as usize)?;
        let (own, next) = after.split_at_checked(once + each * members)?;
        rest = next;
        if kind != STRUCT && kind != FUNC {
            continue;
        }
        let called = texts.get(name as usize..)?;
        let is = |name: &&&str| {
            called.starts_with(name.as_bytes()) && called.get(name.len()) == Some(&0)
        };
        if let Some(name) = names.iter().find(is) {
            let members = own.chunks_exact(12).filter_map(|member| {
                let [name, _, _] = words(member.first_chunk()?);
                text(texts, name)
            });
            found.entry(*name).or_insert_with(|| KernelType {
                id,
                size,
                members: members.collect(),
            });
        }
    }
    Some(found)
}

/// The bytes that follow the three numbers each type begins with, by its kind: once, and for each
/// member (`include/uapi/linux/btf.h`).
const FOLLOWS: [(usize, usize); 20] = [
    (0, 0),  // void, which is not written
    (4, 0),  // INT
    (0, 0),  // PTR
    (12, 0), // ARRAY
    (0, 12), // STRUCT
    (0, 12), // UNION
    (0, 8),  // ENUM
    (0, 0),  // FWD
    (0, 0),  // TYPEDEF
    (0, 0),  // VOLATILE
    (0, 0),  // CONST
    (0, 0),  // RESTRICT
    (0, 0),  // FUNC, whose number of members is its linkage
    (0, 8),  // FUNC_PROTO
    (4, 0),  // VAR
    (0, 12), // DATASEC
    (0, 0),  // FLOAT
    (4, 0),  // DECL_TAG
    (0, 0),  // TYPE_TAG
    (0, 12), // ENUM64
];

/// Three numbers one after another.
fn words(bytes: &[u8; 12]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = *bytes;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_ne_bytes)
}

/// The text that begins at a place.
fn text(texts: &[u8], at: u32) -> Option<String> {
    let rest = texts.get(at as usize..)?;
    let end = rest.iter().position(|byte| *byte == 0)?;
    let text = rest.get(..end)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::super::types::GLOBAL;
    use super::super::types::Types;
    use super::*;

    #[test]
    fn names_are_found_with_what_they_stand_for() {
        let mut types = Types::new();
        let int = types.int();
        let nothing = types.prototype(int, &[("first", int)]);
        let pair = types.structure("pair", 8, &[("one", int, 0), ("other", int, 4)]);
        types.pointer(pair);
        let function = types.function("first", nothing, GLOBAL);
        let found = scan(&types.bytes(), &["pair", "first", "int", "none"]).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found["first"].id, function);
        assert_eq!((found["pair"].id, found["pair"].size), (pair, 8));
        assert_eq!(found["pair"].members, ["one", "other"]);
    }

    #[test]
    fn other_bytes_are_none() {
        let mut types = Types::new();
        types.int();
        let whole = types.bytes();
        assert!(scan(&whole, &[]).is_some());
        for cut in [0, 1, 10, 30, whole.len() - 1] {
            assert!(scan(&whole[..cut], &[]).is_none(), "{cut}");
        }
        assert!(scan(&[0; 64], &[]).is_none());
    }
}
