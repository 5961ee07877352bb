//! A sosreport: copies of a host's files at their own paths, and what commands said below
//! sos_commands, in files named like the commands (github.com/sosreport/sos, report/plugins).

use std::collections::BTreeSet;

use super::overlay::Overlay;
use super::{Host, KERNEL_LOG, Kind, Uname, sysctl};

/// Whether the files of this host are a sosreport.
pub(super) fn is_one(host: &dyn Host) -> bool {
    let is_directory = |path| {
        host.stat(path)
            .is_ok_and(|(kind, _)| kind == Kind::Directory)
    };
    is_directory("/sos_commands")
        || text(host, &["/version.txt"]).is_some_and(|(text, _)| text.starts_with("sosreport"))
}

/// More than any of the files below.
const LIMIT: usize = 16 << 20;

/// What mount(8) said.
pub(crate) const MOUNT_OUTPUT: &str = "/sos_commands/filesys/mount_-l";

/// The journal of this boot, where the kernel's own buffer has lost its beginning.
const JOURNAL: &[&str] = &[
    "/sos_commands/logs/journalctl_--no-pager_--boot",
    "/sos_commands/logs/journalctl_--no-pager_--catalog_--boot",
];

/// What systemd-cgls said.
const GROUPS: &[&str] = &[
    "/sos_commands/cgroups/systemd-cgls",
    "/sos_commands/systemd/systemd-cgls",
];

/// What is there where systemd is the running init (sd_booted(3)).
const SYSTEMD: &str = "/run/systemd/system";

/// What the files of a process tell of its rights. Those of all processes are collected since sos
/// 4.2 (report/plugins/process.py), PID 1's among them, and none of them would load programs: what
/// systemd may says nothing of what it starts, and the user namespaces are left out.
const RIGHTS: &[&str] = &[
    "/proc/self/status",
    "/proc/self/limits",
    "/proc/self/uid_map",
    "/proc/self/ns/user",
];

/// The variable in which the firmware tells of Secure Boot, as a file of efivarfs.
const SECURE_BOOT: &str =
    "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// The kernel's log from its first line on, if one of the files has that.
fn log(host: &dyn Host, running: Option<&str>) -> Option<(String, String)> {
    const KEPT: &str = "/var/log/dmesg";
    let places = [
        "/sos_commands/kernel/dmesg",
        "/sos_commands/general/dmesg",
        "/sos_commands/kernel/dmesg_-T",
        KEPT,
    ];
    let has_begin = |log: &(String, String)| log.0.contains("Linux version ");
    // A file that nothing writes anew stays from the boot of a kernel that was there before.
    let is_old = |place: &str, log: &(String, String)| {
        let behind = log.0.split_once("Linux version ");
        let release = behind.and_then(|(_, rest)| rest.split_whitespace().next());
        place == KEPT && release.is_some() && running.is_some() && release != running
    };
    let mut short = None;
    for place in places {
        match text(host, &[place]) {
            Some(log) if is_old(place, &log) => {}
            Some(log) if has_begin(&log) => return Some(log),
            Some(log) => short = short.or(Some(log)),
            None => {}
        }
    }
    let (journal, name) = match text(host, JOURNAL) {
        Some(journal) => journal,
        None => return short,
    };
    let of_kernel = journal
        .lines()
        .filter_map(|line| Some(line.split_once(" kernel: ")?.1));
    let whole = (of_kernel.flat_map(|line| [line, "\n"]).collect(), name);
    if has_begin(&whole) {
        Some(whole)
    } else {
        short
    }
}

/// The text of the first file that is there and not empty, and its name in the report.
fn text(host: &dyn Host, places: &[&str]) -> Option<(String, String)> {
    places.iter().find_map(|place| {
        let bytes = host.read(place, LIMIT).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let name = host.origin(place);
        let name = name.unwrap_or_else(|| place.trim_start_matches('/').to_owned());
        (!text.trim().is_empty()).then_some((text, name))
    })
}

