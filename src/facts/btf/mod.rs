//! The kernel's own BTF and that of its modules: whether it is there, and whether the headers
//! make sense.

mod modules;
pub mod types;

use std::io;

use super::keys::Values::{List, Number, OneOf, Text};
use super::mounts::Mounts;
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "btf.vmlinux",
        OneOf(&["present", "absent", "malformed"]),
        "Whether the kernel shows its own BTF with a header that makes sense \
         (/sys/kernel/btf/vmlinux).",
    ),
    KeyInfo::one(
        "btf.vmlinux.problem",
        Text,
        "What is wrong with the header of the kernel's BTF, absent if nothing is.",
    ),
    KeyInfo::one(
        "btf.vmlinux.size",
        Number,
        "Size of the kernel's BTF in bytes.",
    ),
    KeyInfo::one(
        "btf.vmlinux.header-length",
        Number,
        "Length of the header of the kernel's BTF in bytes: 24, or 32 where pahole 1.31 wrote \
         a layout section, too (hdr_len in include/uapi/linux/btf.h).",
    ),
    KeyInfo::one(
        "btf.modules",
        Number,
        "How many modules the kernel shows BTF of (/sys/kernel/btf beside vmlinux).",
    ),
    KeyInfo::one(
        "btf.modules.broken",
        List,
        "Modules whose BTF has a header that makes no sense, no strings, or a last one without end.",
    ),
    KeyInfo::one(
        "btf.modules.problem",
        Text,
        "What is wrong with the BTF of the first of them, absent if nothing is.",
    ),
];

const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// The header and what may come to be added to it.
const HEADER_LIMIT: usize = 64;

/// Reads the header; the megabytes behind it are for whoever uses them.
pub(super) fn collect(host: &dyn Host, mounts: &Mounts, facts: &mut Facts) {
    let known = |value: Value| Fact::known(value, VMLINUX);
    let [state, problem, size, length] = match read(host) {
        // A later form is no broken one.
        Ok((bytes, size)) if Header::parse(&bytes).is_ok_and(|header| header.is_newer()) => {
            let detail = "its version is higher than 1, the one that is read here";
            let unread = || Fact::unknown(Why::Untold, detail, VMLINUX);
            let size = i64::try_from(size).map_or(Value::Absent, Value::Number);
            [unread(), unread(), known(size), unread()]
        }
        Ok((bytes, size)) => {
            let header = Header::parse(&bytes);
            let checked = header.and_then(|header| {
                header.check(size, false)?;
                header.check_strings(host, VMLINUX, false).map(|()| header)
            });
            let size = i64::try_from(size).map_or(Value::Absent, Value::Number);
            match checked {
                Ok(header) => [
                    known("present".into()),
                    known(Value::Absent),
                    known(size),
                    known(i64::from(header.length).into()),
                ],
                Err(problem) => [
                    known("malformed".into()),
                    known(problem.as_str().into()),
                    known(size),
                    Fact::unknown(Why::Malformed, &problem, VMLINUX),
                ],
            }
        }
        Err(error) => {
            let fact = reader::unreadable(&error, VMLINUX);
            match reader::why(&error) {
                Why::Missing if can_tell_absence(host, mounts) => [
                    known("absent".into()),
                    known(Value::Absent),
                    known(Value::Absent),
                    known(Value::Absent),
                ],
                Why::Missing => {
                    let detail = "sysfs is not mounted at /sys";
                    [(); 4].map(|()| Fact::unknown(Why::Missing, detail, VMLINUX))
                }
                _ => [(); 4].map(|()| fact.clone()),
            }
        }
    };
    facts.set("btf.vmlinux", state);
    facts.set("btf.vmlinux.problem", problem);
    facts.set("btf.vmlinux.size", size);
    facts.set("btf.vmlinux.header-length", length);
    modules::collect(host, can_tell_absence(host, mounts), facts);
}

fn read(host: &dyn Host) -> io::Result<(Vec<u8>, u64)> {
    let bytes = host.read(VMLINUX, HEADER_LIMIT)?;
    let (_, size) = host.stat(VMLINUX)?;
    Ok((bytes, size))
}

/// A file that is not in /sys means that the kernel has no BTF only if /sys is the
/// kernel's: not an empty directory, and not something else that was mounted there.
fn can_tell_absence(host: &dyn Host, mounts: &Mounts) -> bool {
    mounts.is_on("/sys/kernel", "sysfs") != Some(false) && reader::is_populated(host, "/sys/kernel")
}

/// `struct btf_header` (include/uapi/linux/btf.h); offsets count from the header's end.
#[derive(Debug, Clone, Copy)]
struct Header {
    little_endian: bool,
    version: u8,
    length: u32,
    type_offset: u32,
    type_length: u32,
    string_offset: u32,
    string_length: u32,
}

