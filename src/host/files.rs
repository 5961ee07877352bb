//! A host of which single files are known: what was sent in a mail, or the config of a
//! kernel that is not built yet.

use std::io::Read;

use super::overlay::{Nothing, Overlay};
use super::{CONFIG_FRAGMENT, Host, fragment, packed, sosreport, sysctl};

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

impl Role {
    /// What a file of this role is, for people.
    const fn what(self) -> &'static str {
        match self {
            Self::Config => "kernel config",
            Self::Cmdline => "kernel command line",
            Self::Sysctl => "output of sysctl",
            Self::OsRelease => "os-release",
            Self::Filesystems => "list of file systems",
            Self::Mountinfo => "list of mounts",
            Self::Lsm => "list of security modules",
            Self::Lockdown => "state of lockdown",
            Self::Btf => "BTF",
        }
    }

    /// Why these bytes can't be what the role says; nothing where they can. A wrong file would
    /// be believed for what it lacks.
    fn denies(self, bytes: &[u8]) -> Option<&'static str> {
        if packed::is_archive(bytes) {
            return Some(": it is an archive, and --root reads those");
        }
        if self != Self::Btf
            && let Some(why) = no_text(bytes)
        {
            return Some(why);
        }
        let text = String::from_utf8_lossy(bytes);
        let text = text.trim_start_matches('\u{feff}');
        let mut lines = text.lines().filter(|line| !line.trim().is_empty());
        let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let (fits, why) = match self {
            Self::Config => {
                let is_option = |line: &str| {
                    line.starts_with("CONFIG_")
                        || (line.starts_with("# CONFIG_") && line.ends_with(" is not set"))
                };
                (lines.any(is_option), ": no line sets a CONFIG_ option")
            }
            Self::Sysctl => {
                let is_setting = |line: &str| {
                    let (name, _) = line.split_once('=').unwrap_or_default();
                    let name = name.trim();
                    let fits = |c: char| c.is_ascii_graphic() && c != '=';
                    name.contains(['.', '/']) && name.chars().all(fits)
                };
                let is_text = !text.chars().any(|c| c.is_control() && !c.is_whitespace());
                (
                    is_text && lines.any(is_setting),
                    ": it is not like `sysctl -a`, with NAME = VALUE in each line",
                )
            }
            Self::Cmdline => {
                let plain = !text.chars().any(|c| c.is_control() && !c.is_whitespace());
                (plain && lines.count() == 1, ": it has other than one line")
            }
            Self::OsRelease => {
                let names = ["ID=", "NAME=", "PRETTY_NAME="];
                let named = |line: &str| names.iter().any(|name| line.starts_with(name));
                (lines.any(named), ": no line says ID= or NAME=")
            }
            Self::Filesystems => {
                let fits = |line: &str| match line.split_once('\t') {
                    Some(("" | "nodev", name)) => !name.is_empty() && name.chars().all(word),
                    _ => false,
                };
                let all = text.contains('\t') && lines.all(fits);
                (all, ": a line is not as in /proc/filesystems")
            }
            Self::Mountinfo => {
                let fits = |line: &str| {
                    let of_mounts = line.split(' ').count() == 6 && line.ends_with(" 0");
                    line.contains(" - ") || line.contains(" type ") || of_mounts
                };
                (
                    lines.next().is_some_and(fits),
                    ": it is neither mountinfo nor /proc/mounts nor what mount prints",
                )
            }
            Self::Lsm => {
                let names = text.trim();
                let fits = !names.is_empty() && names.chars().all(|c| c == ',' || word(c));
                (fits, ": it is no list of names with commas")
            }
            Self::Lockdown => {
                let fits = ["[none]", "[integrity]", "[confidentiality]"];
                (
                    fits.iter().any(|level| text.contains(level)),
                    ": no level stands in brackets",
                )
            }
            Self::Btf => {
                let magic = matches!(bytes.get(..2), Some([0x9f, 0xeb] | [0xeb, 0x9f]));
                (magic, ": it does not begin as BTF does")
            }
        };
        (!fits).then_some(why)
    }
}

