//! BTF of the kernel's modules, which extends the kernel's own. One that is broken can stop
//! programs that have nothing to do with the module: some loaders read all of them.

use super::{HEADER_LIMIT, Header, VMLINUX};
use crate::facts::{Fact, Facts, Value, Why, reader};
use crate::host::Host;

const DIRECTORY: &str = "/sys/kernel/btf";

/// More modules than any host has loaded.
const LIMIT: usize = 1000;

/// Reads the header of each; `is_sysfs` says whether what is not there is not in the kernel.
pub(super) fn collect(host: &dyn Host, is_sysfs: bool, facts: &mut Facts) {
    let [count, broken, problem] = match host.list(DIRECTORY) {
        Ok(names) => {
            let mut modules = names;
            modules.retain(|name| name != "vmlinux");
            look_at(host, &modules)
        }
        Err(error) => match reader::why(&error) {
            Why::Missing if is_sysfs => [
                Fact::known(0, DIRECTORY),
                Fact::known(Value::List(Vec::new()), DIRECTORY),
                Fact::absent(DIRECTORY),
            ],
            Why::Missing => {
                let detail = "sysfs is not mounted at /sys";
                [(); 3].map(|()| Fact::unknown(Why::Missing, detail, DIRECTORY))
            }
            _ => [(); 3].map(|()| reader::unreadable(&error, DIRECTORY)),
        },
    };
    facts.set("btf.modules", count);
    facts.set("btf.modules.broken", broken);
    facts.set("btf.modules.problem", problem);
}

fn look_at(host: &dyn Host, modules: &[String]) -> [Fact; 3] {
    let mut broken: Vec<String> = Vec::new();
    let mut first: Option<(String, String)> = None;
    let mut unread: Option<Fact> = None;
    let kernel = host.read(VMLINUX, HEADER_LIMIT).unwrap_or_default();
    let kernel = Header::parse(&kernel).ok();
    for name in modules.iter().take(LIMIT) {
        let path = format!("{DIRECTORY}/{name}");
        match problem(host, &path, kernel) {
            Ok(None) => {}
            Ok(Some(problem)) => {
                first.get_or_insert((format!("{name}: {problem}"), path));
                broken.push(name.clone());
            }
            // Unloaded since the directory was listed.
            Err(error) if reader::why(&error) == Why::Missing => {}
            Err(error) => {
                unread.get_or_insert(reader::unreadable(&error, &path));
            }
        }
    }
    let count = i64::try_from(modules.len()).map_or(Value::Absent, Value::Number);
    let count = Fact::known(count, DIRECTORY);
    match (first, unread) {
        (Some((problem, path)), _) => [
            count,
            Fact::known(broken, DIRECTORY),
            Fact::known(problem, &path),
        ],
        (None, Some(unread)) => [count, unread.clone(), unread],
        (None, None) => [
            count,
            Fact::known(broken, DIRECTORY),
            Fact::absent(DIRECTORY),
        ],
    }
}

/// What is wrong with the BTF of a module, if anything is; `kernel` is what it extends.
fn problem(host: &dyn Host, path: &str, kernel: Option<Header>) -> std::io::Result<Option<String>> {
    let bytes = host.read(path, HEADER_LIMIT)?;
    let (_, size) = host.stat(path)?;
    let header = Header::parse(&bytes);
    if header.as_ref().is_ok_and(|header| header.is_newer()) {
        return Err(std::io::Error::other("its version is higher than 1"));
    }
    let checked = header.and_then(|header| {
        header.check(size, true)?;
        if kernel.is_some_and(|kernel| kernel.little_endian != header.little_endian) {
            return Err("its byte order is not that of the kernel's BTF".to_owned());
        }
        header.check_strings(host, path, true)
    });
    Ok(checked.err())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::host::Memory;

    fn btf(words: [u32; 5], body: usize) -> Vec<u8> {
        let mut bytes = vec![0x9f, 0xeb, 1, 0];
        bytes.extend(words.into_iter().flat_map(u32::to_le_bytes));
        bytes.resize(24 + body, 0);
        bytes
    }

    fn facts(host: &Memory, is_sysfs: bool) -> Facts {
        let mut facts = Facts::default();
        collect(host, is_sysfs, &mut facts);
        facts
    }

    #[test]
    fn a_header_alone_and_a_wrong_one_are_broken() {
        let host = Memory::new()
            .with("/sys/kernel/btf/vmlinux", btf([24, 0, 16, 16, 5], 21))
            .with("/sys/kernel/btf/good", btf([24, 0, 16, 16, 5], 21))
            .with("/sys/kernel/btf/no_types", btf([24, 0, 0, 0, 5], 5))
            .with("/sys/kernel/btf/nls_cp437", btf([24, 0, 0, 0, 0], 0))
            .with("/sys/kernel/btf/wrong", b"\x7fELF");
        let facts = facts(&host, true);
        assert_eq!(facts.number("btf.modules"), Some(4));
        let broken = facts.list("btf.modules.broken").unwrap();
        assert_eq!(broken, ["nls_cp437", "wrong"]);
        assert_eq!(
            facts.get("btf.modules.problem"),
            Fact::known("nls_cp437: it has no strings", "/sys/kernel/btf/nls_cp437")
        );
    }

    #[test]
    fn the_last_string_of_a_module_ends() {
        let mut first = btf([24, 0, 16, 16, 5], 21);
        first[40] = b'x';
        let mut last = btf([24, 0, 16, 16, 5], 21);
        last[44] = b'x';
        let host = Memory::new()
            .with("/sys/kernel/btf/first", first)
            .with("/sys/kernel/btf/last", last);
        let facts = facts(&host, true);
        assert_eq!(facts.list("btf.modules.broken").unwrap(), ["last"]);
        assert_eq!(
            facts.text("btf.modules.problem").unwrap(),
            "last: its strings do not end with a zero byte"
        );
    }

    #[test]
    fn a_module_has_the_byte_order_of_its_kernel_and_ends_with_its_strings() {
        let mut swapped = vec![0xeb, 0x9f, 1, 0];
        swapped.extend(
            [24, 0, 16, 16, 5_u32]
                .into_iter()
                .flat_map(u32::to_be_bytes),
        );
        swapped.resize(24 + 21, 0);
        for (bytes, problem) in [
            (swapped, "x: its byte order is not that of the kernel's BTF"),
            (
                btf([24, 0, 16, 16, 5], 30),
                "x: its strings end at byte 21 of 30",
            ),
        ] {
            let host = Memory::new()
                .with("/sys/kernel/btf/vmlinux", btf([24, 0, 16, 16, 5], 21))
                .with("/sys/kernel/btf/x", bytes);
            let facts = facts(&host, true);
            assert_eq!(facts.text("btf.modules.problem").unwrap(), problem);
        }
    }

    #[test]
    fn none_and_unknown_are_two_things() {
        let path = "/sys/kernel/btf/x";
        let denied = Memory::new()
            .with(path, "")
            .refusing(path, ErrorKind::PermissionDenied);
        let alone = Memory::new().with("/sys/kernel/btf/vmlinux", "");
        for (host, is_sysfs, count, broken) in [
            (Memory::new(), true, Some(0), Some(Vec::new())),
            (Memory::new(), false, None, None),
            (alone, true, Some(0), Some(Vec::new())),
            (denied, true, Some(1), None),
        ] {
            let facts = facts(&host, is_sysfs);
            assert_eq!(facts.number("btf.modules"), count, "{host:?}");
            assert_eq!(facts.list("btf.modules.broken"), broken, "{host:?}");
        }
    }
}
