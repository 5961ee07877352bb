//! Which members of an archive facts may ask for: of the files of a whole host, a few hundred of
//! some hundred thousand.

use super::supportconfig;

/// What is kept of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wish {
    /// Nothing: nobody asks whether it is there.
    Nothing,
    /// That it is there.
    Presence,
    /// Its beginning.
    Begin,
    /// Its bytes, too.
    Bytes,
}

/// Directories that stand at the top of a root file system, a sosreport or a bundle; another one
/// that holds everything is that of the archive itself.
const TOPS: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "efi",
    "etc",
    "files",
    "lib",
    "lib64",
    "proc",
    "run",
    "sbin",
    "sos_commands",
    "sos_logs",
    "sos_reports",
    "sos_strings",
    "sys",
    "usr",
    "var",
];

/// These stand there, too, and people call the directory of an archive so.
const EITHER: &[&str] = &["home", "media", "mnt", "opt", "root", "snap", "srv", "tmp"];

/// Whether a directory of this name stands at the top of a host.
pub(super) fn is_top(name: &str) -> bool {
    TOPS.contains(&name)
}

/// What facts may ask of this member; its first directory may be that of the archive itself.
pub(super) fn wish(path: &str) -> Wish {
    let behind = path.get(1..).unwrap_or_default();
    let Some((first, rest)) = behind.split_once('/') else {
        return wish_at(path);
    };
    let inner = behind.get(first.len()..).unwrap_or_default();
    let (next, deeper) = match rest.split_once('/') {
        Some((next, _)) => (next, true),
        None => (rest, false),
    };
    if is_top(first) {
        wish_at(path)
    } else if !deeper && is_packed(next) {
        // Of an archive of several hosts' archives these are named.
        Wish::Presence
    } else if (EITHER.contains(&first) || deeper) && !is_top(next) && !SYSTEMS.contains(&next) {
        // Of a store or a disk with a name of its own, links tell what is asked for.
        match SYSTEMS.contains(&first) {
            true => wish_at(path),
            false => Wish::Nothing,
        }
    } else if !deeper && !is_top(first) && !is_asked_at_top(next) {
        // A directory of the root that nobody knows may have any number of files.
        Wish::Nothing
    } else {
        wish_at(inner)
    }
}

