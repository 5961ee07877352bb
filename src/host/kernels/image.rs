//! What a kernel's file and a program's file say of themselves.

use super::Choice;
use crate::host::Host;

/// The build line in the header of an x86 kernel: `6.1.0-47-amd64 (who@where) #1 SMP ...`.
///
/// As Documentation/arch/x86/boot.rst has it: `HdrS` at 0x202, and at 0x20e where the text
/// begins, counted from 0x200.
pub(in crate::host) fn build_line(host: &dyn Host, choice: &Choice) -> Option<(String, String)> {
    let release = &choice.release;
    let places = [
        format!("/boot/vmlinuz-{release}"),
        format!("/lib/modules/{release}/vmlinuz"),
        format!("/usr/lib/modules/{release}/vmlinuz"),
    ];
    places.into_iter().find_map(|place| {
        let bytes = host.read(&place, 96 << 10).ok()?;
        if bytes.get(0x202..0x206)? != b"HdrS" {
            return None;
        }
        let offset = u16::from_le_bytes(*bytes.get(0x20e..0x210)?.first_chunk()?);
        let text = bytes.get(usize::from(offset) + 0x200..)?;
        let end = text.iter().take(500).position(|byte| *byte == 0)?;
        let line = std::str::from_utf8(text.get(..end)?).ok()?;
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