/// Why these bytes are no text that can be read.
fn no_text(bytes: &[u8]) -> Option<&'static str> {
    let is_wide = bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]);
    match is_wide {
        true => Some(": it is in UTF-16, and UTF-8 is read"),
        false => bytes
            .contains(&0)
            .then_some(": it has zero bytes in it, as no text has"),
    }
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
    /// By the header of the config: what is meant where nothing better tells.
    header: Option<(String, String)>,
    machine: Option<(&'static str, String)>,
    /// Whether one of them is what a running kernel alone shows.
    runs: bool,
    /// Whether one of them is what a kernel is started with, as one that runs shows it, too.
    is_started: bool,
    /// The config, where there is one.
    config: Option<String>,
    warnings: Vec<String>,
}

/// A file that no kernel has: with it, the source is the config of a kernel that may not be built
/// yet, and what it would be started with.
pub const CONFIG_ALONE: &str = "/proc/config.alone";

/// What stands behind the name of a config whose header told the version.
pub(crate) const BY_HEADER: &str = " (its header)";

const RELEASE: &str = "/proc/sys/kernel/osrelease";

/// What the release of a kernel has behind its version: that of SUSE's and of WSL's tells whose it is.
const LOCAL_VERSION: &str = "CONFIG_LOCALVERSION=\"";

const MACHINE: &str = "/proc/sys/kernel/arch";

impl Role {
    /// More bytes than any file of this role has: the BTF of a kernel with everything in it has
    /// some 10 MiB, the settings of a host with very many network interfaces as many, and all
    /// options of a config half of one.
    #[must_use]
    pub const fn most(self) -> usize {
        match self {
            Self::Btf | Self::Sysctl | Self::Mountinfo => 32 << 20,
            Self::Config => 4 << 20,
            _ => 1 << 20,
        }
    }
}

impl Files {
    /// No files yet; perhaps the release of the kernel that is meant.
    #[must_use]
    pub fn new(release: Option<&str>) -> Self {
        let mut host = Overlay::new(Nothing);
        if let Some(release) = release {
            host.put(RELEASE, release, "--release");
        }
        Self {
            host,
            header: None,
            machine: None,
            runs: false,
            is_started: false,
            config: None,
            warnings: Vec::new(),
        }
    }

    /// What the reader should know before believing what is missing; sentences.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.warnings
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
        let what = role.what();
        let plain = unpacked(bytes, role.most()).map_err(|why| no(what, why))?;
        if let Some(why) = role.denies(&plain) {
            return Err(no(what, why));
        }
        let plain = match role {
            Role::Btf => plain,
            // What editors of other systems put before a text.
            _ => match plain.strip_prefix("\u{feff}".as_bytes()) {
                Some(rest) => rest.to_vec(),
                None => plain,
            },
        };
        let text = String::from_utf8_lossy(&plain);
        match role {
            Role::Config | Role::OsRelease | Role::Btf => {}
            Role::Cmdline | Role::Sysctl => self.is_started = true,
            Role::Filesystems | Role::Mountinfo | Role::Lsm | Role::Lockdown => self.runs = true,
        }
        let path = match role {
            Role::Config => {
                self.read_header(&text, name);
                self.config = Some(name.to_owned());
                match fragment::reason(&text) {
                    Some(reason) => {
                        self.warnings.push(format!("{name} {reason}"));
                        CONFIG_FRAGMENT
                    }
                    None => "/proc/config.gz",
                }
            }
            Role::Sysctl => {
                sysctl::lay_over(&mut self.host, &text, name);
                return Ok(());
            }
            Role::Mountinfo if text.lines().any(|line| line.contains(" - ")) => {
                "/proc/self/mountinfo"
            }
            Role::Mountinfo => {
                // What mount(8) prints is taken as well.
                let table = sosreport::mount_table(&text);
                let table = match table.is_empty() {
                    true => text.into_owned(),
                    false => table,
                };
                self.host.put("/proc/mounts", table, name);
                return Ok(());
            }
            Role::Cmdline => "/proc/cmdline",
            Role::OsRelease => "/etc/os-release",
            Role::Filesystems => "/proc/filesystems",
            Role::Lsm => "/sys/kernel/security/lsm",
            Role::Lockdown => "/sys/kernel/security/lockdown",
            Role::Btf => "/sys/kernel/btf/vmlinux",
        };
        self.host.put(path, plain, name);
        Ok(())
    }

    fn read_header(&mut self, text: &str, name: &str) {
        let place = || format!("{name}{BY_HEADER}");
        self.header = config_version(text).map(|version| {
            let more = text
                .lines()
                .find_map(|line| line.strip_prefix(LOCAL_VERSION));
            let more = more
                .and_then(|more| more.strip_suffix('"'))
                .unwrap_or_default();
            let is_plain = more
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "-_.+~".contains(c));
            let more = if is_plain { more } else { "" };
            (format!("{version}{more}"), place())
        });
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
        // Of a running host's settings, the release is one: --sysctl tells it, too, and better
        // than the header of a config, which has no more than the version.
        let header = self.header.filter(|_| self.host.stat(RELEASE).is_err());
        if let Some((release, place)) = header {
            self.host.put(RELEASE, release, &place);
        }
        if let Some((machine, place)) = self.machine {
            self.host.put(MACHINE, machine, &place);
        }
        if let Ok(uname) = super::uname_of_proc(&self.host) {
            self.host.set_uname(uname);
        }
        // The kernel may not be built yet: only one that runs has such a file.
        match self.config {
            Some(config) if !self.runs => {
                self.host.take_away(RELEASE);
                self.host.put(CONFIG_ALONE, "", &config);
            }
            None if !self.runs && !self.is_started => self.host.take_away(RELEASE),
            _ => {}
        }
        Box::new(self.host)
    }
}

