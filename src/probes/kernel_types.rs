//! What the kernel's own BTF says of a few names, looked up without keeping it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use memchr::memmem;
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
    let number = |at: usize| {
        let bytes = btf.get(at..at.checked_add(4)?)?;
        Some(u32::from_ne_bytes(bytes.try_into().ok()?))
    };
    if btf.get(..2)? != 0xeb9f_u16.to_ne_bytes() {
        return None;
    }
    // All offsets count from the end of the header, whose length is in it.
    let header = number(4)? as usize;
    let [types, types_length, texts, texts_length] =
        [number(8)?, number(12)?, number(16)?, number(20)?].map(|field| field as usize);
    let texts = header.checked_add(texts)?;
    let texts = btf.get(texts..texts.checked_add(texts_length)?)?;
    // Each text is there once, between zeros: a name is known by its place.
    let places: HashMap<u32, &'static str> = names
        .iter()
        .filter_map(|name| {
            let needle = [b"\0", name.as_bytes(), b"\0"].concat();
            let at = memmem::find(texts, &needle)?;
            Some((u32::try_from(at + 1).ok()?, *name))
        })
        .collect();

    let mut found = HashMap::new();
    let mut at = header.checked_add(types)?;
    let end = at.checked_add(types_length)?.min(btf.len());
    let mut id = 0;
    while at < end {
        id += 1;
        let (name, info, size) = (number(at)?, number(at + 4)?, number(at + 8)?);
        let (kind, members) = (info >> 24 & 0x1f, info as usize & 0xffff);
        let rest = rest(kind, members)?;
        if matches!(kind, STRUCT | FUNC)
            && let Some(name) = places.get(&name)
        {
            let members = (0..members).filter(|_| kind == STRUCT);
            let members = members.filter_map(|member| text(texts, number(at + 12 + member * 12)?));
            found.entry(*name).or_insert_with(|| KernelType {
                id,
                size,
                members: members.collect(),
            });
        }
        at += 12 + rest;
    }
    Some(found)
}

/// How many bytes follow the three numbers each type begins with.
fn rest(kind: u32, members: usize) -> Option<usize> {
    Some(match kind {
        // INT, VAR, DECL_TAG
        1 | 14 | 17 => 4,
        // PTR, FWD, TYPEDEF, VOLATILE, CONST, RESTRICT, FUNC, FLOAT, TYPE_TAG
        2 | 7..=12 | 16 | 18 => 0,
        // ARRAY
        3 => 12,
        // STRUCT, UNION, DATASEC, ENUM64
        4 | 5 | 15 | 19 => 12 * members,
        // ENUM, FUNC_PROTO
        6 | 13 => 8 * members,
        _ => return None,
    })
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
