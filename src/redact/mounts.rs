//! Tables of mounts: what a file system is called and how it is mounted is the same everywhere,
//! where it lies and where it comes from is not.

use super::Redactor;
use super::secrets::secrets;
use super::words::SYSTEM_PATHS;

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
        // What is mounted: behind the type in mountinfo, in front in the others.
        let source = match words.iter().position(|word| *word == "-") {
            Some(dash) => dash + 2,
            None => 0,
        };
        let words: Vec<String> = words
            .into_iter()
            .enumerate()
            .map(|(at, word)| match at == source {
                true if self.is_host(word) => "host-1".to_owned(),
                true if word.starts_with(SHARE) => self.share(word),
                true if !word.contains(['/', ':', '=']) => self.name_of_people(word),
                _ => self.mount_word(word),
            })
            .collect();
        words.join(" ") + end
    }

    /// `\\\\SERVER\\SHARE`, as the tables of mounts write a backslash.
    fn share(&mut self, word: &str) -> String {
        let rest = word.get(SHARE.len()..).unwrap_or_default();
        let (server, share) = rest.split_at(rest.find(BACKSLASH).unwrap_or(rest.len()));
        let server = match (self.is_host(server), self.is_known(server)) {
            (true, _) => "host-1".to_owned(),
            (_, true) => server.to_owned(),
            _ => self.number("host", server),
        };
        let share = self.host_names(share);
        format!("{SHARE}{server}{}", self.host_anywhere(&share))
    }

    /// What people call something that is mounted; a blank in it is written as a number.
    fn name_of_people(&mut self, word: &str) -> String {
        let parts = word.split(BLANK).map(|part| {
            let part = self.users_in_word(part);
            match self.is_wordlike {
                true => part,
                false => {
                    let part = self.host_names(&part);
                    self.host_anywhere(&part)
                }
            }
        });
        parts.collect::<Vec<_>>().join(BLANK)
    }

    /// Whether a word is the host's name and nothing else.
    fn is_host(&self, word: &str) -> bool {
        let mut hosts = self.hosts.iter();
        hosts.any(|name| name.eq_ignore_ascii_case(word))
    }

    /// A path at which something is mounted: below those of the kernel, people give names, too.
    fn host_in_mount_point(&self, path: &str) -> String {
        match path.starts_with("/sys/") {
            true => self.host_below_kernel(path),
            false => self.host_in_named(path),
        }
    }

    /// A path of parts that people name, in which low lines stand between names, too.
    fn host_in_named(&self, path: &str) -> String {
        if self.is_wordlike || SYSTEM_PATHS.iter().any(|begin| path.starts_with(begin)) {
            return self.host_in_path(path);
        }
        let parts = path.split('_').map(|part| self.host_in_path(part));
        parts.collect::<Vec<_>>().join("_")
    }

    /// The same without names of users.
    pub(super) fn mount_point(&mut self, path: &str) -> String {
        let path = self.host_in_mount_point(path);
        self.users_in_mount_point(&path)
    }

    /// The same for a path of the kernel's alone; every other word stays.
    pub(super) fn host_below_kernel(&self, path: &str) -> String {
        let mut places = NAMED_BY_PEOPLE.iter();
        // Hierarchies of version 1 are called by words of the kernel.
        let is_free = |place: &&&str| !(self.is_wordlike && place.ends_with("/cgroup/"));
        match places.find(|place| path.starts_with(**place)) {
            Some(place) if is_free(&place) => {
                let rest = path.get(place.len()..).unwrap_or_default();
                format!("{place}{}", self.host_in_named(rest))
            }
            _ => path.to_owned(),
        }
    }

    /// A word of such a line: options are words of the kernel, but for the values of some.
    fn mount_word(&mut self, word: &str) -> String {
        let options = word.split(',').map(|option| match option.split_once('=') {
            Some((name, value)) if name.starts_with("delegate_") || name == "name" => {
                format!("{name}={value}")
            }
            Some((name, value)) if !value.contains('/') => {
                let value = self.host_names(value);
                format!("{name}={}", self.host_anywhere(&value))
            }
            Some((name, value)) => format!("{name}={}", self.mount_value(value)),
            None => self.mount_value(option),
        });
        options.collect::<Vec<_>>().join(",")
    }

    fn mount_value(&mut self, value: &str) -> String {
        let is_group = |(_, number): (&str, &str)| number.chars().all(|c| c.is_ascii_digit());
        match value {
            // `shared:3`
            _ if value.split_once(':').is_some_and(is_group) => value.to_owned(),
            _ if value.contains(':') || value.contains('@') || value.starts_with("/dev/") => {
                let value = self.host_names(value);
                self.host_anywhere(&value)
            }
            _ if value.contains('/') => {
                let value = self.mount_point(value);
                self.host_anywhere(&value)
            }
            _ => value.to_owned(),
        }
    }
}

/// How the tables of mounts write a blank and a backslash.
const BLANK: &str = "\\040";
const BACKSLASH: &str = "\\134";
const SHARE: &str = "\\134\\134";

