//! What SUSE's supportconfig packs: texts by subject, each with what commands said and what files
//! held, one behind the other (github.com/SUSE/supportutils).

use super::Host;
use super::overlay::Overlay;

/// What each begins with that may hold something.
const TEXTS: &[&str] = &[
    "basic-environment.txt",
    "boot.txt",
    "env.txt",
    "fs-diskio.txt",
    "hardware.txt",
    "modules.txt",
    "proc.txt",
    "security-selinux.txt",
];

/// Whether a member of this name at the top is one of these texts.
pub(super) fn is_text(name: &str) -> bool {
    TEXTS.contains(&name)
}

/// More than most of the texts; a journal in one of them may have any size.
const LIMIT: usize = 32 << 20;

/// What an archive keeps of a larger one.
const BEGIN: usize = 1 << 20;

/// The line between two parts, which goes on with what the next one is.
const MARK: &str = "#==[ ";

/// Commands, and where a sosreport has what they said.
const COMMANDS: &[(&str, &str)] = &[
    ("date", "/sos_commands/date/date"),
    ("uname -a", "/sos_commands/kernel/uname_-a"),
    ("hostname", "/sos_commands/host/hostname"),
    ("sysctl -a", "/sos_commands/kernel/sysctl_-a"),
    ("lsmod", "/sos_commands/kernel/lsmod"),
    ("dmesg", "/sos_commands/kernel/dmesg"),
    ("dmesg -T", "/sos_commands/kernel/dmesg_-T"),
    ("mount", "/sos_commands/filesys/mount_-l"),
    (
        "mokutil --sb-state",
        "/sos_commands/boot/mokutil_--sb-state",
    ),
    ("sestatus", "/sos_commands/selinux/sestatus"),
    ("sestatus -b", "/sos_commands/selinux/sestatus_-b"),
    ("getenforce", "/sos_commands/selinux/getenforce"),
    ("dmidecode", "/sos_commands/hardware/dmidecode"),
];

/// Where files lie that are asked for.
const PLACES: &[&str] = &["/boot/", "/etc/", "/proc/", "/sys/"];

/// Whether the files of this host are such texts.
pub(super) fn is_one(host: &dyn Host) -> bool {
    let begin = host.read("/basic-environment.txt", 64 << 10);
    begin.is_ok_and(|bytes| String::from_utf8_lossy(&bytes).contains(MARK))
}

/// The same as the files of a sosreport; and a sentence on each text that was not read to its end,
/// behind which more may stand, and on each that is no file.
pub(super) fn as_sosreport<H: Host>(texts: H) -> (Overlay<H>, Doubts) {
    let mut host = Overlay::new(texts);
    let mut doubts = Doubts::default();
    for name in TEXTS {
        let path = format!("/{name}");
        let bytes = host.read(&path, LIMIT);
        let bytes = match bytes.or_else(|_| host.read(&path, BEGIN)) {
            Ok(bytes) => bytes,
            Err(error) => {
                if error.kind() == std::io::ErrorKind::InvalidInput {
                    doubts.has_odd = true;
                    doubts.told.push(format!(
                        "{name} is no regular file: it was not opened, and what it would tell is \
                         not known"
                    ));
                }
                continue;
            }
        };
        if host
            .stat(&path)
            .is_ok_and(|(_, size)| size > bytes.len() as u64)
        {
            let read = bytes.len() >> 20;
            doubts.told.push(format!(
                "only the first {read} MiB of {name} were read: what stands behind is not known"
            ));
        }
        let text = String::from_utf8(bytes);
        let text =
            text.unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned());
        for part in text.split(MARK).skip(1) {
            if let Some((place, content, title)) = placed(part) {
                host.put(&place, content, &format!("{name} ({title})"));
            }
        }
    }
    (host, doubts)
}

