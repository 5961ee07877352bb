//! A root below which a kernel was chosen that does not run there.

use std::collections::BTreeMap;
use std::io;

use super::kernels::{self, Choice};
use super::{Conflict, Host, KERNEL_LOG, Kind, Uname};

/// Where it is told that the kernel that was chosen is another than the one that runs: there is
/// something to read then.
pub const ANOTHER_RUNS: &str = "/proc/another.runs";

const RELEASE: &str = "/proc/sys/kernel/osrelease";
const CMDLINE: &str = "/proc/cmdline";

/// A host whose files are those of another one, with an answer to which kernel is meant.
#[derive(Debug)]
pub(super) struct Rooted<H> {
    inner: H,
    uname: Uname,
    cmdline: Option<String>,
    /// Whether what the running kernel shows is of another kernel than the one chosen.
    other_runs: bool,
    /// Whether that one is known to have another release, so that nobody runs the chosen one here.
    at_rest: bool,
    origins: BTreeMap<&'static str, String>,
}

/// A kernel that was asked for and that is not there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoSuchKernel {
    /// The releases that are there.
    pub(super) there: Vec<String>,
}

/// The host as it is if a kernel runs there and no other was asked for, else with the kernel
/// that is meant. Where /proc is not its own, what runs is another host, as long as there is a
/// kernel to choose.
pub(super) fn with_kernel<H: Host + 'static>(
    inner: H,
    asked: Option<&str>,
    is_own: bool,
) -> Result<Box<dyn Host>, NoSuchKernel> {
    let uname = inner.uname();
    // One runs there, and nobody can say which.
    let is_odd = matches!(&uname, Err(error) if error.kind() == io::ErrorKind::InvalidData);
    if is_odd && asked.is_none() {
        return Ok(Box::new(inner));
    }
    let running = uname.ok().map(|uname| uname.release);
    let running = running.filter(|release| !release.is_empty());
    let is_own = is_own || (asked.is_none() && kernels::choose(&inner, None).is_none());
    if is_own && running.is_some() && (asked.is_none() || asked == running.as_deref()) {
        return Ok(Box::new(inner));
    }
    if let Some(asked) = asked {
        let mut there = kernels::installed(&inner);
        let running = running.clone().filter(|_| is_own);
        there.extend(running.filter(|running| !there.contains(running)));
        if !there.iter().any(|release| release == asked) {
            return Err(NoSuchKernel { there });
        }
    }
    let Some(choice) = kernels::choose(&inner, asked) else {
        return Ok(Box::new(inner));
    };
    let at_rest = running
        .as_ref()
        .is_some_and(|running| *running != choice.release);
    let other_runs = running.is_some() || is_odd;
    Ok(Box::new(Rooted::new(inner, choice, other_runs, at_rest)))
}

impl<H: Host> Rooted<H> {
    fn new(inner: H, choice: Choice, other_runs: bool, at_rest: bool) -> Self {
        let mut origins = BTreeMap::from([(RELEASE, choice.why.clone())]);
        let cmdline = choice.cmdline.clone().map(|(line, place)| {
            origins.insert(CMDLINE, place);
            line
        });
        let mut uname = Uname::default();
        if let Some((line, place)) = kernels::build_line(&inner, &choice) {
            origins.insert("/proc/sys/kernel/version", place);
            uname.version = line;
        }
        if let Some((name, place)) = kernels::machine(&inner) {
            origins.insert("/proc/sys/kernel/arch", place.to_owned());
            uname.machine = name.to_owned();
        }
        uname.release = choice.release;
        Self {
            inner,
            uname,
            cmdline,
            other_runs,
            at_rest,
            origins,
        }
    }

    /// What speaks of the running kernel says nothing of the one that was chosen.
    fn meant(&self, path: &str) -> io::Result<()> {
        let of_kernel = ["/proc", "/sys"].iter().any(|top| {
            let rest = path.strip_prefix(top);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        });
        if self.other_runs && (of_kernel || path == KERNEL_LOG) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        Ok(())
    }
}