/// The host a sosreport was made on. What the report does not hold is not known.
pub(super) fn open<H: Host>(report: H) -> Overlay<H> {
    // Commands first: they have to be read before the report is laid under what they say.
    let said = |places: &[&str]| text(&report, places);
    let settings = said(&["/sos_commands/kernel/sysctl_-a"]);
    let uname = said(&[
        "/sos_commands/kernel/uname_-a",
        "/sos_commands/general/uname_-a",
        "/uname",
    ]);
    let hostname = said(&[
        "/sos_commands/host/hostname",
        "/sos_commands/general/hostname",
        "/hostname",
    ]);
    let mounts = said(&[MOUNT_OUTPUT, "/mount"]);
    let modules = said(&["/sos_commands/kernel/lsmod", "/lsmod"]);
    let running = uname.as_ref().and_then(|(text, _)| parse_uname(text));
    let log = log(
        &report,
        running.as_ref().map(|uname| uname.release.as_str()),
    );
    let firmware = said(&[
        "/sos_commands/boot/mokutil_--sb-state",
        "/sos_commands/uefi/mokutil_--sb-state",
    ]);
    let selinux = said(&[
        "/sos_commands/selinux/sestatus",
        "/sos_commands/selinux/sestatus_-v",
        "/sos_commands/selinux/sestatus_-b",
    ]);
    let enforcement = said(&["/sos_commands/selinux/getenforce"]);
    let hardware = said(&["/sos_commands/hardware/dmidecode", "/dmidecode"]);
    let groups = said(GROUPS);

    let mut host = Overlay::new(report);
    host.pass_over(RIGHTS);
    if let Some((_, origin)) = &uname
        && let Some(uname) = running
    {
        for (path, value) in [
            ("/proc/sys/kernel/osrelease", &uname.release),
            ("/proc/sys/kernel/version", &uname.version),
            ("/proc/sys/kernel/arch", &uname.machine),
            ("/proc/sys/kernel/hostname", &uname.nodename),
        ] {
            host.put(path, format!("{value}\n"), origin);
        }
        host.set_uname(uname);
    }
    // What a command said instead of its answer is none.
    if let Some((text, origin)) = &hostname
        && is_a_name(text.trim())
    {
        host.put("/proc/sys/kernel/hostname", text.as_str(), origin);
    }
    // After what says the same in better words.
    if let Some((text, origin)) = &settings {
        sysctl::lay_over(&mut host, text, origin);
    }
    if uname.is_none() {
        name_kernel(&mut host, log.as_ref());
    }
    if let Some((text, origin)) = &mounts {
        let table = mount_table(text);
        if !table.is_empty() {
            host.put("/proc/mounts", table, origin);
        }
    }
    if let Some((text, origin)) = &modules
        && is_list_of_modules(text)
    {
        compare_modules(&mut host, text, origin);
        host.put("/proc/modules", module_table(text), origin);
    }
    if let Some((text, origin)) = &log {
        host.put(KERNEL_LOG, text.as_str(), origin);
    }
    if let Some((text, origin)) = &firmware {
        let first = text.lines().next().unwrap_or_default();
        let state = match first.trim().strip_prefix("SecureBoot ") {
            Some("enabled") => Some(1),
            Some("disabled") => Some(0),
            _ => None,
        };
        if let Some(state) = state {
            // Four bytes of attributes, then the value.
            host.put(SECURE_BOOT, [6, 0, 0, 0, state], origin);
        }
    }
    lay_modes_over(&mut host, &[&selinux, &enforcement]);
    // It shows systemd's own groups where systemd is the init; elsewhere it complains, or has its own
    // name for the root of all groups and nothing of systemd's below.
    if let Some((text, origin)) = &groups
        && text.lines().any(|line| {
            let line = line.trim_start_matches(|c: char| !c.is_ascii_alphanumeric());
            matches!(
                line.split_whitespace().next(),
                Some("init.scope" | "system.slice")
            )
        })
    {
        host.put(SYSTEMD, "", origin);
    }
    if let Some((text, origin)) = &hardware {
        let system = text
            .split_once("System Information")
            .map_or("", |(_, rest)| rest);
        let system = system.split("\n\n").next().unwrap_or_default();
        for (label, path) in [
            ("Manufacturer:", "/sys/class/dmi/id/sys_vendor"),
            ("Product Name:", "/sys/class/dmi/id/product_name"),
        ] {
            if let Some(value) = line_behind(system, label) {
                host.put(path, format!("{value}\n"), origin);
            }
        }
    }
    host
}

/// What sestatus and getenforce said of SELinux; a mode comes first, as only an SELinux that is there
/// has one.
fn lay_modes_over<H: Host>(host: &mut Overlay<H>, said: &[&Option<(String, String)>]) {
    const MODE: &str = "/sys/fs/selinux/enforce";
    let said = said.iter().copied().flatten();
    let modes = said.filter_map(|(text, origin)| Some((mode_in(text)?, origin)));
    let (disabled, modes): (Vec<_>, Vec<_>) = modes.partition(|(mode, _)| *mode == DISABLED);
    for (mode, origin) in modes.into_iter().chain(disabled) {
        host.put(MODE, mode, origin);
    }
}