impl Header {
    const MAGIC: u16 = 0xeb9f;
    const SHORTEST: u32 = 24;

    fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("the file is empty".to_owned());
        }
        let word = |at: usize| bytes.get(at..at + 4)?.first_chunk::<4>().copied();
        let numbers = [word(4), word(8), word(12), word(16), word(20)];
        let (
            Some([m0, m1, version, _]),
            [
                Some(length),
                Some(type_offset),
                Some(type_length),
                Some(string_offset),
                Some(string_length),
            ],
        ) = (word(0), numbers)
        else {
            return Err(format!("{} bytes are too short for a header", bytes.len()));
        };
        // A file of another machine may have the other byte order.
        let little_endian = match u16::from_le_bytes([m0, m1]) {
            Self::MAGIC => true,
            magic if magic.swap_bytes() == Self::MAGIC => false,
            magic => return Err(format!("it begins with {magic:#06x} instead of 0xeb9f")),
        };
        let number = |bytes| match little_endian {
            true => u32::from_le_bytes(bytes),
            false => u32::from_be_bytes(bytes),
        };
        Ok(Self {
            little_endian,
            version,
            length: number(length),
            type_offset: number(type_offset),
            type_length: number(type_length),
            string_offset: number(string_offset),
            string_length: number(string_length),
        })
    }

    /// Whether it is of a version that came after the one there is.
    fn is_newer(&self) -> bool {
        self.version > 1
    }

    /// What the kernel asks of strings (`btf_parse_str_sec` in kernel/bpf/btf.c), and libbpf as
    /// well: the last one ends, and the first is empty. Those of a module go on behind the
    /// kernel's, so that their first is any. A byte that can't be read says nothing.
    fn check_strings(&self, host: &dyn Host, path: &str, of_module: bool) -> Result<(), String> {
        let Some(last) = self.string_length.checked_sub(1) else {
            return Ok(());
        };
        let start = u64::from(self.length) + u64::from(self.string_offset);
        let wrong = |at: u64| host.byte(path, at).is_ok_and(|byte| byte != 0);
        if !of_module && wrong(start) {
            return Err("its strings do not begin with a zero byte".to_owned());
        }
        if wrong(start + u64::from(last)) {
            return Err("its strings do not end with a zero byte".to_owned());
        }
        Ok(())
    }

    /// What libbpf asks of a header before it reads on (`btf_parse_hdr` in
    /// tools/lib/bpf/btf.c), and the version, which the kernel asks for (`btf_parse_hdr`
    /// in kernel/bpf/btf.c). A module's BTF may add no types to the kernel's.
    fn check(&self, size: u64, of_module: bool) -> Result<(), String> {
        let end = |offset: u32, length: u32| u64::from(offset) + u64::from(length);
        if self.version != 1 {
            return Err(format!("its version is {} instead of 1", self.version));
        }
        if self.length < Self::SHORTEST || u64::from(self.length) > size {
            return Err(format!(
                "a header of {} bytes in a file of {size}",
                self.length
            ));
        }
        let body = size - u64::from(self.length);
        for (name, end, length) in [
            (
                "types",
                end(self.type_offset, self.type_length),
                self.type_length,
            ),
            (
                "strings",
                end(self.string_offset, self.string_length),
                self.string_length,
            ),
        ] {
            if length == 0 && (name == "strings" || !of_module) {
                return Err(format!("it has no {name}"));
            }
            if end > body {
                return Err(format!("its {name} end at byte {end} of {body}"));
            }
        }
        if !self.type_offset.is_multiple_of(4) {
            return Err(format!("its types begin at byte {}", self.type_offset));
        }
        if end(self.type_offset, self.type_length) > u64::from(self.string_offset) {
            return Err("its types and strings overlap".to_owned());
        }
        // A longer header may tell of more sections (`btf_check_sec_info` in kernel/bpf/btf.c).
        let last = end(self.string_offset, self.string_length);
        if of_module && self.length == Self::SHORTEST && last != body {
            return Err(format!("its strings end at byte {last} of {body}"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::host::Memory;

    fn file(words: [u32; 5], body: usize, number: fn(u32) -> [u8; 4]) -> Vec<u8> {
        let magic = if number(1) == [1, 0, 0, 0] {
            [0x9f, 0xeb]
        } else {
            [0xeb, 0x9f]
        };
        let mut bytes = magic.to_vec();
        bytes.extend([1, 0]);
        bytes.extend(words.into_iter().flat_map(number));
        bytes.resize(24 + body, 0);
        bytes
    }

    fn facts(host: &Memory) -> Facts {
        let mut facts = Facts::default();
        collect(host, &Mounts::read(host), &mut facts);
        facts
    }

    #[test]
    fn a_sound_header_in_either_byte_order_is_present() {
        let words = [24, 0, 100, 100, 50];
        for number in [u32::to_le_bytes, u32::to_be_bytes] {
            let facts = facts(&Memory::new().with(VMLINUX, file(words, 150, number)));
            assert_eq!(facts.text("btf.vmlinux").unwrap(), "present");
            assert_eq!(facts.number("btf.vmlinux.size"), Some(174));
            assert_eq!(facts.number("btf.vmlinux.header-length"), Some(24));
            assert_eq!(
                facts.get("btf.vmlinux.problem").value(),
                Some(&Value::Absent)
            );
        }
        let longer = file([32, 0, 100, 100, 50], 8 + 150, u32::to_le_bytes);
        let facts = facts(&Memory::new().with(VMLINUX, longer));
        assert_eq!(facts.number("btf.vmlinux.header-length"), Some(32));
    }

    #[test]
    fn garbage_is_malformed_and_told() {
        let le = u32::to_le_bytes;
        let sound = [24, 0, 100, 100, 50];
        let mut wrong_version = file(sound, 150, le);
        wrong_version[2] = 0;
        for (bytes, problem) in [
            (vec![], "the file is empty"),
            (vec![0x9f, 0xeb, 1], "3 bytes are too short for a header"),
            (vec![b'#'; 200], "it begins with 0x2323 instead of 0xeb9f"),
            (wrong_version, "its version is 0 instead of 1"),
            (
                file([8, 0, 100, 100, 50], 150, le),
                "a header of 8 bytes in a file of 174",
            ),
            (
                file([200, 0, 9, 9, 9], 150, le),
                "a header of 200 bytes in a file of 174",
            ),
            (file(sound, 120, le), "its strings end at byte 150 of 120"),
            (
                file([24, 0, u32::MAX, u32::MAX, 1], 9, le),
                "its types end at byte 4294967295 of 9",
            ),
            (file([24, 0, 0, 0, 50], 150, le), "it has no types"),
            (file([24, 0, 100, 100, 0], 150, le), "it has no strings"),
            (
                file([24, 2, 90, 100, 50], 150, le),
                "its types begin at byte 2",
            ),
            (
                file([24, 0, 100, 50, 50], 150, le),
                "its types and strings overlap",
            ),
        ] {
            let facts = facts(&Memory::new().with(VMLINUX, &bytes));
            assert_eq!(facts.text("btf.vmlinux").unwrap(), "malformed", "{problem}");
            assert_eq!(facts.text("btf.vmlinux.problem").unwrap(), problem);
            assert!(facts.get("btf.vmlinux.header-length").value().is_none());
        }
    }

    #[test]
    fn a_later_version_is_not_known() {
        let sound = [24, 0, 100, 100, 50];
        for version in [2, 3, 255] {
            let mut later = file(sound, 150, u32::to_le_bytes);
            later[2] = version;
            let facts = facts(&Memory::new().with(VMLINUX, &later));
            for key in [
                "btf.vmlinux",
                "btf.vmlinux.problem",
                "btf.vmlinux.header-length",
            ] {
                assert!(facts.get(key).value().is_none(), "{key} {version}");
            }
            assert_eq!(facts.number("btf.vmlinux.size"), Some(174));
        }
    }

    #[test]
    fn strings_begin_and_end_with_a_zero_byte() {
        let sound = file([24, 0, 100, 100, 50], 150, u32::to_le_bytes);
        for (at, problem) in [
            (124, "its strings do not begin with a zero byte"),
            (173, "its strings do not end with a zero byte"),
        ] {
            let mut bytes = sound.clone();
            bytes[at] = b'x';
            let facts = facts(&Memory::new().with(VMLINUX, &bytes));
            assert_eq!(facts.text("btf.vmlinux").unwrap(), "malformed");
            assert_eq!(facts.text("btf.vmlinux.problem").unwrap(), problem);
        }
    }

    #[test]
    fn only_a_real_sysfs_tells_that_there_is_none() {
        let sysfs = "1 0 8:1 / / rw - ext4 x rw\n2 1 0:2 / /sys rw - sysfs sysfs rw\n";
        let tmpfs = sysfs.replace("sysfs", "tmpfs");
        let uevent = Memory::new().with("/sys/kernel/uevent_seqnum", "1\n");
        for (host, state) in [
            (uevent.clone(), Some("absent")),
            (
                uevent.clone().with("/proc/self/mountinfo", sysfs),
                Some("absent"),
            ),
            (uevent.with("/proc/self/mountinfo", tmpfs), None),
            (Memory::new().with("/proc/self/mountinfo", sysfs), None),
            (Memory::new(), None),
            (
                Memory::new().refusing(VMLINUX, ErrorKind::PermissionDenied),
                None,
            ),
        ] {
            assert_eq!(
                facts(&host).text("btf.vmlinux").as_deref(),
                state,
                "{host:?}"
            );
        }
    }
}
