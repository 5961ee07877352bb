//! Tables of mounts: what a file system is called and how it is mounted is the same everywhere,
//! where it lies and where it comes from is not.

use super::Redactor;
use super::secrets::secrets;

impl Redactor {
    /// /proc/self/mountinfo, /proc/mounts, or what mount(8) prints.
    pub(super) fn mount_table(&mut self, text: &str) -> String {
        let lines = text.split_inclusive('\n');
        let lines: Vec<String> = lines.map(|line| self.mount_line(line)).collect();
        lines.concat()
    }

    fn mount_line(&mut self, line: &str) -> String {
        let end = if line.ends_with('\n') { "\n" } else { "" };
        // As a whole, since what an option means depends on the file system.
        let text = self.unnamed(&secrets(line));
        let words: Vec<&str> = text.trim_end_matches('\n').split(' ').collect();
        let words: Vec<String> = words
            .into_iter()
            .map(|word| self.mount_word(word))
            .collect();
        words.join(" ") + end
    }

    /// A word of such a line: options are words of the kernel, but for the values of some.
    fn mount_word(&self, word: &str) -> String {
        let options = word.split(',').map(|option| match option.split_once('=') {
            Some((name, value)) if name.starts_with("delegate_") || name == "name" => {
                format!("{name}={value}")
            }
            Some((name, value)) if !value.contains('/') => {
                format!("{name}={}", self.host_names(value))
            }
            Some((name, value)) => format!("{name}={}", self.mount_value(value)),
            None => self.mount_value(option),
        });
        options.collect::<Vec<_>>().join(",")
    }

    fn mount_value(&self, value: &str) -> String {
        let is_group = |(_, number): (&str, &str)| number.chars().all(|c| c.is_ascii_digit());
        match value {
            // `shared:3`
            _ if value.split_once(':').is_some_and(is_group) => value.to_owned(),
            _ if value.contains(':') || value.contains('@') => self.host_names(value),
            _ if value.starts_with("/dev/") => self.host_names(value),
            _ if value.contains('/') => self.host_in_path(value),
            _ => value.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_kernel_stay_what_they_are() {
        let table = "31 21 0:27 / /sys/fs/bpf rw,nosuid shared:3 - bpf none rw,mode=700\n\
            40 28 253:0 / /data/kubelet/pods/x rw,relatime - ext4 /dev/mapper/shared-nosuid rw\n";
        for name in [
            "nosuid", "relatime", "shared", "mode", "kubelet", "pods", "none",
        ] {
            let mut redactor = Redactor::new(Some(name), None);
            let told = redactor.mount_table(table);
            let (first, second) = told.split_once('\n').unwrap();
            assert_eq!(first, table.split_once('\n').unwrap().0, "{name}");
            assert!(
                second.contains("/data/kubelet/pods/x rw,relatime - ext4"),
                "{told}"
            );
        }
        let mut redactor = Redactor::new(Some("nosuid"), None);
        assert!(
            redactor
                .mount_table(table)
                .contains("/dev/mapper/shared-host-1 rw")
        );
        let mut redactor = Redactor::new(Some("web-17"), None);
        assert_eq!(
            redactor.mount_table("nas:/export/web-17 /srv/web-17 nfs4 rw,addr=web-17 0 0\n"),
            "host-2:/export/host-1 /srv/host-1 nfs4 rw,addr=host-1 0 0\n"
        );
    }
}