/// What the reader should know of the texts before believing what is missing.
#[derive(Debug, Default)]
pub(super) struct Doubts {
    /// Sentences.
    pub(super) told: Vec<String>,
    /// Whether something that is no file is in the place of one.
    pub(super) has_odd: bool,
}

/// Where the content of a part belongs, the content and its title, if anybody asks for it.
fn placed(part: &str) -> Option<(String, &str, &str)> {
    let (kind, rest) = part.split_once('\n')?;
    let (title, content) = rest.split_once('\n')?;
    let title = title.strip_prefix("# ")?.trim();
    // A blank line stands before the next part.
    let content = content.strip_suffix("\n\n").map_or(content, |_| {
        content.get(..content.len() - 1).unwrap_or(content)
    });
    if content.trim().is_empty() {
        return None;
    }
    if !kind.starts_with("Command") {
        let is_path = !title.contains(char::is_whitespace) && !title.contains("..");
        let asked = is_path && PLACES.iter().any(|place| title.starts_with(place));
        return asked.then(|| (title.to_owned(), content, title));
    }
    let command = title.split('|').next()?.trim();
    let (program, arguments) = command.split_once(' ').unwrap_or((command, ""));
    let name = program.rsplit('/').next()?;
    let called = format!("{name} {arguments}");
    let mut commands = COMMANDS.iter();
    let (_, place) = commands.find(|(command, _)| *command == called.trim_end())?;
    Some(((*place).to_owned(), content, title))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn parts_become_the_files_of_a_sosreport() {
        let environment = "====\n  Support Utilities - Supportconfig\n====\n\n\
            #==[ Command ]======================================#\n# /bin/uname -a\n\
            Linux sles 6.4.0-1-default #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n\n\
            #==[ Configuration File ]===========================#\n# /etc/os-release\n\
            ID=\"sles\"\n\n\
            #==[ Configuration File ]===========================#\n# /etc/SuSE-release - not found\n\n\
            #==[ Configuration File ]===========================#\n# /etc/../../x\nx\n\n";
        let modules = "#==[ Command ]===#\n# /sbin/lsmod | sort\nModule Size Used by\nxfs 1 0\n";
        let texts = Memory::new()
            .with("/basic-environment.txt", environment)
            .with("/modules.txt", modules);
        assert!(is_one(&texts));
        assert!(!is_one(&Memory::new().with("/basic-environment.txt", "x")));
        let (host, cut) = as_sosreport(texts);
        assert!(cut.told.is_empty() && !cut.has_odd, "{cut:?}");
        for (path, content, origin) in [
            (
                "/sos_commands/kernel/uname_-a",
                "Linux sles 6.4.0-1-default #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n",
                "basic-environment.txt (/bin/uname -a)",
            ),
            (
                "/etc/os-release",
                "ID=\"sles\"\n",
                "basic-environment.txt (/etc/os-release)",
            ),
            (
                "/sos_commands/kernel/lsmod",
                "Module Size Used by\nxfs 1 0\n",
                "modules.txt (/sbin/lsmod | sort)",
            ),
        ] {
            let bytes = host.read(path, LIMIT).unwrap();
            assert_eq!(String::from_utf8(bytes).unwrap(), content, "{path}");
            assert_eq!(host.origin(path).as_deref(), Some(origin), "{path}");
        }
        assert!(host.read("/x", 9).is_err());
    }

    #[test]
    fn a_text_that_is_too_long_is_read_as_far_as_it_goes_and_told() {
        let begin = "#==[ Command ]===#\n# /bin/uname -a\nLinux sles 6.4.0 #1 SMP x86_64\n\n";
        let text = format!("{begin}{}", "#==[ Command ]===#\n# x\n\n".repeat(1_400_000));
        let (host, cut) = as_sosreport(Memory::new().with("/basic-environment.txt", text));
        assert!(host.read("/sos_commands/kernel/uname_-a", 99).is_ok());
        assert!(
            cut.told
                .concat()
                .contains("32 MiB of basic-environment.txt"),
            "{cut:?}"
        );
    }
}
