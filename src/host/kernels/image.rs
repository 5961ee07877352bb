//! What a kernel's file and a program's file say of themselves.

use super::Choice;
use crate::host::{Host, boot};

/// The build line in the kernel's file, without its release, and that file.
pub(in crate::host) fn build_line(host: &dyn Host, choice: &Choice) -> Option<(String, String)> {
    let release = &choice.release;
    boot::images_of(release).find_map(|place| {
        let line = boot::banner(host, &place)?;
        let (named, _) = line.split_once(' ')?;
        let (_, build) = line.split_once(" #")?;
        (named == release).then(|| (format!("#{build}"), place))
    })
}

/// Programs every system has, one way or the other.
const PROGRAMS: &[&str] = &[
    "/usr/lib/systemd/systemd",
    "/bin/sh",
    "/usr/bin/env",
    "/sbin/init",
];

/// The machine whose programs lie below a root, as `uname -m` says it, and one of them: by
/// `e_machine` of their ELF headers (include/uapi/linux/elf-em.h).
pub(in crate::host) fn machine(host: &dyn Host) -> Option<(&'static str, &'static str)> {
    PROGRAMS.iter().find_map(|place| {
        let bytes = host.read(place, 20).ok()?;
        let [0x7f, b'E', b'L', b'F', class, order] = *bytes.first_chunk()? else {
            return None;
        };
        let number = *bytes.get(18..20)?.first_chunk()?;
        let number = match order {
            2 => u16::from_be_bytes(number),
            _ => u16::from_le_bytes(number),
        };
        let name = match (number, class, order) {
            (62, ..) => "x86_64",
            (183, ..) => "aarch64",
            (243, 2, _) => "riscv64",
            (22, 2, _) => "s390x",
            (21, _, 1) => "ppc64le",
            (258, 2, _) => "loongarch64",
            (40, ..) => "armv7l",
            (3, ..) => "i686",
            _ => return None,
        };
        Some((name, *place))
    })
}