/// Places of the kernel below which people make directories and mount more.
pub(super) const NAMED_BY_PEOPLE: &[&str] = &[
    "/sys/fs/bpf/",
    "/sys/fs/cgroup/",
    "/sys/kernel/debug/",
    "/sys/kernel/tracing/",
];

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

    #[test]
    fn the_host_stands_alone_behind_low_lines_and_numbers_too() {
        for (line, expected) in [
            (
                "1 2 0:3 / /mnt/b rw - beegfs beegfs_nodev rw,cfgFile=/etc/beegfs/web17.conf",
                "1 2 0:3 / /mnt/b rw - beegfs beegfs_nodev rw,cfgFile=/etc/beegfs/host-1.conf",
            ),
            (
                "1 2 0:3 / /srv/of\\040web17 rw - bpf bpf_web17 rw",
                "1 2 0:3 / /srv/of\\040host-1 rw - bpf bpf_host-1 rw",
            ),
            (
                "\\134\\134nas\\134share_web17 /mnt cifs rw 0 0",
                "\\134\\134host-2\\134share_host-1 /mnt cifs rw 0 0",
            ),
            (
                "//nas/web17_x /mnt cifs rw,prefixpath=web17_y 0 0",
                "//host-2/host-1_x /mnt cifs rw,prefixpath=host-1_y 0 0",
            ),
            // With a domain that is not known, it is the host still.
            (
                "web17.acme.io:/x /mnt nfs4 rw,addr=10.0.0.5 0 0",
                "host-1:/x /mnt nfs4 rw,addr=ip-1 0 0",
            ),
            (
                "/dev/disk/by-path/ip-10.0.0.90:3260-iscsi-x /a-10.0.0.5/x_10.0.0.5.img ext4 rw 0 0",
                "/dev/disk/by-path/ip-ip-1:3260-iscsi-x /a-ip-2/x_ip-2.img ext4 rw 0 0",
            ),
            (
                "/boot/vmlinuz-6.6.87.2-x /lib/modules/6.6.87.2-microsoft_x ext4 rw 0 0",
                "/boot/vmlinuz-6.6.87.2-x /lib/modules/6.6.87.2-microsoft_x ext4 rw 0 0",
            ),
            // One word, one name.
            (
                "1 2 0:3 / /var/home/dave rw - fuse.sshfs dave@gw.acme.io:/home/dave rw",
                "1 2 0:3 / /var/home/user-1 rw - fuse.sshfs user-1@host-2:/home/user-1 rw",
            ),
            (
                "10.0.0.5@tcp:mgs2@o2ib0:/scratch /mnt lustre rw 0 0",
                "ip-1@tcp:host-2@o2ib0:/scratch /mnt lustre rw 0 0",
            ),
        ] {
            let mut redactor = Redactor::new(Some("web17"), None);
            let told = redactor.mount_table(line);
            assert_eq!(told, expected);
            assert_eq!(redactor.mount_table(&told), expected, "told again");
        }
    }

    #[test]
    fn what_people_call_a_mount_and_where_a_share_lies() {
        let mut redactor = Redactor::new(Some("zulu77"), None);
        redactor.text("/home/carla/x");
        for (source, expected) in [
            ("zulu77\\040x", "host-1\\040x"),
            ("x\\040carla", "x\\040user-1"),
            ("\\134\\134winsrv\\134share", "\\134\\134host-2\\134share"),
            ("\\134\\134zulu77\\134share", "\\134\\134host-1\\134share"),
            ("tracefs", "tracefs"),
        ] {
            let line = |name: &str, source: &str| {
                format!("106 30 0:96 / /data/{name}_data rw - tracefs {source} rw\n")
            };
            let told = redactor.mount_table(&line("zulu77", source));
            assert_eq!(told, line("host-1", expected));
        }
    }

    #[test]
    fn the_host_is_nobody_at_mount_points_of_the_kernel_and_as_what_is_mounted() {
        for name in ["dbsrv01", "dbsrv01.acme.example", "gandalf"] {
            let mut redactor = Redactor::new(Some(name), None);
            let short = name.split('.').next().unwrap();
            for line in [
                "904 30 0:64 / /sys/fs/bpf/NAME rw - bpf NAME rw\n",
                "904 30 0:64 / /sys/kernel/debug/NAME rw shared:3 - tracefs NAME rw\n",
                "NAME /sys/fs/bpf/x/NAME bpf rw 0 0\n",
                "NAME on /sys/fs/bpf/NAME type bpf (rw)\n",
            ] {
                let told = redactor.mount_table(&line.replace("NAME", short));
                assert_eq!(told, line.replace("NAME", "host-1"), "{name}");
            }
            assert_eq!(
                redactor.fact("mount.bpf", &format!("/sys/fs/bpf/{short}")),
                "/sys/fs/bpf/host-1"
            );
        }
        for name in ["misc", "tracing", "bpf"] {
            let mut redactor = Redactor::new(Some(name), None);
            for line in [
                "31 30 0:9 / /sys/fs/cgroup/misc rw - cgroup cgroup rw,misc",
                "31 30 0:9 / /sys/kernel/debug/tracing rw - tracefs tracefs rw",
                "31 30 0:9 / /sys/fs/bpf rw - bpf bpf rw",
            ] {
                assert_eq!(redactor.mount_table(line), line, "{name}");
            }
        }
    }
}
