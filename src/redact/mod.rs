//! Words that tell who someone is, replaced by ones that don't: the same word always by the
//! same, so that what belongs together stays together.

mod addresses;
mod boot;
mod cmdline;
mod homes;
mod hosts;
mod mounts;
mod names;
mod quotes;
mod secrets;
mod systems;
mod units;
mod users;
mod words;

use std::collections::BTreeMap;

use boot::is_boot_configuration;
use cmdline::is_header_of_config;
use homes::is_program;
use secrets::secrets;
use words::SECRETS;

use crate::facts::{HOST_NAME, OTHER_HOSTNAME, is_host_name, is_same_host};

/// Replaces names of hosts and users, ids of machines, addresses and secrets.
#[derive(Debug, Default)]
pub struct Redactor {
    /// Names of the host, the longest first.
    hosts: Vec<String>,
    /// Whether its name may be a word of any language.
    is_wordlike: bool,
    /// The domain the host is in.
    domain: Option<String>,
    /// The release of its kernel.
    release: String,
    /// What was replaced by which number, by kind.
    known: BTreeMap<(&'static str, String), usize>,
    /// The last number of each kind.
    last: BTreeMap<&'static str, usize>,
    /// Values of arguments, by the names of these, in the order in which they were met.
    masked: BTreeMap<String, BTreeMap<String, usize>>,
}

const REDACTED: &str = "redacted";

impl Redactor {
    /// For the host of this name that runs a kernel of this release. A name that is a part of
    /// the release says nothing, and without it releases could no longer be compared.
    #[must_use]
    pub fn new(hostname: Option<&str>, release: Option<&str>) -> Self {
        let name = hostname.unwrap_or_default().trim();
        let short = name.split('.').next().unwrap_or_default();
        let mut redactor = Self {
            is_wordlike: short.chars().all(|c| c.is_ascii_alphabetic()),
            release: release.unwrap_or_default().to_owned(),
            // The host is the first, whatever it is called.
            known: BTreeMap::from([(("host", String::new()), 1)]),
            last: BTreeMap::from([("host", 1)]),
            ..Self::default()
        };
        redactor.learn_host(name);
        redactor
    }

    /// A fact's value, by the fact's key; a reason, or the place it was read at, has no key.
    pub fn fact(&mut self, key: &str, text: &str) -> String {
        if key.is_empty() {
            return self.file("", text);
        }
        let subject = key.split('.').next().unwrap_or_default();
        // Names of programs and places that the doctor itself knows; one of them may begin like
        // the host is called.
        if matches!(subject, "tool" | "version" | "file" | "dev-tools") {
            return text.to_owned();
        }
        match key {
            // Names for people, in which somebody may have put the host's.
            "os.name" => self.system_name(text),
            "kernel.disagreements" => self.disagreement(text),
            "environment.hostname" => self.host(text),
            "environment.unit" => {
                let text = self.harmless(text);
                self.unit(&text)
            }
            // Four numbers with dots, as kernels of WSL have, are no address here.
            "config-file.version" if !text.contains('/') => text.to_owned(),
            "cmdline" => self.command_line(text),
            "kernel.build" => self.build(text),
            "config-file.compiler" => self.build(text),
            // Where the kernel's file systems are mounted, and kernels lie.
            _ if matches!(subject, "mount" | "config-file" | "cgroup" | "boot") => {
                let text = self.unnamed(&secrets(text));
                match text.starts_with('/') {
                    true if subject == "mount" => self.mount_point(&text),
                    true => self.host_in_path(&text),
                    false => text,
                }
            }
            // What means the same on every host, and what checks compare.
            _ if matches!(
                subject,
                "kernel"
                    | "os"
                    | "security"
                    | "filesystems"
                    | "privilege"
                    | "environment"
                    | "btf"
                    | "sysctl"
                    | "modules"
                    | "module"
            ) =>
            {
                self.harmless(text)
            }
            _ => self.text(text),
        }
    }

    /// The text of a file, by its path; a path itself has none, and that of a name in a
    /// directory ends in a slash.
    pub fn file(&mut self, path: &str, text: &str) -> String {
        let name = path.rsplit('/').next().unwrap_or_default();
        if path.ends_with('/') {
            // As the whole path is told, or what was listed would not be found.
            let (whole, top) = (self.file("", &format!("{path}{text}")), self.file("", path));
            return whole
                .strip_prefix(top.as_str())
                .unwrap_or(&whole)
                .to_owned();
        }
        if is_program(path) || (path.is_empty() && is_program(text)) {
            return text.to_owned();
        }
        let means_the_same = path.starts_with("/sys/")
            || path.starts_with("/proc/sys/")
            || path.starts_with("/proc/self/ns/")
            || name.ends_with("release")
            || matches!(
                name,
                "filesystems"
                    | "status"
                    | "limits"
                    | "cpuinfo"
                    | "version_signature"
                    | "uid_map"
                    | "modules"
                    | "modules.dep"
                    | "modules.builtin"
                    | "installed"
            );
        match path {
            "/etc/hostname" | "/proc/sys/kernel/hostname" => {
                let named = text.trim();
                text.replace(named, &self.host(named))
            }
            OTHER_HOSTNAME => {
                let (told, denied) = text.split_once('\0').unwrap_or(("", text));
                self.other_name(told, denied)
            }
            "/proc/cmdline" | "/etc/kernel/cmdline" => self.command_line(text),
            "/proc/sys/kernel/version" => self.build(text),
            "/proc/version" => {
                let text = self.build(text);
                self.text(&text)
            }
            "/dev/kmsg" => self.kernel_log(text),
            "/proc/self/cgroup" | "/proc/1/cgroup" => self.control_groups(text),
            _ if matches!(name, "mountinfo" | "mounts" | "mount_-l") || path == "/mount" => {
                self.mount_table(text)
            }
            // Products are words that a host may be called by; one that is no word is no product.
            _ if path.starts_with("/sys/class/dmi/id/") => {
                let text = self.harmless(text);
                match self.is_wordlike {
                    true => text,
                    false => {
                        let text = self.host_names(&text);
                        self.users_in_words(&text)
                    }
                }
            }
            _ if name.starts_with("LoaderEntry") => self.loader_entry(text),
            "" => {
                let told = self.unnamed(&secrets(text));
                self.path(&told)
            }
            _ if name.ends_with("os-release") => self.os_release(text),
            _ if name.ends_with("-release") => self.system_name(text),
            _ if name.contains("config") => {
                let lines = text.split_inclusive('\n').map(|line| {
                    // The machine's name in it is nobody's, whoever is called so.
                    if is_header_of_config(line) {
                        return line.to_owned();
                    }
                    let line = self.kernel_config(line);
                    self.harmless(&line)
                });
                lines.collect()
            }
            // A line of a script that ends in a backslash goes on with the next.
            _ if name.ends_with(".cfg") && is_boot_configuration(path) => {
                self.boot_configuration(&text.replace("\\\n", ""))
            }
            "/etc/zipl.conf" => self.zipl(text),
            _ if is_boot_configuration(path) => self.boot_configuration(text),
            _ if means_the_same => self.harmless(text),
            _ => self.text(text),
        }
    }