/// Whether this is the name of an archive that may be a host's.
pub(super) fn is_packed(name: &str) -> bool {
    const ENDINGS: [&str; 5] = [".tar", ".tar.xz", ".tar.gz", ".tgz", ".txz"];
    ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// Whether facts ask for this name at the top of a host: a directory, a text of a report or a
/// bundle, a link to the kernel, a mark of a container.
fn is_asked_at_top(name: &str) -> bool {
    is_top(name)
        || SYSTEMS.contains(&name)
        || matches!(name, "vmlinuz" | ".dockerenv")
        || has_bytes(&format!("/{name}"))
}

/// Whether all that lies below this directory is kept whole by its own name.
pub(super) fn is_whole(path: &str) -> bool {
    let top = path.split('/').nth(1).unwrap_or_default();
    matches!(top, "etc" | "run" | "files") || (top == "sys" && !path.starts_with(DEBUG))
}

/// What the kernel shows here is endless.
const DEBUG: &str = "/sys/kernel/debug";

/// Where image-based systems keep their roots, which are looked for by name.
const SYSTEMS: &[&str] = &["ostree", "sysroot"];

fn wish_at(path: &str) -> Wish {
    let name = path.rsplit('/').next().unwrap_or_default();
    if has_bytes(path) {
        // Kernels and programs are large, and say what they are at their beginning. What lies in a
        // bundle was chosen when it was packed, and is judged whole.
        let is_chosen = ["/sys/", "/files/"].iter().any(|top| path.starts_with(top));
        match name.starts_with("vmlinu") || PROGRAMS.contains(&name) {
            true if !is_chosen => Wish::Begin,
            _ => Wish::Bytes,
        }
    } else if is_asked(path) {
        Wish::Presence
    } else {
        Wish::Nothing
    }
}

/// Files beside a kernel of which nobody asks more than whether they are there.
const LARGE: &[&str] = &["initr", "System.map", "symvers", "symtypes", "xen"];

/// Programs by which the machine is told, which lie where these links lead; and one that may be
/// a script.
const PROGRAMS: &[&str] = &[
    "systemd", "init", "sh", "bash", "dash", "busybox", "env", "bpftool",
];

fn has_bytes(path: &str) -> bool {
    let mut parts = path.split('/').skip(1);
    let (top, second) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let name = path.rsplit('/').next().unwrap_or_default();
    match top {
        "etc" | "run" | "files" | "manifest.yaml" | "probes.yaml" | "version.txt" => true,
        "boot" | "efi" => !LARGE.iter().any(|begin| name.starts_with(begin)),
        "proc" => !second.starts_with(|c: char| c.is_ascii_digit()) || second == "1",
        "sys" => !path.starts_with(DEBUG),
        "bin" | "sbin" => PROGRAMS.contains(&name),
        "lib" | "usr" => {
            let is_program = ["/bin/", "/sbin/", "/lib/systemd/", "/linux-tools/"];
            matches!(
                name,
                "os-release"
                    | ".config"
                    | "pkgbase"
                    | "kernel.release"
                    | "modules.builtin"
                    | "modules.dep"
            ) || name == "config"
                || name.starts_with("config-")
                || name.starts_with("vmlinuz")
                || path == "/lib/apk/db/installed"
                || (PROGRAMS.contains(&name) && is_program.iter().any(|dir| path.contains(dir)))
        }
        "sos_commands" => matches!(
            name,
            "uname_-a"
                | "sysctl_-a"
                | "hostname"
                | "date"
                | "date_--utc"
                | "mount_-l"
                | "mokutil_--sb-state"
                | "journalctl_--no-pager_--boot"
                | "journalctl_--no-pager_--catalog_--boot"
                | "lsmod"
                | "dmesg"
                | "dmesg_-T"
                | "sestatus"
                | "sestatus_-b"
                | "sestatus_-v"
                | "getenforce"
                | "dmidecode"
                | "systemd-cgls"
        ),
        name if supportconfig::is_text(name) => second.is_empty(),
        "uname" | "hostname" | "date" | "mount" | "lsmod" | "dmidecode" | "installed-rpms"
        | "installed-debs" => second.is_empty(),
        "var" => matches!(
            path,
            "/var/log/dmesg" | "/var/lib/dpkg/status" | "/var/lib/rhsm/cache/releasever.json"
        ),
        _ => false,
    }
}

/// Whether somebody may ask if it is there. What is not told apart here is.
fn is_asked(path: &str) -> bool {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let at = |place: usize| parts.get(place).copied().unwrap_or_default();
    match at(0) {
        "sos_logs" | "sos_reports" | "sos_strings" => parts.len() == 1,
        "proc" => !at(1).starts_with(|c: char| c.is_ascii_digit()) || at(1) == "1",
        "sos_commands" => parts.len() < 3,
        "sys" => at(1) != "devices" || parts.len() < 5,
        "var" => parts.len() < 6,
        "ostree" | "sysroot" => parts.len() < 7,
        "lib" => is_asked_of_library(parts.get(1..).unwrap_or_default()),
        "usr" => match at(1) {
            "lib" => is_asked_of_library(parts.get(2..).unwrap_or_default()),
            "share" => parts.len() == 2 || at(2) == "oem",
            "include" | "games" | "libexec" => parts.len() == 2,
            "src" => parts.len() < 6,
            _ => true,
        },
        _ => true,
    }
}

/// The same below /lib: of modules, the two that show what the kernel was built with.
fn is_asked_of_library(parts: &[&str]) -> bool {
    let name = parts.last().copied().unwrap_or_default();
    match parts {
        ["modules", _, "kernel", ..] => {
            name.starts_with("configs.ko") || name.starts_with("kheaders.ko")
        }
        ["firmware" | "locale" | "debug", ..] => parts.len() == 1,
        _ => parts.len() < 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_members_few_are_kept() {
        for (path, wished) in [
            ("/etc/os-release", Wish::Bytes),
            ("/top/etc/os-release", Wish::Bytes),
            ("/sosreport-x/sos_commands/kernel/dmesg", Wish::Bytes),
            ("/x/sos_commands/cgroups/systemd-cgls", Wish::Bytes),
            ("/scc_x/basic-environment.txt", Wish::Bytes),
            ("/sos_commands/kernel/lspci", Wish::Nothing),
            ("/usr/bin/grubby", Wish::Presence),
            ("/top/usr/bin/grubby", Wish::Presence),
            ("/usr/share/doc/x/copyright", Wish::Nothing),
            ("/usr/share/oem/grub.cfg", Wish::Presence),
            ("/usr/sbin/bpftool", Wish::Begin),
            ("/lib/modules/6.1.0/modules.dep", Wish::Bytes),
            ("/usr/share/kernel/lts/kernel.release", Wish::Bytes),
            ("/usr/lib/modules/6.1.0/pkgbase", Wish::Bytes),
            ("/usr/lib/modules/6.1.0/vmlinuz", Wish::Begin),
            ("/boot/vmlinuz-6.1.0", Wish::Begin),
            ("/boot/System.map-6.1.0", Wish::Presence),
            ("/sys/kernel/btf/vmlinux", Wish::Bytes),
            ("/top/files/sys/kernel/btf/vmlinux", Wish::Bytes),
            ("/files/usr/lib/modules/6.1.0/vmlinuz", Wish::Bytes),
            ("/top/files/usr/sbin/bpftool", Wish::Bytes),
            ("/nix/store/a-etc/etc/os-release", Wish::Nothing),
            ("/top/ostree/deploy/x/deploy", Wish::Presence),
            ("/ostree/deploy/x/deploy", Wish::Presence),
            ("/lib/modules/6.1.0/kernel/fs/xfs/xfs.ko", Wish::Nothing),
            (
                "/lib/modules/6.1.0/kernel/kernel/configs.ko.xz",
                Wish::Presence,
            ),
            ("/usr/lib/x86_64-linux-gnu/libbpf.so.1", Wish::Presence),
            ("/proc/1/mountinfo", Wish::Bytes),
            ("/proc/77/maps", Wish::Nothing),
            ("/home/alice/x", Wish::Nothing),
            ("/usr/bin/bash", Wish::Begin),
            ("/root/etc/os-release", Wish::Bytes),
            ("/mnt/usr/share/x", Wish::Nothing),
            ("/var/lib/kubelet/config.yaml", Wish::Presence),
            ("/var/lib/docker/overlay2/1f/diff/usr/bin/x", Wish::Nothing),
            ("/data/1", Wish::Nothing),
            ("/top/vmlinuz", Wish::Presence),
            ("/top/usr", Wish::Presence),
            ("/top/uname", Wish::Bytes),
            ("/top/installed-rpms", Wish::Bytes),
            ("/installed-debs", Wish::Bytes),
            ("/top/manifest.yaml", Wish::Bytes),
            ("/usr", Wish::Presence),
            ("/", Wish::Presence),
        ] {
            assert_eq!(wish(path), wished, "{path}");
        }
    }
}
