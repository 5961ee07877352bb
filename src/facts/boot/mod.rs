//! How the kernel was started, and how the next one will be: its command line, the firmware,
//! the boot loader, the kernels that are installed.

mod installed;
mod loader;
mod next;

use super::kernel_log::KernelLog;
use super::keys::Values::{Bool, List, OneOf, Text};
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
use crate::host::{Host, KERNEL_LOG};

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one("cmdline", Text, "The kernel command line (/proc/cmdline)."),
    KeyInfo::family(
        "cmdline.*",
        Text,
        "An argument of the kernel command line: the last value it was given, true if it was \
         given none, absent if it is not there.",
    ),
    KeyInfo::one(
        "boot.firmware",
        OneOf(&["uefi", "bios", "other"]),
        "Firmware that started the kernel; `other` where neither shows itself (/sys/firmware).",
    ),
    KeyInfo::one(
        "boot.loader",
        OneOf(loader::NAMES),
        "Boot loader whose configuration is on this host; `none` where there is none, as in \
         containers and in virtual machines that are given their kernel.",
    ),
    KeyInfo::one(
        GRUB_ARGUMENTS,
        List,
        "Names of the kernel arguments that all entries of GRUB's menu have, absent where there is no \
         such file (GRUB_CMDLINE_LINUX of /etc/default/grub).",
    ),
    KeyInfo::one(
        "boot.unified",
        Bool,
        "Whether the kernel starts as a unified image, which has its command line in it: the \
         firmware's variables say so, or such images lie on the boot partition.",
    ),
    KeyInfo::one(
        "boot.installed",
        List,
        "Releases of the kernels that are installed, the newest last (images in /boot and \
         /lib/modules).",
    ),
    KeyInfo::one(
        "boot.next",
        Text,
        "Release of the kernel that the next boot starts, as the boot loader's configuration \
         selects it.",
    ),
];

const GRUB_ARGUMENTS: &str = "boot.grub-arguments";

/// What grub-mkconfig goes by: a script of assignments, each on a line of its own.
const DEFAULT_GRUB: &str = "/etc/default/grub";

/// The names of the arguments in GRUB_CMDLINE_LINUX; what the shell would fill in is left out.
fn grub_arguments(text: &str) -> Value {
    let lines = text.lines().map(str::trim);
    let values = lines.filter_map(|line| line.strip_prefix("GRUB_CMDLINE_LINUX="));
    let mut names = Vec::new();
    for value in values {
        // An assignment without its own value in it starts anew.
        if !value.contains("$GRUB_CMDLINE_LINUX") && !value.contains("${GRUB_CMDLINE_LINUX}") {
            names.clear();
        }
        let words = value.split_whitespace();
        let words = words.map(|word| word.trim_matches(['"', '\'']));
        let words = words.filter(|word| !word.is_empty() && !word.starts_with(['$', '#']));
        names.extend(words.filter_map(|word| word.split('=').next().map(str::to_owned)));
    }
    Value::List(names)
}

/// Reads command line, firmware, and what the boot loader will start next; the distribution
/// and the kernel have to be collected before.
pub(super) fn collect(host: &dyn Host, log: &KernelLog, facts: &mut Facts) {
    // The kernel ends it with a line break at least, so that an empty file is no copy of it.
    let cmdline = reader::fact(host, "/proc/cmdline", |text| {
        (!text.is_empty()).then(|| text.trim().into())
    });
    // The kernel writes it to its log.
    let cmdline = match (cmdline, log.command_line()) {
        (Fact::Unknown { reason, .. }, Some(logged))
            if reason.is_elsewhere() || reason.unknown == Why::Malformed =>
        {
            Fact::known(logged, KERNEL_LOG)
        }
        (cmdline, _) => cmdline,
    };
    facts.set("cmdline", cmdline);
    facts.set("boot.firmware", firmware(host));
    let grub = reader::fact(host, DEFAULT_GRUB, |text| Some(grub_arguments(text)));
    let grub = match grub {
        Fact::Unknown { reason, .. } if reason.unknown == Why::Missing => {
            Fact::absent(DEFAULT_GRUB)
        }
        grub => grub,
    };
    facts.set(GRUB_ARGUMENTS, grub);
    let installed = installed::kernels(host);
    facts.set("boot.installed", installed.clone());
    let loader = loader::find(host, facts);
    facts.set("boot.unified", loader::unified(host));
    let runs = facts.text("kernel.state").as_deref() != Some("installed");
    facts.set("boot.next", next::release(host, runs, &loader, &installed));
    facts.set("boot.loader", loader);
}

/// UEFI shows itself; every BIOS leaves a DMI table; small virtual machines and boards
/// start the kernel without either.
fn firmware(host: &dyn Host) -> Fact {
    let (efi, dmi) = ("/sys/firmware/efi", "/sys/class/dmi/id");
    match host.stat(efi) {
        Ok(_) => Fact::known("uefi", efi),
        Err(error) if reader::why(&error) != Why::Missing => reader::unreadable(&error, efi),
        // Container runtimes hide the directory behind an empty one.
        Err(_) if !reader::is_populated(host, "/sys/firmware") => {
            Fact::unknown(Why::Missing, "/sys/firmware is empty", efi)
        }
        Err(_) if host.stat(dmi).is_ok() => Fact::known("bios", dmi),
        Err(_) => Fact::known("other", efi),
    }
}