    /// Learns the names in a file, without which they would not be known in other places.
    pub fn draft(&mut self, path: &str, text: &str) -> String {
        match path {
            // A report has a hash in its place.
            "/etc/machine-id" => text.to_owned(),
            // One that is called otherwise by its network has this name, too.
            "/etc/hostname" | "/proc/sys/kernel/hostname" => {
                self.learn_host(crate::facts::own_name(text).unwrap_or_default());
                self.file(path, text)
            }
            _ => self.file(path, text),
        }
    }

    /// The value of a label, by its key.
    pub fn label(&mut self, key: &str, value: &str) -> String {
        let lower = key.to_lowercase();
        if SECRETS.iter().any(|secret| lower.contains(secret)) {
            return REDACTED.to_owned();
        }
        let of = lower
            .rsplit(['.', '_', '-', '/'])
            .next()
            .unwrap_or_default();
        // What a value is shows in it, or, with its key before it, by that: `user=alice`.
        let alone = self.text(value);
        let told = match of {
            _ if value.is_empty() => return String::new(),
            _ if alone != value => alone,
            "host" | "hostname" | "node" | "nodename" => return self.number("host", value),
            "owner" | "contact" | "admin" | "maintainer" => return self.number("user", value),
            _ => {
                let told = self.text(&format!("{key}={value}"));
                let value = told.split_once('=').map(|(_, value)| value.to_owned());
                value.unwrap_or_else(|| REDACTED.to_owned())
            }
        };
        // Words by which hosts are grouped. An address, a path or an argument holds more than
        // anybody can know the parts of.
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | ' ');
        let is_mail = told.starts_with("user-") && told.contains("@domain-");
        let rest = told.replacen('@', "", usize::from(is_mail));
        match rest.chars().all(plain) {
            true => told,
            false => REDACTED.to_owned(),
        }
    }

    /// Any other text.
    pub fn text(&mut self, text: &str) -> String {
        let text = self.unnamed(&secrets(text));
        self.host_names(&text)
    }

    /// What the kernel or a library said, in which words mean what they mean.
    pub fn log(&mut self, text: &str) -> String {
        let text = self.unnamed(&secrets(text));
        match self.is_wordlike {
            true => text,
            false => self.host_names(&text),
        }
    }

    /// The text without names of others, addresses and ids.
    fn unnamed(&mut self, text: &str) -> String {
        let text = self.names(text);
        let text = self.homes(&text);
        let text = self.addresses(&text);
        self.ids(&text)
    }