impl<H: Host> Host for Rooted<H> {
    fn conflicts(&self) -> Vec<Conflict> {
        // They are about the kernel that runs.
        if self.other_runs {
            return Vec::new();
        }
        self.inner.conflicts()
    }

    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        match (&self.cmdline, path) {
            // One without arguments is a line, too, as the kernel would write it.
            (Some(text), CMDLINE) if text.is_empty() => Ok(b"\n".to_vec()),
            (Some(text), CMDLINE) => Ok(text.bytes().take(limit).collect()),
            (_, ANOTHER_RUNS) if self.at_rest => Ok(b"\n".iter().copied().take(limit).collect()),
            // Only a kernel that runs has it.
            _ if path == RELEASE => Err(io::ErrorKind::NotFound.into()),
            _ => self.meant(path).and_then(|()| self.inner.read(path, limit)),
        }
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        self.meant(path).and_then(|()| self.inner.byte(path, at))
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        self.meant(path).and_then(|()| self.inner.list(path))
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        self.meant(path).and_then(|()| self.inner.stat(path))
    }

    fn link(&self, path: &str) -> io::Result<String> {
        self.meant(path).and_then(|()| self.inner.link(path))
    }

    fn uname(&self) -> io::Result<Uname> {
        Ok(self.uname.clone())
    }

    fn is_live(&self) -> bool {
        false
    }

    fn origin(&self, path: &str) -> Option<String> {
        let own = self.origins.get(path).cloned();
        own.or_else(|| self.inner.origin(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    fn host_of_rescue() -> Memory {
        Memory::new()
            .with_uname("6.1.0-9-amd64", "#1", "x86_64")
            .with("/proc/config.gz", "CONFIG_A=y")
            .with("/boot/vmlinuz-6.12.0", "")
    }

    #[test]
    fn a_kernel_that_runs_is_meant_unless_another_is_asked_for() {
        let root = Memory::new()
            .with_uname("6.1.0-9-amd64", "#1", "x86_64")
            .with("/proc/config.gz", "CONFIG_A=y")
            .with("/etc/os-release", "ID=x")
            .with("/boot/vmlinuz-6.12.0", "");
        for asked in [None, Some("6.1.0-9-amd64")] {
            let host = with_kernel(root.clone(), asked, true).unwrap();
            assert_eq!(host.uname().unwrap().release, "6.1.0-9-amd64");
            assert!(host.read("/proc/config.gz", 9).is_ok());
        }
        let wrong = with_kernel(root.clone(), Some("6.12.1"), true)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(wrong.there, ["6.12.0", "6.1.0-9-amd64"]);
        let host = with_kernel(root, Some("6.12.0"), true).unwrap();
        assert_eq!(host.uname().unwrap().release, "6.12.0");
        // /proc of a rescue system, bound into the one that is mended.
        let rescued = with_kernel(host_of_rescue(), None, false).unwrap();
        assert_eq!(rescued.uname().unwrap().release, "6.12.0");
        assert!(rescued.read("/proc/config.gz", 9).is_err());
        let empty = with_kernel(Memory::new().with_uname("6.1.0", "", ""), None, false).unwrap();
        assert_eq!(empty.uname().unwrap().release, "6.1.0");
        let hidden = host.read("/proc/config.gz", 9).unwrap_err();
        assert_eq!(hidden.kind(), io::ErrorKind::Unsupported);
        assert!(host.stat("/sys").is_err());
        assert!(host.read("/etc/os-release", 9).is_ok());
        assert_eq!(host.origin(RELEASE).unwrap(), "--release");
    }

    #[test]
    fn what_is_no_release_names_no_kernel_and_no_other_is_taken_for_it() {
        for text in ["../../../etc/passwd", "6.1.0\0", "6.1 x"] {
            let root = Memory::new()
                .with("/proc/sys/kernel/osrelease", text)
                .with("/boot/vmlinuz-6.12.0", "");
            let (root, _) = super::super::noticing::Noticing::new(root, Default::default());
            let host = with_kernel(root, None, true).unwrap();
            let facts = crate::facts::collect(host.as_ref());
            assert_eq!(facts.text("kernel.release"), None, "{text:?}");
        }
    }

    #[test]
    fn an_image_has_the_command_line_it_would_be_booted_with() {
        let image = Memory::new().with(
            "/boot/loader/entries/x.conf",
            "linux /vmlinuz-6.9.1\noptions ro lsm=bpf\n",
        );
        let host = with_kernel(image, None, true).unwrap();
        assert_eq!(host.uname().unwrap().release, "6.9.1");
        assert_eq!(host.read(CMDLINE, 99).unwrap(), b"ro lsm=bpf");
        let place = "/boot/loader/entries/x.conf (boot configuration)";
        assert_eq!(host.origin(CMDLINE).unwrap(), place);
        let nothing = with_kernel(Memory::new(), None, true).unwrap();
        assert!(nothing.uname().is_err());
    }
}