/// The kernel's version in a config's first lines, by `# Linux/x86 5.10.218 Kernel Configuration`
/// (scripts/kconfig/confdata.c).
pub(crate) fn config_version(text: &str) -> Option<&str> {
    text.lines().take(10).find_map(|line| {
        let rest = line.strip_prefix("# Linux/")?;
        let (_, version) = rest
            .strip_suffix(" Kernel Configuration")?
            .split_once(' ')?;
        Some(version)
    })
}

/// Why [`unpacked`] refuses more than was asked for.
pub(super) const TOO_LARGE: &str = ": it is too large";

/// The bytes of a file, which may be packed with gzip or xz; not more than `most` of them.
pub(super) fn unpacked(bytes: &[u8], most: usize) -> Result<Vec<u8>, &'static str> {
    let mut plain = Vec::new();
    let unpacked = packed::of_bytes(bytes);
    let read = unpacked.take(most as u64 + 1).read_to_end(&mut plain);
    if read.is_err() {
        return Err(": it can't be unpacked");
    }
    if plain.len() > most {
        return Err(TOO_LARGE);
    }
    Ok(plain)
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
        let header = ".config (its header)";
        let suse = "CONFIG_LOCALVERSION=\"-59.24-default\"\n";
        for (release, more, told, origin) in [
            (None, "", "5.10.218", header),
            (None, suse, "5.10.218-59.24-default", header),
            (None, "CONFIG_LOCALVERSION=\"\"\n", "5.10.218", header),
            (None, "CONFIG_LOCALVERSION=\"-$x\"\n", "5.10.218", header),
            (Some("6.1.0"), suse, "6.1.0", "--release"),
        ] {
            let config = format!("{CONFIG}{more}");
            for bytes in [config.as_bytes().to_vec(), packed(&config)] {
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
                let read = host.read("/proc/config.gz", 9999).unwrap();
                assert_eq!(read, config.as_bytes());
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
    fn an_archive_and_what_has_zeros_is_no_text() {
        let mut archive = vec![0_u8; 1024];
        archive[257..262].copy_from_slice(b"ustar");
        archive.splice(512..512, CONFIG.bytes());
        let texts = [
            (Role::Config, CONFIG),
            (Role::Cmdline, "quiet\n"),
            (Role::Sysctl, "kernel.x = 1\n"),
            (Role::OsRelease, "ID=x\n"),
            (Role::Filesystems, "nodev\tbpf\n"),
            (Role::Mountinfo, "bpf on /sys/fs/bpf type bpf (rw)\n"),
            (Role::Lsm, "yama"),
            (Role::Lockdown, "[none] integrity\n"),
        ];
        for (role, text) in texts {
            let wide: Vec<u8> = "\u{feff}x=1"
                .encode_utf16()
                .flat_map(u16::to_le_bytes)
                .collect();
            for (bytes, says) in [
                (&archive, "is an archive, and --root"),
                (&packed(&String::from_utf8_lossy(&archive)), "is an archive"),
                (&format!("{text}\0").into_bytes(), "zero bytes"),
                (&wide, "UTF-16"),
            ] {
                let problem = Files::new(None).add(role, "x", bytes).unwrap_err();
                assert!(problem.to_string().contains(says), "{problem}");
            }
            Files::new(None).add(role, "x", text.as_bytes()).unwrap();
        }
    }

    #[test]
    fn a_file_may_be_packed_as_archives_may() {
        let mut xz =
            lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
        xz.write_all(CONFIG.as_bytes()).unwrap();
        let xz = xz.finish().unwrap();
        let gz = packed(CONFIG);
        for (bytes, says) in [
            (CONFIG.as_bytes().to_vec(), None),
            (gz.clone(), None),
            ([gz.as_slice(), &[0; 700]].concat(), None),
            ([gz.as_slice(), gz.as_slice()].concat(), None),
            (xz.clone(), None),
            ([gz.as_slice(), b"x"].concat(), Some("can't be unpacked")),
            (xz[..xz.len() / 2].to_vec(), Some("can't be unpacked")),
        ] {
            let problem = Files::new(None).add(Role::Config, "x", &bytes).err();
            let problem = problem.map(|problem| problem.to_string());
            match (problem, says) {
                (None, None) => {}
                (Some(problem), Some(says)) => assert!(problem.contains(says), "{problem}"),
                (problem, _) => panic!("{problem:?} {says:?}"),
            }
        }
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        let broken = &packed(CONFIG)[..20];
        let bomb = packed(&"\n".repeat(Role::Config.most() + 1));
        for (bytes, says) in [
            (&b"ELF"[..], "x is no kernel config: no line sets"),
            (broken, "can't be unpacked"),
            (&bomb, "too large"),
        ] {
            let problem = Files::new(None).add(Role::Config, "x", bytes).unwrap_err();
            assert!(problem.to_string().contains(says), "{problem}");
        }
        for role in [
            Role::Cmdline,
            Role::Sysctl,
            Role::OsRelease,
            Role::Filesystems,
            Role::Mountinfo,
            Role::Lsm,
            Role::Lockdown,
            Role::Btf,
        ] {
            for bytes in [
                &b""[..],
                b"\x01\x02\n\n{",
                b"root:x:0:0::/:/bin/sh\nbin:x:1:1\n",
            ] {
                let problem = Files::new(None).add(role, "x", bytes).unwrap_err();
                assert!(problem.to_string().starts_with("x is no "), "{problem}");
            }
        }
    }

    #[test]
    fn each_form_of_a_file_is_taken() {
        for (role, text, path) in [
            (Role::Cmdline, "ro quiet\n", "/proc/cmdline"),
            (Role::OsRelease, "NAME=x\nID=y\n", "/etc/os-release"),
            (
                Role::Filesystems,
                "nodev\tbpf\n\text4\n",
                "/proc/filesystems",
            ),
            (
                Role::Mountinfo,
                "bpf /sys/fs/bpf bpf rw 0 0\n",
                "/proc/mounts",
            ),
            (
                Role::Mountinfo,
                "bpf on /sys/fs/bpf type bpf (rw,nosuid)\n",
                "/proc/mounts",
            ),
            (
                Role::Mountinfo,
                "29 1 0:26 / /sys/fs/bpf rw - bpf bpf rw\n",
                "/proc/self/mountinfo",
            ),
            (Role::Lsm, "lockdown,bpf", "/sys/kernel/security/lsm"),
            (
                Role::Lockdown,
                "none [integrity] confidentiality\n",
                "/sys/kernel/security/lockdown",
            ),
            (Role::Btf, "\u{9f}", ""),
        ] {
            for bytes in [text.as_bytes().to_vec(), packed(text)] {
                let mut files = Files::new(None);
                let added = files.add(role, "x", &bytes);
                assert_eq!(added.is_ok(), !path.is_empty(), "{text}");
                let read = files.host().read(path, 99);
                assert_eq!(read.is_ok(), !path.is_empty(), "{text}");
            }
        }
    }
}