    /// A path, or a reason that names some.
    fn path(&mut self, text: &str) -> String {
        let blank = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '(' | ')');
        let mut out = String::with_capacity(text.len());
        for piece in text.split_inclusive(blank) {
            let word = piece.trim_end_matches(blank);
            let rest = piece.get(word.len()..).unwrap_or_default();
            match word.rsplit_once("/loader/entries/") {
                Some((directory, name)) if word.starts_with('/') => {
                    out += &format!("{directory}/loader/entries/{}", self.entry_name(name));
                }
                // Names of the report's own, the same in each.
                _ if word.starts_with("sos_commands/") => out += word,
                _ if word.contains('/') => out += &self.host_in_path(word),
                _ if self.is_wordlike => out += word,
                _ => out += &self.host_names(word),
            }
            out += rest;
        }
        out
    }

    /// A sentence on what two files tell differently.
    fn disagreement(&mut self, text: &str) -> String {
        if let Some(names) = text.strip_prefix(&format!("{HOST_NAME} is "))
            && let Some((here, rest)) = names.split_once(" in ")
            && let Some((rest, other_place)) = rest.rsplit_once(" in ")
            && let Some((place, there)) = rest.rsplit_once(" and ")
        {
            let (here, there) = (self.host(here), self.other_name(here, there));
            let (place, other) = (self.disagreement(place), self.disagreement(other_place));
            return format!("{HOST_NAME} is {here} in {place} and {there} in {other}");
        }
        let text = self.harmless(text);
        let words = text.split(' ').map(|word| match word.starts_with('/') {
            true => {
                let word = self.host_below_kernel(word);
                self.users_in_mount_point(&word)
            }
            false if word.contains('@') => self.build(word),
            false => word.to_owned(),
        });
        let text = words.collect::<Vec<_>>().join(" ");
        // Sentences of the doctor's own, which a word in them must not change.
        match self.is_wordlike {
            true => text,
            false => self.host_names(&text),
        }
    }

    /// A name of the host beside the one that another file tells.
    fn other_name(&mut self, told: &str, name: &str) -> String {
        let name = name.trim();
        // What a file has instead of a name is no other one.
        if !is_host_name(name) || !is_host_name(told.trim()) {
            return "(none)".to_owned();
        }
        // Long or short, it is the same one, and no disagreement.
        if is_same_host(told, name) {
            self.learn_host(name);
            return self.host(told.trim());
        }
        match self.is_known(name) {
            true => name.to_owned(),
            false => self.number("host", &format!("{name} (another)")),
        }
    }

    /// Text that means the same on every host, but for ids and homes.
    fn harmless(&mut self, text: &str) -> String {
        let text = self.ids(text);
        self.homes(&text)
    }

    fn host(&mut self, name: &str) -> String {
        match name {
            "" | "localhost" => name.to_owned(),
            _ => "host-1".to_owned(),
        }
    }

    /// Whether a name is one that was put in the place of another.
    fn is_known(&self, name: &str) -> bool {
        let mut kinds = ["host-", "ip-"].iter();
        let number = kinds.find_map(|kind| name.strip_prefix(kind));
        number.is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    }

    /// Whether a name was met where only names of users stand.
    fn is_user(&self, name: &str) -> bool {
        self.known.contains_key(&("user", name.to_lowercase()))
    }

    fn number(&mut self, kind: &'static str, word: &str) -> String {
        let last = *self.last.entry(kind).or_default();
        // What was put in the place of another is not replaced once more.
        let number = word
            .strip_prefix(kind)
            .and_then(|rest| rest.strip_prefix('-'));
        let number = number.and_then(|number| number.parse::<usize>().ok());
        if number.is_some_and(|number| (1..=last).contains(&number)) {
            return word.to_owned();
        }
        if kind == "host" && self.is_own(word) {
            return "host-1".to_owned();
        }
        let key = (kind, word.to_lowercase());
        let number = *self.known.entry(key).or_insert(last + 1);
        self.last.insert(kind, last.max(number));
        format!("{kind}-{number}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_agree_agree_redacted_and_those_that_do_not_do_not() {
        for (name, other, agree) in [
            ("zulu77", "zulu77.corp-x.example", true),
            ("zulu77.corp-x.example", "ZULU77", true),
            ("zulu77.corp-x.example", "zulu77.other.example", false),
            ("zulu77.localdomain", "zulu77.other.example", false),
            ("zulu77", "golden", false),
            ("localhost", "localhost.localdomain", true),
            ("golden", "zulu77.acme", false),
        ] {
            for known in [name, other, "zulu77.acme"] {
                let mut redactor = Redactor::new(Some(known), None);
                redactor.draft("/etc/hostname", other);
                for _ in 0..2 {
                    let here = redactor.file("/proc/sys/kernel/hostname", name);
                    let there = redactor.file(OTHER_HOSTNAME, &format!("{name}\0{other}"));
                    assert_eq!(here == there, agree, "{here} {there}");
                }
            }
        }
        // Neither is a name: nothing is said of two.
        let mut redactor = Redactor::new(Some("zulu77"), None);
        for (name, other) in [("zulu77", "(none)"), ("(none)", "x"), ("zulu77", "")] {
            let there = redactor.file(OTHER_HOSTNAME, &format!("{name}\0{other}"));
            assert_eq!(there, "(none)", "{name} {other}");
        }
    }

    #[test]
    fn quotes_keep_words_together_as_who_reads_them_has_it() {
        let menu = "/boot/grub/grub.cfg";
        let entry = "/boot/loader/entries/x.conf";
        for (path, line, expected) in [
            (
                "/proc/cmdline",
                "ro \"dyndbg=file drivers/usb/* +p\" lsm=lockdown,yama quiet\n",
                "ro dyndbg=redacted lsm=lockdown,yama quiet\n",
            ),
            (
                "/proc/cmdline",
                "\"lsm=yama,bpf\" dyndbg=\"file x +p\" lockdown=\"integrity\" \"a b=c d",
                "\"lsm=yama,bpf\" dyndbg=redacted lockdown=\"integrity\" \"a b=redacted\"",
            ),
            (
                "/proc/cmdline",
                "foo=a\"b c\"d lsm=yama \"x y\"",
                "foo=redacted lsm=yama redacted",
            ),
            (
                entry,
                "options ro \"dyndbg=file x +p\" lsm=yama $kernelopts ${tuned_params} $a/b\n",
                "options ro dyndbg=redacted lsm=yama $kernelopts ${tuned_params} redacted\n",
            ),
            (
                menu,
                "menuentry 'x' {\n  linux /k 'dyndbg=file x +p' t='it s' \\\n foo=\"$root x\" lsm=yama\n}\n",
                "menuentry 'x' {\n  linux /k dyndbg=redacted t=redacted foo=redacted lsm=yama\n}\n",
            ),
            (
                menu,
                "linux /k b=\"\\\"c\\\"\" lsm='yama,bpf' quiet # of alice\n",
                "linux /k b=redacted lsm='yama,bpf' quiet\n",
            ),
            (
                menu,
                "menuentry x { linux /k ro 'a b=c'; initrd /i; }\n",
                "menuentry x { linux /k ro \"a b=redacted\" ; initrd /i ; }\n",
            ),
            (
                "/etc/default/grub",
                "GRUB_CMDLINE_LINUX=\"ro \\\"dyndbg=file x +p\\\" lsm=yama\"\n",
                "GRUB_CMDLINE_LINUX=\"ro dyndbg=redacted lsm=yama\"\n",
            ),
        ] {
            let mut redactor = Redactor::new(Some("web17"), None);
            let told = redactor.file(path, line);
            assert_eq!(told, expected);
            assert_eq!(redactor.file(path, &told), expected, "told again");
        }
    }

    #[test]
    fn a_user_who_is_called_like_the_system_changes_no_config() {
        for name in ["linux", "x86", "kernel"] {
            let mut redactor = Redactor::new(Some("web17"), None);
            let home = redactor.text(&format!("/home/{name}/x"));
            assert_eq!(home, "/home/user-1/x");
            let config = "#\n# Linux/x86 5.15.0 Kernel Configuration\n#\nCONFIG_BPF=y\n";
            assert_eq!(redactor.file("/boot/config-5.15.0", config), config);
        }
    }

    #[test]
    fn two_values_of_an_argument_stay_two() {
        let mut redactor = Redactor::new(Some("web17"), None);
        for (line, expected) in [
            (
                "root=/dev/mapper/rhel-root x=a1b2c3d4 rd.lvm.lv=r/a rd.lvm.lv=r/b",
                "root=redacted x=redacted rd.lvm.lv=redacted rd.lvm.lv=redacted-2",
            ),
            (
                "root=/dev/mapper/other-root x=a1b2c3d4 rd.lvm.lv=r/b",
                "root=redacted-2 x=redacted rd.lvm.lv=redacted-2",
            ),
            ("root=redacted-2 x=redacted", "root=redacted-2 x=redacted"),
            (
                "systemd.unit=web17.target systemd.unit=multi-user.target",
                "systemd.unit=host-1.target systemd.unit=multi-user.target",
            ),
            (
                "sysctl.kernel.hostname=web17 sysctl.kernel.hostname=web18",
                "sysctl.kernel.hostname=host-1 sysctl.kernel.hostname=host-1-2",
            ),
        ] {
            assert_eq!(redactor.file("/proc/cmdline", line), expected);
            let log = redactor.file("/dev/kmsg", &format!("[ 0.0] Command line: {line}\n"));
            assert_eq!(log, format!("[ 0.0] Command line: {expected}\n"));
        }
    }

    #[test]
    fn a_host_with_two_names_has_neither_left() {
        let mut redactor = Redactor::new(Some("podname-7"), Some("6.1.0-9-amd64"));
        redactor.draft("/etc/hostname", "# ours\nzulu77.corp-x.example\n");
        redactor.draft("/proc/sys/kernel/hostname", "6.1.0-9-amd64\n");
        for (text, expected) in [
            ("title RHEL on zulu77", "title RHEL on host-1"),
            ("title RHEL on podname-7", "title RHEL on host-1"),
            ("a db2.corp-x.example", "a host-2"),
            (
                "linux /vmlinuz-6.1.0-9-amd64",
                "linux /vmlinuz-6.1.0-9-amd64",
            ),
        ] {
            assert_eq!(redactor.text(text), expected, "{text}");
        }
        let mount = redactor.fact("mount.bpf", "/sys/fs/bpf/zulu77");
        assert_eq!(mount, "/sys/fs/bpf/host-1");
    }

    #[test]
    fn who_built_a_kernel_where_is_taken_out_of_it() {
        let mut redactor = Redactor::new(Some("websrv-01"), Some("6.1.0"));
        for (text, expected) in [
            ("#1 SMP alice@websrv-01", "#1 SMP user-1@host-1"),
            ("#1 SMP alice@builder", "#1 SMP user-1@host-2"),
            ("#12~22.04.1-Ubuntu SMP Thu", "#12~22.04.1-Ubuntu SMP Thu"),
        ] {
            assert_eq!(redactor.fact("kernel.build", text), expected);
            assert_eq!(redactor.file("/proc/sys/kernel/version", text), expected);
            let banner = redactor.file("/proc/version", &format!("Linux version 6.1.0 {text}"));
            assert_eq!(banner, format!("Linux version 6.1.0 {expected}"));
            let sentence = redactor.fact("kernel.disagreements", &format!("build is {text} in x"));
            assert_eq!(sentence, format!("build is {expected} in x"));
        }
        let told = redactor.fact("config-file.compiler", "gcc (alice@corp.example) 12.2.0");
        assert_eq!(told, "gcc (user-1@domain-1) 12.2.0");
        let config = "#\n# Automatically generated file; DO NOT EDIT.\n\
                      # Linux/x86 6.1.170 Kernel Configuration\n# General setup\n\
                      CONFIG_CC_VERSION_TEXT=\"gcc by alice@corp.example\"\nCONFIG_A=y\n\
                      # CONFIG_B is not set\n# comment by alice on websrv-01 192.168.1.9";
        let expected = "#\n# Automatically generated file; DO NOT EDIT.\n\
                        # Linux/x86 6.1.170 Kernel Configuration\n#\n\
                        CONFIG_CC_VERSION_TEXT=\"gcc by user-1@domain-1\"\nCONFIG_A=y\n\
                        # CONFIG_B is not set\n#";
        assert_eq!(redactor.file("/boot/config-6.1.0", config), expected);
    }

    #[test]
    fn what_tells_of_someone_is_replaced_consistently() {
        let mut redactor = Redactor::new(Some("web-17.example.com"), None);
        for (text, expected) in [
            (
                "root=/dev/mapper/web--17-root ip=10.0.0.5::10.0.0.1:255.255.255.0:web-17:eth0",
                "root=/dev/mapper/host-1-root ip=ip-1::ip-2:255.255.255.0:host-1:eth0",
            ),
            (
                "10.0.0.1:/export/home/alice/x",
                "ip-2:/export/home/user-1/x",
            ),
            ("/home/bob,/home/alice", "/home/user-2,/home/user-1"),
            ("02:42:AC:11:00:02 02:42:ac:11:00:02", "mac-1 mac-1"),
            (
                "[fe80::1]:80 ::1 127.0.0.1 ::",
                "[ip-3]:80 ::1 127.0.0.1 ::",
            ),
            (
                "BOOT_IMAGE=/vmlinuz-6.6.87.2-x 1.2.3.4.5",
                "BOOT_IMAGE=/vmlinuz-6.6.87.2-x 1.2.3.4.5",
            ),
            (
                "root=UUID=0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f /x/0a1b2c3d0000111122220a1b2c3d4e5f-6.1.conf",
                "root=UUID=machine-1 /x/machine-1-6.1.conf",
            ),
            (
                "luks-0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f",
                "luks-machine-1",
            ),
            (
                "db.password=hunter2 x API_TOKEN=\"a b\" y",
                "db.password=redacted x API_TOKEN=redacted y",
            ),
            (
                "https://me:pw@web-17.example.com/x",
                "https://redacted@host-1/x",
            ),
            ("web-170 myweb-17 web-17", "web-170 myweb-17 host-1"),
            (
                "db-3.example.com:/x db-3.example.com example.com, notexample.com example.community",
                "host-2:/x host-2 domain-1, notexample.com example.community",
            ),
            (
                "nfsroot=nas:/srv/x inst.repo=http://Mirror/os //filer/share",
                "nfsroot=host-3:/srv/x inst.repo=http://host-4/os //host-5/share",
            ),
            (
                "user=alice,username=bob,uid=1000 domain=CORP systemd.unit=multi-user.target",
                "user=user-1,username=user-2,uid=1000 domain=domain-2 systemd.unit=multi-user.target",
            ),
            (
                "lowerdir=/a:/b BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.1 root=/dev/x PATH=/bin:/sbin",
                "lowerdir=/a:/b BOOT_IMAGE=(hd0,gpt2)/vmlinuz-6.1 root=/dev/x PATH=/bin:/sbin",
            ),
            ("std::vec 12:30:45 0xdead", "std::vec 12:30:45 0xdead"),
            ("ünïcode=ä@ö", "ünïcode=ä@ö"),
        ] {
            assert_eq!(redactor.text(text), expected);
        }
    }

    #[test]
    fn of_a_command_line_only_what_is_known_to_be_harmless_stays() {
        let mut redactor = Redactor::new(Some("web-17"), Some("6.1.0"));
        for (text, expected) in [
            (
                "BOOT_IMAGE=/vmlinuz-6.1.0 root=/dev/mapper/web--17-root ro quiet lsm=yama,bpf\n",
                "BOOT_IMAGE=/vmlinuz-6.1.0 root=redacted ro quiet lsm=yama,bpf\n",
            ),
            (
                "cgroup_no_v1=all sysctl.kernel.unprivileged_bpf_disabled=2 panic=10 audit=off",
                "cgroup_no_v1=all sysctl.kernel.unprivileged_bpf_disabled=2 panic=10 audit=off",
            ),
            (
                "systemd.hostname=prod-db7 cifs.pass=\"two words\" psk=abc mac=5254.00ab.cdef SEKRIT",
                "systemd.hostname=redacted cifs.pass=redacted psk=redacted mac=redacted redacted",
            ),
            (
                "hostname=WEB-17 fcos.sshkey=a,b ds=nocloud;s=http://x/;i=i-0abc x=123456 token:ab",
                "hostname=redacted fcos.sshkey=redacted ds=redacted x=123456 redacted",
            ),
            (
                "lockdown=integrity -- --user alice",
                "lockdown=integrity -- redacted",
            ),
        ] {
            assert_eq!(redactor.fact("cmdline", text), expected);
        }
        let entry = "title Web-17\nlinux /vmlinuz-6.1.0\noptions ro psk=abc lsm=bpf\n";
        assert_eq!(
            redactor.file("/boot/loader/entries/1.conf", entry),
            "title host-1\nlinux /vmlinuz-6.1.0\noptions ro psk=redacted lsm=bpf\n"
        );
        let grub =
            "\tlinux\t/vmlinuz-6.1.0 root=/dev/sda1 psk=abc\n}\nGRUB_CMDLINE_LINUX='a.b=secret'\n";
        assert_eq!(
            redactor.file("/boot/grub/grub.cfg", grub),
            "\tlinux /vmlinuz-6.1.0 root=/dev/sda1 psk=redacted\n}\nGRUB_CMDLINE_LINUX=\"a.b=redacted\"\n"
        );
        let line = "menuentry 'a;b' --id ${x} { linux /vmlinuz-6.1.0 ro psk=abc; password x y; }\n";
        assert_eq!(
            redactor.file("/boot/grub/grub.cfg", line),
            "menuentry 'a;b' --id ${x} { linux /vmlinuz-6.1.0 ro psk=redacted ; ; }\n"
        );
    }

    #[test]
    fn a_name_that_is_a_part_of_the_release_changes_nothing_else() {
        let release = "6.5.0-41-generic";
        for name in ["generic", "6.5.0", release] {
            let mut redactor = Redactor::new(Some(name), Some(release));
            assert_eq!(redactor.fact("boot.next", release), release);
            assert_eq!(redactor.fact("environment.hostname", name), "host-1");
        }
    }

    /// Also where the host is called otherwise, or nobody knows how.
    #[test]
    fn a_clients_name_in_its_address_is_the_hosts() {
        for (told, wanted) in [
            (
                "ip=10.0.0.5::10.0.0.1:24:zeus.corp.test:eth0:none",
                "ip=ip-1::ip-2:24:host-1:eth0:none",
            ),
            ("ip=::::zeus", "ip=::::host-1"),
            ("ip=[2001:db8::5]::::zeus:eth0", "ip=[ip-1]::::host-1:eth0"),
            ("ip=:::::eth0:dhcp", "ip=:::::eth0:dhcp"),
            ("ip=dhcp", "ip=dhcp"),
            (
                "ip=10.0.0.5:nas.acme.io:10.0.0.1:24:web-7:eth0:off rootflags=subvol=web-7",
                "ip=ip-1:host-2:ip-2:24:host-1:eth0:off rootflags=subvol=host-1",
            ),
            (
                "ip=10.0.0.5:::24:a:eth0:none:8.8.8.8:8.8.4.4:ntp1.acme.io",
                "ip=ip-1:::24:host-1:eth0:none:ip-2:ip-3:host-2",
            ),
            (
                "sysctl.kernel.hostname=web-7",
                "sysctl.kernel.hostname=host-1",
            ),
        ] {
            assert_eq!(Redactor::new(None, None).fact("cmdline", told), wanted);
        }
    }

    #[test]
    fn labels_are_known_by_their_keys() {
        let mut redactor = Redactor::new(Some("web-17.example.com"), None);
        for (key, value, expected) in [
            ("role", "web", "web"),
            ("name", "web-17.example.com", "host-1"),
            ("user", "alice", "user-1"),
            ("rack", "a 10.0.0.5", "a ip-1"),
            ("rack", "a=b 10.0.0.5", "redacted"),
            ("url", "http://u:p@h/", "redacted"),
            ("url", "https://wiki.corp.test/x", "redacted"),
            ("path", "/srv/x", "redacted"),
            ("team", "Storage and backup", "Storage and backup"),
            ("version", "1.2-rc3", "1.2-rc3"),
            ("login", "carl@h", "user-2"),
            ("contact-at", "carl@h", "redacted"),
            ("host", "web-7", "host-3"),
            ("example.com/hostname", "web-17", "host-1"),
            ("owner", "alice", "user-1"),
            ("mail", "bob@corp.test", "user-3@domain-2"),
            ("example.com/api-token", "a b", "redacted"),
            ("site", "", ""),
        ] {
            assert_eq!(redactor.label(key, value), expected, "{key}={value}");
        }
    }

    #[test]
    fn two_names_of_a_host_stay_two() {
        let mut redactor = Redactor::new(Some("web-17.acme.example"), None);
        let sentence = "the host's name is web-17.acme.example in sos_commands/kernel/uname_-a \
                        and db-2 in basic-environment.txt (/bin/hostname)";
        let expected = "the host's name is host-1 in sos_commands/kernel/uname_-a and host-2 in \
                        basic-environment.txt (/bin/hostname)";
        assert_eq!(redactor.fact("kernel.disagreements", sentence), expected);
        assert_eq!(redactor.fact("kernel.disagreements", expected), expected);
        assert_eq!(redactor.file(OTHER_HOSTNAME, "web-17\0db-2"), "host-2");
    }

    #[test]
    fn a_user_on_the_command_line_is_known_elsewhere() {
        let mut redactor = Redactor::new(Some("zulu77"), None);
        let line = "rd.luks.key=/home/carla/key ro login.user=dave x=/srv/eve";
        let told = redactor.fact("cmdline", line);
        assert_eq!(
            told,
            "rd.luks.key=redacted ro login.user=redacted x=redacted"
        );
        for (path, expected) in [
            ("/sys/fs/bpf/zulu77-carla", "/sys/fs/bpf/host-1-user-1"),
            ("/srv/dave/bpf", "/srv/user-2/bpf"),
            ("/srv/eve/bpf", "/srv/eve/bpf"),
        ] {
            assert_eq!(redactor.fact("mount.bpf", path), expected);
        }
    }

    #[test]
    fn what_is_known_of_a_user_is_taken_out_where_people_write() {
        let mut redactor = Redactor::new(Some("zulu77"), None);
        redactor.text("/home/alice/x");
        for (path, text, expected) in [
            ("/proc/cmdline", "quiet alice splash", "quiet user-1 splash"),
            (
                "/boot/grub/grub.cfg",
                "menuentry 'x (carla)' --users carla,alice --class os {\n",
                "menuentry 'x (user-2)' --users user-2,user-1 --class os {\n",
            ),
            (
                "/boot/grub/grub.cfg",
                "multiboot2 /xen.gz dom0=x\nmodule2 /vmlinuz-6.1.0 ro site=x\n",
                "multiboot2 /xen.gz dom0=redacted\nmodule2 /vmlinuz-6.1.0 ro site=redacted\n",
            ),
            (
                "/boot/grub2/grub.cfg",
                "menuentry x --id zulu77-entry --users=carla {\n",
                "menuentry x --id host-1-entry --users=user-2 {\n",
            ),
            (
                "/sys/class/dmi/id/product_name",
                "zulu77 product of alice",
                "host-1 product of user-1",
            ),
            (
                "/boot/grub/menu.lst",
                "default=1\npassword --md5 $1$x\ntitle Old on zulu77\n\
                 \tkernel /vmlinuz-2.6.32 ro token=x alice\n",
                "default=1\n\ntitle Old on host-1\n\
                 \tkernel /vmlinuz-2.6.32 ro token=redacted user-1\n",
            ),
            (
                "/etc/zipl.conf",
                "[defaultboot]\ndefault=Red Hat on zulu77\nparameters=\"x\"\n",
                "[defaultboot]\ndefault=Red Hat on host-1\nparameters=\"x\"\n",
            ),
        ] {
            assert_eq!(redactor.file(path, text), expected, "{path}");
            assert_eq!(redactor.file(path, expected), expected, "{path}, again");
        }
    }

    #[test]
    fn what_checks_compare_stays() {
        let mut redactor = Redactor::new(Some("tracefs"), None);
        for (key, text) in [
            ("kernel.release", "6.6.87.2-microsoft-standard-WSL2"),
            ("os.id", "tracefs"),
            ("filesystems", "tracefs"),
        ] {
            assert_eq!(redactor.fact(key, text), text);
        }
        assert_eq!(redactor.fact("environment.hostname", "tracefs"), "host-1");
        for place in [
            "/etc/hostname",
            "uname(2)",
            "sos_commands/kernel/dmesg",
            "--release",
        ] {
            assert_eq!(redactor.fact("", place), place);
        }
        let cmdline = "quiet lsm=bpf -- --user alice";
        assert_eq!(
            redactor.fact("cmdline", cmdline),
            "quiet lsm=bpf -- redacted"
        );
        for (path, text, expected) in [
            ("/etc/hostname", "tracefs\n", "host-1\n"),
            ("/etc/os-release", "ID=tracefs\n", "ID=tracefs\n"),
            ("/proc/filesystems", "nodev\ttracefs\n", "nodev\ttracefs\n"),
        ] {
            assert_eq!(redactor.file(path, text), expected);
        }
    }

    #[test]
    fn a_host_named_like_a_word_of_the_system_changes_no_path() {
        for name in ["config", "kernel", "unified", "x86_64", "tracing"] {
            let mut redactor = Redactor::new(Some(name), None);
            for path in [
                "/proc/sys/kernel/kptr_restrict",
                "/boot/config-4.18.0-553.el8_10.x86_64",
                "31 30 0:9 / /sys/fs/cgroup/unified rw - cgroup2 c rw",
                "/sys/kernel/tracing",
                "/sys/firmware/efi/efivars/SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c",
            ] {
                assert_eq!(redactor.text(path), path, "{name}");
            }
        }
    }

    #[test]
    fn names_of_systems_and_machines_lose_the_name_of_the_host() {
        let mut redactor = Redactor::new(Some("web-17.example.com"), None);
        for (path, text, expected) in [
            (
                "/etc/os-release",
                "ID=web-17\nPRETTY_NAME=\"Linux of web-17\"\nHOME_URL=web-17\n",
                "ID=web-17\nPRETTY_NAME=\"Linux of host-1\"\nHOME_URL=redacted\n",
            ),
            (
                "/usr/lib/os-release",
                "VERSION_ID=\"10.0.0.9\"\nVERSION=\"22.04 by ops@corp.example, 10.7.7.7\"\n\
                 PRETTY_NAME=\"Linux 22.04 (gina@example.com 52:54:00:aa:bb:cc)\"\n",
                "VERSION_ID=\"10.0.0.9\"\nVERSION=\"22.04 by user-1@domain-2, ip-1\"\n\
                 PRETTY_NAME=\"Linux 22.04 (user-2@domain-1 mac-1)\"\n",
            ),
            (
                "/etc/redhat-release",
                "CentOS release 7.9.1.2 (web-17 10.7.7.7)\n",
                "CentOS release 7.9.1.2 (host-1 ip-1)\n",
            ),
            ("/sys/class/dmi/id/product_name", "Web-17\n", "host-1\n"),
            ("/sys/class/dmi/id/sys_vendor", "QEMU\n", "QEMU\n"),
        ] {
            assert_eq!(redactor.file(path, text), expected, "{path}");
        }
        assert_eq!(
            redactor.fact("os.name", "Linux of WEB-17, built by gina@example.com"),
            "Linux of host-1, built by user-2@domain-1"
        );
        // A host of a maker's name must stay what it is.
        for name in ["Red", "kvm", "virtual"] {
            let mut redactor = Redactor::new(Some(name), None);
            for (path, text) in [
                ("/etc/redhat-release", "Red Hat Linux release 8.9 (Ootpa)\n"),
                ("/sys/class/dmi/id/product_name", "KVM Virtual Machine\n"),
            ] {
                assert_eq!(redactor.file(path, text), text, "{name}");
            }
        }
    }

    #[test]
    fn mounts_from_elsewhere_tell_no_names() {
        let mut redactor = Redactor::new(Some("web-17.example.com"), None);
        for (text, gone) in [
            (
                "40 28 0:40 / /mnt rw - cifs //nas.corp.test/share rw,username=_svc,domain=CORP,addr=10.0.0.9",
                &["nas", "corp", "_svc", "CORP", "10.0.0.9"][..],
            ),
            (
                "//nas/alice /mnt cifs rw,user=9alice,unc=\\134\\134nas\\134alice,ip=nas.corp.test 0 0",
                &["9alice", "=nas", "\\134nas", "corp"],
            ),
            (
                "mon-b.corp.test:6789,mon-c:6789:/ /mnt ceph rw,name=alice,secret=<hidden>,acl 0 0",
                &["corp", "mon-b", "mon-c", "=alice", "hidden"],
            ),
            (
                "40 28 0:40 / /mnt rw - ceph alice@0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f.corpfs=/ rw,mon_addr=10.0.0.7:6789",
                &["alice@", "10.0.0.7"],
            ),
            ("gfs-1:vol0 /mnt fuse.glusterfs rw 0 0", &["gfs-1"]),
            (
                "alice@gfs-1: /mnt fuse.sshfs rw,user_id=1000 0 0",
                &["alice", "gfs-1"],
            ),
            (
                "nas.corp.test:/export /mnt nfs4 rw,sec=krb5 0 0",
                &["nas", "corp"],
            ),
            (
                "mgs-1@tcp:mgs-2@tcp:/fs /mnt lustre rw 0 0",
                &["mgs-1", "mgs-2"],
            ),
            ("write to alice.b@corp.test, please", &["alice", "corp"]),
            (
                "server=ldap.corp.test,mon_host=mon-b.corp.test",
                &["ldap", "mon-b"],
            ),
            ("source=//nas/alice", &["nas"]),
        ] {
            let told = redactor.text(text);
            for word in gone {
                assert!(!told.contains(word), "{word}: {told}");
            }
        }
        for text in [
            "31 30 0:9 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
            "/system.slice/web@7.service user@1000.service",
            "overlay / overlay rw,lowerdir=/a:/b,upperdir=/c 0 0",
            "addr=eth0 user=1000",
        ] {
            assert_eq!(redactor.text(text), text);
        }
    }

    #[test]
    fn secrets_and_addresses_in_other_forms() {
        let mut redactor = Redactor::new(Some("web17"), None);
        let rows = [
            ("netroot=iscsi:bob:s3cr3t@host", "netroot=iscsi redacted"),
            ("rootpw=abc", "rootpw=redacted"),
            ("user=9,pass=abc,bypass=1", "user=9,pass=redacted,bypass=1"),
            (
                "/dev/mapper/rhel_web17-root",
                "/dev/mapper/rhel_host-1-root",
            ),
            ("x_web17", "x_web17"),
            (
                "password=pw123,domain=CORP",
                "password=redacted,domain=domain-1",
            ),
            ("BOOTIF=01-52-54-00-ab-cd-ef", "BOOTIF=01-mac-1"),
        ];
        for (text, expected) in rows {
            let redacted = redactor.text(text);
            for word in ["s3cr3t", "bob", "abc", "pw123", "52-54"] {
                assert!(!redacted.contains(word), "{text}: {redacted}");
            }
            if !expected.contains(' ') {
                assert_eq!(redacted, expected);
            }
        }
    }

    #[test]
    fn what_was_told_of_a_user_holds_in_every_path() {
        let mut redactor = Redactor::new(Some("web-17"), None);
        let texts = [
            "/home/alice/x /home/user-4/frank/y",
            "/srv/alice/data",
            "/run/user/1000/alice/bpf",
            "10.0.0.1:/export/alice",
            "/data/alice: no such file",
            "home/alice/.config (its header)",
            "/home/corp.example.com/erin/x",
            "/backup/erin",
            "'/home/bob smith/x'",
        ];
        for text in texts {
            redactor.text(text);
        }
        for text in texts {
            let told = redactor.text(text);
            for word in ["alice", "erin", "bob", "corp", "frank"] {
                assert!(!told.contains(word), "{text}: {told}");
            }
        }
        // The same in the system's own places is something else.
        for text in ["/sys/fs/bpf/alice", "/proc/alice", "alice", "/run/alice/x"] {
            assert_eq!(redactor.text(text), text);
        }
        let user = redactor.text("/home/alice").replace("/home/", "");
        assert_eq!(
            redactor.fact("", "home/alice/.config"),
            format!("home/{user}/.config")
        );
    }

    #[test]
    fn hosts_addresses_and_disks_in_other_spellings() {
        let mut redactor = Redactor::new(Some("web-17"), None);
        for (text, gone) in [
            ("/mnt/nas.corp.test/x", "corp"),
            ("https://git.corp.test:8443/x?y", "corp"),
            ("reach db-1.corp.test:5432 now", "corp"),
            ("at 5254.00ab.cdef x", "5254"),
            ("mac 52-54-00-AB-CD-EF", "54-00"),
            ("[2001:db8::1:2]:443", "db8"),
            ("fe80::5054:ff:feab:cdef%eth0", "5054"),
            ("ftp://alice:hunter2@nas/x", "hunter2"),
            ("--db-password hunter2", "hunter2"),
        ] {
            let told = redactor.text(text);
            assert!(!told.contains(gone), "{text}: {told}");
        }
        for (text, gone) in [
            ("root=PARTUUID=0a1b2c3d-02 ro", "0a1b2c3d"),
            ("resume=UUID=1A2B-3C4D", "1A2B"),
            ("root=UUID=0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f", "0a1b2c3d"),
            (
                "rd.luks.uuid=luks-0a1b2c3d-0000-1111-2222-0a1b2c3d4e5f",
                "0a1b2c3d",
            ),
            ("kubelet.token=eyJhbGciOiJ9.eyJpc3MiOiJ9.c2ln", "eyJ"),
            ("aws=AKIAIOSFODNN7EXAMPLE AKIAIOSFODNN7EXAMPLE", "AKIA"),
            ("ip=[fe80::5054:ff:feab:cdef]::::web-17:eth0", "5054"),
            ("ro web-17 quiet", "web-17"),
            ("ro --password hunter2 quiet", "hunter2"),
            ("ro password hunter2", "hunter2"),
        ] {
            let told = redactor.fact("cmdline", text);
            assert!(!told.contains(gone), "{text}: {told}");
        }
        assert_eq!(
            redactor.text("MAC 5254.00ab.cdef 52:54:00:ab:cd:ef"),
            redactor.text("MAC 52-54-00-ab-cd-ef 5254.00AB.CDEF")
        );
        for text in [
            "libbpf.so.1.2 io.containerd.runtime.v2 kubernetes.io/x docs.kernel.org",
            "/usr/lib/systemd/system/multi-user.target.wants",
            "5.14.0-427.el9.x86_64 1234.5678.9abcdef",
        ] {
            assert_eq!(redactor.text(text), text);
        }
    }

    #[test]
    fn what_the_firmware_was_told_to_boot_is_the_entry_that_is_there() {
        let mut redactor = Redactor::new(Some("web-17"), None);
        let id = "0a1b2c3d0000111122220a1b2c3d4e5f-6.1.0.conf";
        let wide = |id: &str| -> String {
            let text = id.chars().flat_map(|c| [c, '\0']);
            ['\u{6}', '\0', '\0', '\0']
                .into_iter()
                .chain(text)
                .collect()
        };
        let listed = redactor.file("/boot/loader/entries/", id);
        assert_eq!(listed, "machine-1-6.1.0.conf");
        let path =
            "/sys/firmware/efi/efivars/LoaderEntryDefault-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f";
        assert_eq!(redactor.file(path, &wide(id)), wide(&listed));
        let grubenv = format!("saved_entry={}\n", id.trim_end_matches(".conf"));
        let told = redactor.file("/boot/grub2/grubenv", &grubenv);
        assert_eq!(told, "saved_entry=machine-1-6.1.0\n");
    }

    #[test]
    fn names_that_everybody_has_stay() {
        for name in ["localhost", "debian", "ext4", "vm", ""] {
            let text = format!("/dev/{name} on / type ext4");
            assert_eq!(Redactor::new(Some(name), None).text(&text), text);
        }
        assert_eq!(Redactor::new(None, None).text("x"), "x");
    }
}