/// An argument out of the command line: the last value it was given, `true` if it was
/// given none, absent if it is not there.
///
/// As the kernel reads it (`next_arg` in lib/cmdline.c, `parse_args` in kernel/params.c):
/// double quotes keep spaces together, `-` and `_` are the same in names, and what follows
/// a lone `--` is for init.
pub(super) fn argument(cmdline: &Fact, name: &str) -> Fact {
    cmdline.clone().map(|value| match value {
        Value::Text(text) => {
            let given = arguments(&text).filter(|(key, _)| same_name(key, name));
            given
                .last()
                .map_or(Value::Absent, |(_, value)| match value {
                    Some(value) => value.into(),
                    None => true.into(),
                })
        }
        other => other,
    })
}

/// The last value an argument was given; absent where it was given none, which some of the
/// kernel's arguments have to have: `lsm=` is one, and `lsm` is none (`__setup("lsm=", ...)`).
pub(super) fn given_value(cmdline: &Fact, name: &str) -> Fact {
    cmdline.clone().map(|value| match value {
        Value::Text(text) => {
            let given = arguments(&text).filter(|(key, _)| same_name(key, name));
            let value = given.filter_map(|(_, value)| value).last();
            value.map_or(Value::Absent, Value::from)
        }
        other => other,
    })
}

fn same_name(left: &str, right: &str) -> bool {
    let dash = |byte: u8| if byte == b'_' { b'-' } else { byte };
    left.bytes().map(dash).eq(right.bytes().map(dash))
}

/// Names and values up to a lone `--`.
pub(super) fn arguments(cmdline: &str) -> impl Iterator<Item = (&str, Option<&str>)> {
    let mut quoted = false;
    let words = cmdline.split(move |c: char| {
        quoted ^= c == '"';
        c.is_ascii_whitespace() && !quoted
    });
    let words = words.filter(|word| !word.is_empty());
    words.take_while(|word| *word != "--").map(|word| {
        // Quotes around a whole argument, and around its value.
        let word = word
            .strip_prefix('"')
            .map_or(word, |word| word.strip_suffix('"').unwrap_or(word));
        match word.split_once('=') {
            Some((name, value)) => {
                let value = value.strip_prefix('"').unwrap_or(value);
                (name, Some(value.strip_suffix('"').unwrap_or(value)))
            }
            None => (word, None),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn what_all_entries_of_grubs_menu_have_is_told_by_name() {
        for (text, names) in [
            (
                "GRUB_TIMEOUT=5\nGRUB_CMDLINE_LINUX=\"rd.auto=1 net.ifnames=0 lockdown=integrity\"\n",
                &["rd.auto", "net.ifnames", "lockdown"][..],
            ),
            ("GRUB_CMDLINE_LINUX_DEFAULT=\"quiet\"\n", &[]),
            ("# GRUB_CMDLINE_LINUX=\"a\"\n", &[]),
            (
                "GRUB_CMDLINE_LINUX=\"a\"\nGRUB_CMDLINE_LINUX='b=1'\n",
                &["b"],
            ),
            (
                "GRUB_CMDLINE_LINUX=a\nGRUB_CMDLINE_LINUX=\"$GRUB_CMDLINE_LINUX b=1\"\n",
                &["a", "b"],
            ),
            ("", &[]),
        ] {
            let names: Vec<String> = names.iter().map(ToString::to_string).collect();
            assert_eq!(grub_arguments(text), Value::List(names), "{text}");
        }
    }

    #[test]
    fn arguments_are_read_as_the_kernel_reads_them() {
        let text = "BOOT_IMAGE=/vmlinuz root=UUID=1f-2 quiet lsm=yama lsm=yama,bpf \
                    dyndbg=\"file a.c +p\" \"x=1 2\" cgroup-no-v1=all empty= \
                    systemd.unified_cgroup_hierarchy=1 tail -- lockdown=none quiet2";
        let cmdline = Fact::known(text, "/proc/cmdline");
        for (name, value) in [
            ("root", Value::from("UUID=1f-2")),
            ("quiet", true.into()),
            ("lsm", "yama,bpf".into()),
            ("dyndbg", "file a.c +p".into()),
            ("x", "1 2".into()),
            ("cgroup_no_v1", "all".into()),
            ("empty", "".into()),
            ("systemd.unified-cgroup-hierarchy", "1".into()),
            ("tail", true.into()),
            ("lockdown", Value::Absent),
            ("quiet2", Value::Absent),
            ("file", Value::Absent),
            ("", Value::Absent),
        ] {
            assert_eq!(
                argument(&cmdline, name),
                Fact::known(value, "/proc/cmdline"),
                "{name}"
            );
        }
        for text in ["", "\"", "x=\"", "\"\"", "=", "--"] {
            assert_eq!(
                argument(&Fact::known(text, ""), "y").value(),
                Some(&Value::Absent)
            );
        }
        let unknown = Fact::unknown(Why::Denied, "", "/proc/cmdline");
        assert_eq!(argument(&unknown, "lsm"), unknown);
    }

    #[test]
    fn firmware_is_unknown_where_it_is_hidden() {
        let uefi = Memory::new().with("/sys/firmware/efi/fw_platform_size", "64\n");
        let direct = Memory::new().with("/sys/firmware/acpi/pm_profile", "0\n");
        let bios = direct
            .clone()
            .with("/sys/class/dmi/id/sys_vendor", "QEMU\n");
        for (host, name) in [
            (uefi, Some("uefi")),
            (bios, Some("bios")),
            (direct, Some("other")),
            (Memory::new(), None),
        ] {
            assert_eq!(firmware(&host).value(), name.map(Value::from).as_ref());
        }
    }
}