const DISABLED: &str = "disabled";

/// The mode of SELinux as selinuxfs tells it, or that it is disabled.
fn mode_in(text: &str) -> Option<&'static str> {
    let is_disabled = word_behind(text, "SELinux status:") == Some(DISABLED);
    let mode = word_behind(text, "Current mode:").unwrap_or_else(|| text.trim());
    match mode.to_lowercase().as_str() {
        "enforcing" => Some("1"),
        "permissive" => Some("0"),
        "disabled" => Some(DISABLED),
        _ => is_disabled.then_some(DISABLED),
    }
}

/// Whether this can be the name of a host.
fn is_a_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

/// The names in the list of the kernel's modules that the report has itself, against those lsmod
/// printed: which of them matters is for others to know.
fn compare_modules<H: Host>(host: &mut Overlay<H>, printed: &str, origin: &str) {
    const LIST: &str = "/proc/modules";
    const MOST: usize = 100;
    fn names(text: &str) -> BTreeSet<&str> {
        modules_in(text).map(|[name, ..]| name).collect()
    }
    let Some((own, _)) = text(host, &[LIST]) else {
        return;
    };
    let (own, printed) = (names(&own), names(printed));
    let only = |here: &BTreeSet<&str>, there: &BTreeSet<&str>| {
        let names = here.difference(there).take(MOST).copied();
        names.collect::<Vec<_>>().join(",")
    };
    if own != printed {
        let (here, there) = (only(&own, &printed), only(&printed, &own));
        host.differ(LIST, here, (there, origin.to_owned()));
    }
}

/// The kernel that ran, where no uname was collected: by /proc and sysctl, else by the first
/// line of the kernel's log, else by the image the boot loader named.
fn name_kernel<H: Host>(host: &mut Overlay<H>, log: Option<&(String, String)>) {
    const RELEASE: &str = "/proc/sys/kernel/osrelease";
    let of_version = text(host, &["/proc/version"]);
    let of_log = log.map(|(text, origin)| (text.clone(), origin.clone()));
    for (text, origin) in of_version.into_iter().chain(of_log) {
        let release = text
            .split_once("Linux version ")
            .and_then(|(_, rest)| rest.split_whitespace().next());
        if let Some(release) = release {
            host.put(RELEASE, format!("{release}\n"), &origin);
        }
    }
    if let Some((text, origin)) = text(host, &["/proc/cmdline"])
        && let Some(image) = text
            .split_whitespace()
            .find_map(|word| word.strip_prefix("BOOT_IMAGE="))
        && let Some(release) = super::boot::release_of(image)
        && super::boot::copied(&release).is_none()
        && host.stat(RELEASE).is_err()
    {
        host.put(RELEASE, format!("{release}\n"), &origin);
    }
    if let Ok(uname) = super::uname_of_proc(host) {
        host.set_uname(uname);
    }
}

fn line_behind<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    let mut lines = text.lines().map(str::trim);
    lines.find_map(|line| Some(line.strip_prefix(label)?.trim()))
}

fn word_behind<'a>(text: &'a str, label: &str) -> Option<&'a str> {
    line_behind(text, label)?.split_whitespace().next()
}

/// Names of machines as uname writes them; the build line before them has words of any kind.
const MACHINES: &[&str] = &[
    "x86_64",
    "aarch64",
    "ppc64le",
    "ppc64",
    "s390x",
    "riscv64",
    "i686",
    "i586",
    "armv7l",
    "loongarch64",
];

/// `Linux web-17 5.14.0-427.el9.x86_64 #1 SMP ... x86_64 x86_64 x86_64 GNU/Linux`.
fn parse_uname(text: &str) -> Option<Uname> {
    let line = text.lines().find(|line| line.starts_with("Linux "))?;
    let words: Vec<&str> = line.split_whitespace().collect();
    let (nodename, release) = (*words.get(1)?, *words.get(2)?);
    let behind = words.get(3..)?;
    let end = behind.iter().position(|word| MACHINES.contains(word));
    let version = behind.get(..end.unwrap_or(behind.len()))?;
    Some(Uname {
        release: release.to_owned(),
        version: version.join(" "),
        machine: end
            .and_then(|end| behind.get(end))
            .map_or("", |word| word)
            .to_owned(),
        nodename: nodename.to_owned(),
    })
}

