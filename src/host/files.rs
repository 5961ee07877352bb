//! A host of which single files are known: what was sent in a mail, or the config of a
//! kernel that is not built yet.

use std::io::Read;

use super::overlay::{Nothing, Overlay};
use super::{Host, Uname, sysctl};

/// What a single file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// A kernel's build configuration, plain or packed with gzip.
    Config,
    /// /proc/cmdline.
    Cmdline,
    /// What `sysctl -a` prints.
    Sysctl,
    /// /etc/os-release.
    OsRelease,
    /// /proc/filesystems.
    Filesystems,
    /// /proc/self/mountinfo or /proc/mounts.
    Mountinfo,
    /// /sys/kernel/security/lsm.
    Lsm,
    /// /sys/kernel/security/lockdown.
    Lockdown,
    /// /sys/kernel/btf/vmlinux.
    Btf,
}

/// A file that is not what it was given as.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name} is no {what}{why}")]
pub struct UnusableFile {
    name: String,
    what: &'static str,
    why: &'static str,
}

/// The files known of a host.
#[derive(Debug)]
pub struct Files {
    host: Overlay<Nothing>,
    release: Option<(String, String)>,
    machine: Option<(&'static str, String)>,
}

const RELEASE: &str = "/proc/sys/kernel/osrelease";
const MACHINE: &str = "/proc/sys/kernel/arch";

/// Some hundred times the largest config there is.
const CONFIG_LIMIT: usize = 8 << 20;

impl Files {
    /// No files yet; perhaps the release of the kernel that is meant.
    #[must_use]
    pub fn new(release: Option<&str>) -> Self {
        Self {
            host: Overlay::new(Nothing),
            release: release.map(|release| (release.to_owned(), "--release".to_owned())),
            machine: None,
        }
    }

    /// Adds the file that goes by `name`.
    ///
    /// # Errors
    /// If its bytes can't be what its role says.
    pub fn add(&mut self, role: Role, name: &str, bytes: &[u8]) -> Result<(), UnusableFile> {
        let no = |what, why| UnusableFile {
            name: name.to_owned(),
            what,
            why,
        };
        let text = String::from_utf8_lossy(bytes);
        match role {
            Role::Config => {
                let text = config(bytes).map_err(|why| no("kernel config", why))?;
                self.read_header(&text, name);
                self.host.put("/proc/config.gz", text, name);
            }
            Role::Sysctl => {
                if !text.contains('=') {
                    return Err(no("output of sysctl", ": no line has a `=`"));
                }
                sysctl::lay_over(&mut self.host, &text, name);
            }
            Role::Mountinfo => {
                let is_mountinfo = text.lines().any(|line| line.contains(" - "));
                let path = if is_mountinfo {
                    "/proc/self/mountinfo"
                } else {
                    "/proc/mounts"
                };
                self.host.put(path, bytes, name);
            }
            Role::Cmdline => self.host.put("/proc/cmdline", bytes, name),
            Role::OsRelease => self.host.put("/etc/os-release", bytes, name),
            Role::Filesystems => self.host.put("/proc/filesystems", bytes, name),
            Role::Lsm => self.host.put("/sys/kernel/security/lsm", bytes, name),
            Role::Lockdown => self.host.put("/sys/kernel/security/lockdown", bytes, name),
            Role::Btf => self.host.put("/sys/kernel/btf/vmlinux", bytes, name),
        }
        Ok(())
    }

    /// `# Linux/x86 5.10.218 Kernel Configuration`, which stands in the first lines.
    fn read_header(&mut self, text: &str, name: &str) {
        let header = text.lines().take(10).find_map(|line| {
            let rest = line.strip_prefix("# Linux/")?;
            rest.strip_suffix(" Kernel Configuration")?.split_once(' ')
        });
        if let Some((_, release)) = header
            && self.release.is_none()
        {
            self.release = Some((release.to_owned(), format!("{name} (its header)")));
        }
        let has = |option: &str| text.lines().any(|line| line == option);
        let machine = [
            ("CONFIG_X86_64=y", "x86_64"),
            ("CONFIG_ARM64=y", "aarch64"),
            ("CONFIG_S390=y", "s390x"),
            ("CONFIG_ARCH_RV64I=y", "riscv64"),
        ];
        let machine = machine.into_iter().find(|(option, _)| has(option));
        self.machine = machine.map(|(_, machine)| (machine, name.to_owned()));
    }

