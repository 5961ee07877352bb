//! Lines in files of the host: put in once, and taken out as they were put in.

use super::{pattern, quote};

/// A command that adds `line` to the file unless it is there. The file may lack its last
/// newline, which then comes first: else the line would end up behind another.
pub(super) fn append(path: &str, line: &str) -> String {
    let line = quote(line);
    format!(
        "grep -qxF {line} {path} || {{ [ -z \"$(tail -c 1 {path})\" ] || echo >> {path}; printf \
         '%s\\n' {line} >> {path}; }}"
    )
}

/// A command that deletes exactly this line, whatever else the file says of the same things.
pub(super) fn take_out(path: &str, line: &str) -> String {
    let script = quote(&format!("/^{}$/d", pattern(line)));
    format!("sed -i -E {script} {path}")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// Runs commands with a shell on a file of this content, and gives what it then holds.
    #[expect(clippy::disallowed_methods, reason = "the commands are what is tested")]
    fn after(content: &str, commands: &[String]) -> String {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), content).unwrap();
        let path = file.path().to_str().unwrap();
        for command in commands {
            let command = command.replace("/etc/fstab", path);
            let status = Command::new("sh").arg("-ec").arg(&command).status();
            assert!(status.unwrap().success(), "{command}");
        }
        std::fs::read_to_string(path).unwrap()
    }

    #[test]
    fn a_line_comes_once_and_goes_alone() {
        let line = "bpf /sys/fs/bpf bpf mode=0700 0 0";
        let add = append("/etc/fstab", line);
        let remove = take_out("/etc/fstab", line);
        let others = [
            "UUID=1 / ext4 errors=remount-ro 0 1",
            "",
            "none /sys/fs/bpf bpf rw,mode=0755 0 0\n# bpf /sys/fs/bpf bpf mode=0700 0 0\n",
        ];
        for other in others {
            let twice = after(other, &[add.clone(), add.clone()]);
            assert_eq!(
                twice.lines().filter(|found| *found == line).count(),
                1,
                "{twice:?}"
            );
            assert!(twice.starts_with(other), "{twice:?}");
            let gone = after(other, &[add.clone(), remove.clone()]);
            // Nothing is left of it, but the end of a line that had none.
            let ended = match other.is_empty() || other.ends_with('\n') {
                true => other.to_owned(),
                false => format!("{other}\n"),
            };
            assert_eq!(gone, ended);
        }
    }
}