/// `proc on /proc type proc (rw,nosuid)` as lines of /proc/mounts.
pub(super) fn mount_table(text: &str) -> String {
    let lines = text.lines().filter_map(|line| {
        let (device, rest) = line.split_once(" on ")?;
        let (point, rest) = rest.rsplit_once(" type ")?;
        let (fs_type, options) = rest.split_once(' ')?;
        let options = options.trim_start_matches('(');
        let options = options.split(')').next().unwrap_or_default();
        let escaped = |text: &str| text.replace('\\', "\\134").replace(' ', "\\040");
        Some(format!(
            "{} {} {fs_type} {options} 0 0\n",
            escaped(device),
            escaped(point)
        ))
    });
    lines.collect()
}

/// `nf_tables 356352 3 nft_ct,nft_nat` as lines of /proc/modules.
fn module_table(text: &str) -> String {
    let lines = modules_in(text).map(|[name, size, count, users]| {
        let users = match users {
            "" => "-".to_owned(),
            users => format!("{users},"),
        };
        format!("{name} {size} {count} {users} Live 0x0\n")
    });
    lines.collect()
}

/// Name, size, count and users of each module, in what lsmod printed or /proc/modules holds; what
/// else is there, such as a title that was sorted in, is none.
fn modules_in(text: &str) -> impl Iterator<Item = [&str; 4]> {
    let is_number = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    text.lines().filter_map(move |line| {
        let mut words = line.split_whitespace();
        let (name, size, count) = (words.next()?, words.next()?, words.next()?);
        (is_number(size) && (is_number(count) || count == "-"))
            .then(|| [name, size, count, words.next().unwrap_or_default()])
    })
}