    /// The host these files are of.
    #[must_use]
    pub fn host(mut self) -> Box<dyn Host> {
        let (release, why) = self.release.unwrap_or_default();
        let (machine, place) = self.machine.unwrap_or_default();
        for (path, value, origin) in [(RELEASE, release.as_str(), why), (MACHINE, machine, place)] {
            if !value.is_empty() {
                self.host.put(path, value, &origin);
            }
        }
        // Of a running host's settings, the release is one: --sysctl tells it, too.
        if let Ok(mut uname) = super::uname_of_proc(&self.host) {
            if !release.is_empty() {
                uname.release.clone_from(&release);
            }
            self.host.set_uname(Uname { ..uname });
        }
        Box::new(self.host)
    }
}

/// The text of a config, unpacked.
fn config(bytes: &[u8]) -> Result<String, &'static str> {
    let mut plain = Vec::new();
    let limit = CONFIG_LIMIT as u64 + 1;
    let read = if bytes.starts_with(&[0x1f, 0x8b]) {
        let unpacked = flate2::read::MultiGzDecoder::new(bytes);
        unpacked.take(limit).read_to_end(&mut plain)
    } else {
        bytes.take(limit).read_to_end(&mut plain)
    };
    if read.is_err() {
        return Err(": it can't be unpacked");
    }
    if plain.len() > CONFIG_LIMIT {
        return Err(": it is too large");
    }
    let text = String::from_utf8_lossy(&plain).into_owned();
    let is_option = |line: &str| {
        line.starts_with("CONFIG_")
            || (line.starts_with("# CONFIG_") && line.ends_with(" is not set"))
    };
    if !text.lines().any(is_option) {
        return Err(": no line sets a CONFIG_ option");
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};

    use super::*;

    const CONFIG: &str = "#\n# Automatically generated file; DO NOT EDIT.\n\
        # Linux/x86 5.10.218 Kernel Configuration\n#\nCONFIG_X86_64=y\nCONFIG_BPF=y\n";

    fn packed(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn a_config_tells_its_kernel_unless_it_is_told() {
        for (release, told, origin) in [
            (None, "5.10.218", ".config (its header)"),
            (Some("6.1.0"), "6.1.0", "--release"),
        ] {
            for bytes in [CONFIG.as_bytes().to_vec(), packed(CONFIG)] {
                let mut files = Files::new(release);
                files.add(Role::Config, ".config", &bytes).unwrap();
                let host = files.host();
                let uname = host.uname().unwrap();
                assert_eq!(
                    (uname.release.as_str(), uname.machine.as_str()),
                    (told, "x86_64")
                );
                assert_eq!(host.origin(RELEASE).unwrap(), origin);
                assert_eq!(host.origin("/proc/config.gz").unwrap(), ".config");
                assert_eq!(
                    host.read("/proc/config.gz", 9999).unwrap(),
                    CONFIG.as_bytes()
                );
            }
        }
    }

    #[test]
    fn nothing_else_is_known() {
        let mut files = Files::new(None);
        files.add(Role::Lsm, "lsm", b"yama,bpf").unwrap();
        files
            .add(Role::Mountinfo, "m", b"bpf /sys/fs/bpf bpf rw 0 0\n")
            .unwrap();
        let host = files.host();
        assert!(host.read("/sys/kernel/security/lsm", 99).is_ok());
        assert!(host.read("/proc/mounts", 99).is_ok());
        for path in ["/proc/self/mountinfo", "/etc/os-release", RELEASE] {
            let kind = host.read(path, 9).unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::Unsupported, "{path}");
        }
        assert_eq!(host.uname().unwrap_err().kind(), io::ErrorKind::Unsupported);
        assert!(host.list("/sys/kernel/security").is_err());
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        let broken = &packed(CONFIG)[..20];
        let bomb = packed(&"\n".repeat(9 << 20));
        for (bytes, says) in [
            (&b"ELF"[..], "x is no kernel config: no line sets"),
            (broken, "can't be unpacked"),
            (&bomb, "too large"),
        ] {
            let problem = Files::new(None).add(Role::Config, "x", bytes).unwrap_err();
            assert!(problem.to_string().contains(says), "{problem}");
        }
        assert!(Files::new(None).add(Role::Sysctl, "x", b"nothing").is_err());
    }
}
