//! What of a file goes into a bundle: what facts ask for, and nothing that is nobody's business.

use super::files::unpacked;
use super::{DEBS, KERNEL_LOG, RPMS, listed};
use crate::gzip::GZIP;

/// What facts look for in the kernel's log; the rest of it is nobody's business, and says who
/// was logged in.
const TELLING: &[&str] = &[
    "Linux version ",
    "ommand line: ",
    "LSM: initializing",
    "Kernel is locked down from ",
    "Lockdown: ",
    "Lifting lockdown",
    "Secure boot ",
    "LSM support for eBPF active",
    "landlock: Up and running",
    "Yama: becoming mindful",
    "LoadPin: ready to pin",
    "SELinux:  Initializing",
    "Smack:  Initializing",
    "TOMOYO Linux initialized",
    "AppArmor: AppArmor initialized",
];

/// More than any packed file that facts ask for holds, in bytes.
const UNPACKED: usize = 16 << 20;

/// Package databases.
const DPKG_STATUS: &str = "/var/lib/dpkg/status";
const APK_INSTALLED: &str = "/lib/apk/db/installed";
/// A file that some other than the doctor might read: nothing in it is anybody's business
/// but this.
const ENVIRONMENT: &str = "/proc/1/environ";

/// The bytes without what nobody needs: secrets in the environment of PID 1, and what
/// changes from moment to moment.
pub(super) fn reduced(path: &str, bytes: &[u8]) -> Vec<u8> {
    let lines = |keep: &dyn Fn(&str) -> bool| -> Vec<u8> {
        let text = String::from_utf8_lossy(bytes);
        let kept = text.split_inclusive('\n').filter(|line| keep(line));
        kept.collect::<String>().into_bytes()
    };
    match path {
        ENVIRONMENT => {
            let mut variables = bytes.split(|byte| *byte == 0);
            let container = variables.find(|variable| variable.starts_with(b"container="));
            container.unwrap_or_default().to_vec()
        }
        "/proc/self/status" => {
            let text = String::from_utf8_lossy(bytes);
            text.lines()
                .filter_map(steady)
                .collect::<String>()
                .into_bytes()
        }
        // The bundle is packed anyway, and redaction reads text alone.
        _ if bytes.starts_with(GZIP) => {
            unpacked(bytes, UNPACKED).unwrap_or_else(|_| bytes.to_vec())
        }
        "/proc/cpuinfo" => lines(&|line| !line.starts_with("cpu MHz")),
        RPMS | DEBS => {
            let text = String::from_utf8_lossy(bytes);
            let kept = listed(path, &text).map(|package| package.line);
            kept.collect::<String>().into_bytes()
        }
        KERNEL_LOG => lines(&|line| TELLING.iter().any(|mark| line.contains(mark))),
        DPKG_STATUS => packages(bytes, "Package: "),
        APK_INSTALLED => packages(bytes, "P:"),
        _ => bytes.to_vec(),
    }
}

/// The paragraphs of a package database that are about BPF: what else is installed is nobody's
/// business, and megabytes of it.
fn packages(bytes: &[u8], name: &str) -> Vec<u8> {
    let subjects = ["bpf", "pahole", "dwarves"];
    let text = String::from_utf8_lossy(bytes);
    // Its llvm-objdump shows programs: `llvm`, `llvm-14`, `llvm18`.
    let is_llvm = |package: &str| {
        let number = package.strip_prefix("llvm");
        number.is_some_and(|number| number.bytes().all(|b| b == b'-' || b.is_ascii_digit()))
    };
    let tells =
        |package: &str| is_llvm(package) || subjects.iter().any(|word| package.contains(word));
    let wanted = |paragraph: &&str| {
        let mut names = paragraph.lines().filter_map(|line| line.strip_prefix(name));
        names.any(tells)
    };
    let kept: Vec<&str> = text.split("\n\n").filter(wanted).collect();
    (kept.join("\n\n") + "\n").into_bytes()
}

/// A line of /proc/self/status that says the same of every process of this kind.
fn steady(line: &str) -> Option<String> {
    let (name, value) = line.split_once(':')?;
    let value = match name {
        "Tgid" | "Ngid" | "Pid" | "PPid" | "TracerPid" => "\t0",
        "SigQ" => "\t0/0",
        "Name" | "Umask" | "State" | "Uid" | "Gid" | "FDSize" | "Groups" | "Threads" | "SigPnd"
        | "ShdPnd" | "SigBlk" | "SigIgn" | "SigCgt" | "CapInh" | "CapPrm" | "CapEff" | "CapBnd"
        | "CapAmb" | "NoNewPrivs" | "Seccomp" | "Seccomp_filters" => value,
        _ => return None,
    };
    Some(format!("{name}:{value}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_environment_is_kept_but_the_container() {
        let environment = b"SECRET=x\0container=lxc\0PATH=/bin\0";
        assert_eq!(reduced(ENVIRONMENT, environment), b"container=lxc");
        assert_eq!(reduced(ENVIRONMENT, b"SECRET=x\0"), b"");
        let status =
            b"Name:\tx\nPid:\t77\nVmPeak:\t9 kB\nCapEff:\t0\nnonvoluntary_ctxt_switches:\t9\n";
        let kept = reduced("/proc/self/status", status);
        assert_eq!(kept, b"Name:\tx\nPid:\t0\nCapEff:\t0\n");
    }

    #[test]
    fn of_lists_of_packages_those_that_tell_something_are_kept_and_the_first() {
        let head = "Desired=Unknown/Install\n||/ Name Version Architecture Description\n";
        for (list, packages, kept) in [
            (
                "/installed-rpms",
                "acme-1-1.noarch x\nbpftool-7-1.x86_64 x\nvim-9-1.x86_64 bpf\nllvm-17-1.x86_64 x\n\
                 kernel-devel-5.14.0-427.el9.x86_64 x\nkernel-uek-5.15.0-1.el8.x86_64 x\n",
                "acme-1-1.noarch x\nbpftool-7-1.x86_64 x\nllvm-17-1.x86_64 x\n\
                 kernel-devel-5.14.0-427.el9.x86_64 x\nkernel-uek-5.15.0-1.el8.x86_64 x\n",
            ),
            (
                "/installed-rpms",
                "[error] no command\nvim-9-1.x86_64 x\n",
                "vim-9-1.x86_64 x\n",
            ),
            // As they are without release and machine.
            (
                "/installed-rpms",
                "acme-1 x\nvim-9 x\nkernel-devel-6.1.0 Mon\nkernel-6.1 Mon\n",
                "acme-1 x\nkernel-devel-6.1.0 Mon\nkernel-6.1 Mon\n",
            ),
            ("/installed-rpms", "[error] no command\n", ""),
            (
                "/installed-debs",
                "ii  adduser 3.118 all x\nii  kmod 29 amd64 tools for the kernel\n\
                 ii  linux-headers-6.1.0-9-amd64 6.1.27-1 amd64 x\nrc  dwarves 1.24 amd64 x\n\
                 ii  linux-image-6.1.0-9-amd64 6.1.27-1 amd64 x\n",
                "ii  adduser 3.118 all x\nii  linux-headers-6.1.0-9-amd64 6.1.27-1 amd64 x\n\
                 ii  linux-image-6.1.0-9-amd64 6.1.27-1 amd64 x\n",
            ),
            ("/installed-debs", "", ""),
        ] {
            let begin = if list.ends_with("debs") { head } else { "" };
            let reduced = reduced(list, format!("{begin}{packages}").as_bytes());
            assert_eq!(String::from_utf8(reduced).unwrap(), kept, "{packages}");
        }
    }
}