/// Whether this is what lsmod prints, and not what was said in its place.
fn is_list_of_modules(text: &str) -> bool {
    let mut lines = text.lines();
    let has_title = lines.any(|line| line.starts_with("Module ") && line.contains(" Size "));
    has_title || modules_in(text).next().is_some()
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::host::Memory;

    fn report() -> Memory {
        Memory::new()
            .with("/version.txt", "sosreport: 4.7.1\n")
            .with(
                "/sos_commands/kernel/uname_-a",
                "Linux web-17 5.14.0-427.el9.x86_64 #1 SMP PREEMPT_DYNAMIC Fri Feb 23 01:51:18 EST \
                 2024 x86_64 x86_64 x86_64 GNU/Linux\n",
            )
            .with(
                "/sos_commands/kernel/sysctl_-a",
                "kernel.pid_max = 4194304\nkernel.unprivileged_bpf_disabled = 1\nvm.swappiness = 60\n",
            )
            .with("/sos_commands/kernel/dmesg", "[    0.000000] Linux version 5.14\n")
            .with(
                "/sos_commands/filesys/mount_-l",
                "cgroup2 on /sys/fs/cgroup type cgroup2 (rw,nosuid) [x]\n/dev/sda1 on /my disk type xfs (rw)\n",
            )
            .with("/sos_commands/selinux/sestatus", "SELinux status:   enabled\nCurrent mode:   enforcing\n")
            .with(
                "/sos_commands/hardware/dmidecode",
                "System Information\n\tManufacturer: QEMU\n\tProduct Name: Standard PC\n\n",
            )
            .with("/sos_commands/kernel/lsmod", "Module Size Used by\nnf_tables 356352 3 nft_ct,nft_nat\nx 1 0\n")
            .with("/proc/cmdline", "ro quiet\n")
            .with("/etc/os-release", "ID=rhel\n")
    }

    #[test]
    fn commands_stand_for_the_files_they_read() {
        assert!(is_one(&report()));
        assert!(!is_one(&Memory::new().with("/etc/os-release", "")));
        let host = open(report());
        for (path, content, origin) in [
            ("/proc/cmdline", "ro quiet\n", None),
            (
                "/proc/sys/kernel/unprivileged_bpf_disabled",
                "1\n",
                Some("sos_commands/kernel/sysctl_-a"),
            ),
            (
                "/proc/sys/kernel/osrelease",
                "5.14.0-427.el9.x86_64\n",
                Some("sos_commands/kernel/uname_-a"),
            ),
            (
                "/proc/mounts",
                "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n/dev/sda1 /my\\040disk xfs rw 0 0\n",
                Some("sos_commands/filesys/mount_-l"),
            ),
            (
                "/proc/modules",
                "nf_tables 356352 3 nft_ct,nft_nat, Live 0x0\nx 1 0 - Live 0x0\n",
                Some("sos_commands/kernel/lsmod"),
            ),
            (
                KERNEL_LOG,
                "[    0.000000] Linux version 5.14\n",
                Some("sos_commands/kernel/dmesg"),
            ),
            (
                "/sys/fs/selinux/enforce",
                "1",
                Some("sos_commands/selinux/sestatus"),
            ),
            (
                "/sys/class/dmi/id/sys_vendor",
                "QEMU\n",
                Some("sos_commands/hardware/dmidecode"),
            ),
        ] {
            let bytes = host.read(path, LIMIT).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), content, "{path}");
            assert_eq!(host.origin(path).as_deref(), origin, "{path}");
        }
    }

    #[test]
    fn what_it_does_not_hold_is_not_known() {
        let host = open(report());
        for (path, kind) in [
            ("/sys/kernel/btf/vmlinux", io::ErrorKind::Unsupported),
            ("/usr/bin/grubby", io::ErrorKind::Unsupported),
            // sysctl would have shown it.
            (
                "/proc/sys/kernel/bpf_stats_enabled",
                io::ErrorKind::NotFound,
            ),
        ] {
            assert_eq!(host.read(path, 9).unwrap_err().kind(), kind, "{path}");
            assert_eq!(host.stat(path).unwrap_err().kind(), kind, "{path}");
        }
    }

    #[test]
    fn the_log_that_has_the_first_line_is_taken() {
        let boot = "[    0.000000] Linux version 4.18\n";
        let journal = "Jan 01 00:00:00 web-17 kernel: Linux version 4.18\n\
                       Jan 01 00:00:00 web-17 sshd[7]: x kernel\n";
        let old = "[ 9999.0] x\n";
        let report = || Memory::new().with("/version.txt", "sosreport: 4\n");
        for (files, read) in [
            (&[("/sos_commands/kernel/dmesg", boot)][..], boot),
            (&[("/sos_commands/kernel/dmesg", old)], old),
            (
                &[
                    ("/sos_commands/kernel/dmesg", old),
                    ("/var/log/dmesg", boot),
                ],
                boot,
            ),
            (
                &[("/sos_commands/kernel/dmesg", old), (JOURNAL[0], journal)],
                "Linux version 4.18\n",
            ),
            // The log of a kernel that was there before.
            (
                &[
                    ("/sos_commands/kernel/dmesg", old),
                    ("/var/log/dmesg", boot),
                    ("/uname", "Linux web-17 5.14.0-1.el9.x86_64 #1 SMP x86_64\n"),
                ],
                old,
            ),
        ] {
            let files = files.iter();
            let report = files.fold(report(), |host, (path, text)| host.with(path, text));
            let bytes = open(report).read(KERNEL_LOG, LIMIT).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), read);
        }
    }

    #[test]
    fn secure_boot_is_told_by_its_tool() {
        for (text, state) in [
            ("SecureBoot enabled\n", Some(1)),
            ("SecureBoot disabled\nPlatform is in Setup Mode\n", Some(0)),
            ("EFI variables are not supported on this system\n", None),
        ] {
            let place = "/sos_commands/boot/mokutil_--sb-state";
            let host = open(report().with(place, text));
            assert_eq!(host.byte(SECURE_BOOT, 4).ok(), state, "{text}");
        }
    }

    #[test]
    fn the_tree_of_groups_tells_that_systemd_runs() {
        for (text, runs) in [
            (
                "Control group /:\n-.slice\n\u{251c}\u{2500}init.scope\n",
                true,
            ),
            ("CGroup /:\n\u{251c}\u{2500}system.slice\n", true),
            (
                "Control group /:\n-.slice\n\u{2514}\u{2500}7 sleep 9\n",
                false,
            ),
            (
                "Failed to connect to bus: No such file or directory\n",
                false,
            ),
            ("", false),
        ] {
            for place in GROUPS {
                let host = open(report().with(place, text));
                assert_eq!(host.stat(SYSTEMD).is_ok(), runs, "{text}");
            }
        }
    }

    #[test]
    fn uname_is_told_apart() {
        let debian = "Linux vm 6.1.0-47-amd64 #1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-04-30) x86_64 GNU/Linux";
        let uname = parse_uname(debian).unwrap();
        assert_eq!(
            uname.version,
            "#1 SMP PREEMPT_DYNAMIC Debian 6.1.170-1 (2026-04-30)"
        );
        assert_eq!(
            (uname.machine.as_str(), uname.nodename.as_str()),
            ("x86_64", "vm")
        );
        let odd = parse_uname("Linux vm 6.1 #1 SMP sparc").unwrap();
        assert_eq!(
            (odd.version.as_str(), odd.machine.as_str()),
            ("#1 SMP sparc", "")
        );
        assert_eq!(parse_uname("Linux vm"), None);
        assert_eq!(parse_uname(""), None);
    }
}
