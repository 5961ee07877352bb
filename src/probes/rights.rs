//! What this process may do, asked of the kernel by system calls alone, so that it is known
//! without /proc as well; and what that leaves of those who may have said no.

use nix::errno::Errno;
use nix::sys::stat;
use nix::sys::utsname;

use super::bench::At as _;
use super::bench::Trouble;
use super::call::By;
use super::call::Call;
use super::errno::Code;
use super::filters;
use super::filters::Word;
use super::kernel_types::short_file;
use super::kernel_types::whole_file;
use super::kinds::Command;
use super::outcome::Outcome;
use super::outcome::ProbeResult;
use super::outcome::Stage;
use super::particular;
use super::sys;

/// The inode of the first user namespace (PROC_USER_INIT_INO), the same on every kernel.
const FIRST_USER_NAMESPACE: u64 = 0xEFFF_FFFD;

/// Where the kernel tells its lockdown.
const LOCKDOWN: &str = "/sys/kernel/security/lockdown";

/// The inode of the first namespace of cgroups (PROC_CGROUP_INIT_INO).
const FIRST_CGROUP_NAMESPACE: u64 = 0xEFFF_FFFB;

/// Whether programs without capabilities are refused.
const UNPRIVILEGED: &str = "/proc/sys/kernel/unprivileged_bpf_disabled";

/// The first kernel that charges memory of BPF to the cgroup rather than to RLIMIT_MEMLOCK.
const UNCHARGED: (u32, u32) = (5, 11);

/// The first kernel with a lockdown of its own; those before have that of their distribution.
const LOCKDOWN_KNOWN: (u32, u32) = (5, 4);

/// What BPF asks for (include/uapi/linux/capability.h).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Capability {
    NetAdmin = 12,
    SysAdmin = 21,
    Perfmon = 38,
    Bpf = 39,
}

impl Capability {
    fn bit(self) -> u64 {
        1 << self as u32
    }

    fn name(self) -> &'static str {
        match self {
            Self::NetAdmin => "CAP_NET_ADMIN",
            Self::SysAdmin => "CAP_SYS_ADMIN",
            Self::Perfmon => "CAP_PERFMON",
            Self::Bpf => "CAP_BPF",
        }
    }
}

/// How much the kernel keeps even from root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lockdown {
    None,
    Integrity,
    Confidentiality,
}

impl Lockdown {
    /// By the kernel's words, of which the level in force stands in brackets.
    fn of(text: &str) -> Option<Self> {
        let is = |level: &str| text.contains(level);
        match () {
            () if is("[none]") => Some(Self::None),
            () if is("[integrity]") => Some(Self::Integrity),
            () if is("[confidentiality]") => Some(Self::Confidentiality),
            () => None,
        }
    }
}

/// The rights of a process; nothing of what could not be asked.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Rights {
    /// A bit for each capability in force.
    pub(super) capabilities: Option<u64>,
    /// Whether a seccomp filter is in force.
    pub(super) filtered: Option<bool>,
    /// Whether it is in the first user namespace, the only one whose capabilities BPF looks at.
    pub(super) at_home: Option<bool>,
    /// The first two numbers of the kernel's version.
    pub(super) version: Option<(u32, u32)>,
    /// The level of lockdown.
    pub(super) lockdown: Option<Lockdown>,
    /// Whether kernel.unprivileged_bpf_disabled refuses whoever has no capabilities.
    pub(super) closed: Option<bool>,
    /// Whether all cgroups above its own are to be seen.
    pub(super) sees_cgroups: Option<bool>,
    /// Whether a bpf file system it sees lends rights by tokens.
    pub(super) lent: bool,
}

impl Rights {
    /// Those of this process.
    pub(super) fn read() -> Self {
        let name = utsname::uname().ok();
        let release = name.as_ref().and_then(|name| name.release().to_str());
        let at_home = stat::stat("/proc/self/ns/user")
            .ok()
            .map(|file| file.st_ino == FIRST_USER_NAMESPACE);
        Self {
            capabilities: sys::capabilities(),
            filtered: sys::is_filtered(),
            at_home,
            version: release.and_then(numbers),
            lockdown: short_file(LOCKDOWN)
                .ok()
                .and_then(|text| Lockdown::of(&text)),
            closed: short_file(UNPRIVILEGED).ok().map(|text| text.trim() != "0"),
            sees_cgroups: stat::stat("/proc/self/ns/cgroup")
                .ok()
                .map(|file| file.st_ino == FIRST_CGROUP_NAMESPACE),
            // Anywhere else a token counts for nothing.
            lent: at_home == Some(false)
                && whole_file("/proc/self/mountinfo")
                    .is_ok_and(|mounts| lends(&String::from_utf8_lossy(&mounts))),
        }
    }

    /// Whether it is sure that BPF is refused what takes this capability, which CAP_SYS_ADMIN
    /// stands for as well.
    pub(super) fn lacks(&self, capability: Capability) -> bool {
        self.at_home == Some(false)
            || self
                .capabilities
                .is_some_and(|held| held & (capability.bit() | Capability::SysAdmin.bit()) == 0)
    }

    /// Why a namespace of this kind could not be made; unshare(2) asks for CAP_SYS_ADMIN in the
    /// user namespace the process is in.
    pub(super) fn no_namespace(&self, kind: &str) -> String {
        let held = self
            .capabilities
            .is_some_and(|held| held & Capability::SysAdmin.bit() != 0);
        match (held, self.filtered) {
            (false, _) => {
                format!(
                    "a {kind} namespace of its own takes CAP_SYS_ADMIN, and the host's is left alone"
                )
            }
            (true, Some(false)) => format!(
                "a {kind} namespace of its own is refused although CAP_SYS_ADMIN is held and no \
                 seccomp filter is in force: by a security module"
            ),
            (true, _) => format!(
                "a {kind} namespace of its own is refused although CAP_SYS_ADMIN is held: by a \
                 seccomp filter, or a security module"
            ),
        }
    }

    /// Who may have refused what came to this, of those there are, and who did not; nothing where
    /// nobody refused, or where the error itself says who did.
    ///
    /// `privilege` is what the probe takes, in the words of its row; `word` tells who answers a
    /// system call.
    pub(super) fn suspects(
        &self,
        result: &ProbeResult,
        privilege: &str,
        word: &mut dyn FnMut(Call) -> Word,
    ) -> Option<String> {
        let Outcome::Fails {
            stage, errno, call, ..
        } = &result.outcome
        else {
            return None;
        };
        let made = matches!(stage, Stage::Create | Stage::BtfLoad | Stage::Load);
        let command = match stage {
            Stage::Create => Some(Call::bpf(Command::MapCreate)),
            Stage::Load => Some(Call::bpf(Command::ProgLoad)),
            Stage::BtfLoad => Some(Call::bpf(Command::BtfLoad)),
            _ => None,
        };
        // Where no filter is in force, nobody but the kernel answers.
        let command = command.filter(|_| call.is_empty() && self.filtered != Some(false));
        let answer = command.map(|command| (command, word(command)));
        if let Some((command, Word::Filters(code))) = answer
            && code.to_string() == *errno
        {
            return Some(filters::of_filter(command, code));
        }
        let passes = answer.is_some_and(|(_, word)| word == Word::Kernels);
        if errno != "EPERM"
            || !(made || *stage == Stage::Attach)
            || particular::is_particular(&result.probe, *stage, errno)
        {
            return None;
        }
        let (mut may, mut is_not) = (Vec::new(), Vec::new());
        let at_cgroup = *stage == Stage::Attach
            && ["cgroup", "sockops-redirect"]
                .iter()
                .any(|start| result.probe.starts_with(start));
        match self.sees_cgroups {
            _ if !at_cgroup => {}
            // The probe has looked.
            Some(true) => is_not.push("a program on a cgroup above (none there forbids it)"),
            _ => may.push(
                "a program on a cgroup above, out of sight here, that allows none below it \
                 (`bpftool cgroup tree` on the host)"
                    .to_owned(),
            ),
        }
        self.ask_capabilities(privilege, &mut may, &mut is_not);
        match self.closed {
            _ if !made || !self.lacks(Capability::Bpf) => {}
            Some(false) => is_not.push("kernel.unprivileged_bpf_disabled (it is 0)"),
            _ => may.push("kernel.unprivileged_bpf_disabled".to_owned()),
        }
        match self.filtered {
            Some(false) => is_not.push("seccomp (no filter is in force)"),
            _ if passes => is_not.push("seccomp (the command reaches the kernel)"),
            Some(true) => may.push("a seccomp filter, for one is in force".to_owned()),
            None => may.push("a seccomp filter".to_owned()),
        }
        match (made, self.version) {
            (true, Some(version)) if version >= UNCHARGED => {
                is_not.push("RLIMIT_MEMLOCK (from 5.11 on BPF does not ask for it)");
            }
            (true, _) => may.push("RLIMIT_MEMLOCK".to_owned()),
            (false, _) => {}
        }
        match (made, self.lockdown) {
            (true, _) if self.version >= Some(LOCKDOWN_KNOWN) => {
                is_not.push("lockdown (it refuses no map and no type of program)");
            }
            (true, _) => {}
            (false, Some(Lockdown::None)) => is_not.push("lockdown (it is at none)"),
            (false, Some(Lockdown::Integrity)) => {
                may.push("lockdown, which is at integrity".to_owned());
            }
            (false, Some(Lockdown::Confidentiality)) => {
                may.push("lockdown, which is at confidentiality".to_owned());
            }
            (false, None) => may.push("lockdown".to_owned()),
        }
        may.push("a security module or another policy of the host".to_owned());
        let is_not = match is_not.is_empty() {
            true => String::new(),
            false => format!("; it is not {}", is_not.join(", nor ")),
        };
        Some(format!(
            "refused, which says nothing of what the kernel has; here it may be {}{is_not}",
            may.join(", or ")
        ))
    }

    /// What capabilities have to do with a refusal.
    fn ask_capabilities(&self, privilege: &str, may: &mut Vec<String>, is_not: &mut Vec<&str>) {
        let asked = asked(privilege);
        let lacking = asked.into_iter().filter(|asked| self.lacks(*asked));
        let lacking: Vec<&str> = lacking.map(Capability::name).collect();
        match (self.at_home, self.capabilities) {
            (Some(false), _) if self.lent => may.push(
                "the user namespace, whose capabilities count for BPF with a token alone: a bpf \
                 file system here lends one, which loaders take (libbpf from 1.5 on by itself) and \
                 the doctor does not"
                    .to_owned(),
            ),
            (Some(false), _) => may.push(
                "the user namespace, whose capabilities do not count for BPF without a token"
                    .to_owned(),
            ),
            (_, Some(_)) if !lacking.is_empty() => {
                may.push(format!("a missing capability ({})", lacking.join(", ")));
            }
            (Some(true), Some(_)) => {
                is_not.push("a missing capability (those it asks for are held)")
            }
            _ => may.push("a missing capability".to_owned()),
        }
    }
}

/// The capabilities that a row of the table says its probe takes; all of BPF, where it names none.
fn asked(privilege: &str) -> Vec<Capability> {
    let all = [Capability::Bpf, Capability::Perfmon, Capability::NetAdmin];
    let named = all
        .into_iter()
        .filter(|asked| privilege.contains(asked.name()));
    let named: Vec<Capability> = named.collect();
    match named.is_empty() {
        true if ["as prog-load", "as map-create"].contains(&privilege) => vec![Capability::Bpf],
        true => all.to_vec(),
        false => named,
    }
}

/// Whether a bpf file system among these mounts was mounted to lend rights
/// (`bpf_show_options()` in kernel/bpf/inode.c).
fn lends(mountinfo: &str) -> bool {
    let of_bpf = mountinfo.lines().filter_map(|line| {
        let (_, rest) = line.split_once(" - ")?;
        rest.strip_prefix("bpf ")
    });
    let mut options = of_bpf.filter_map(|rest| rest.split(' ').nth(1));
    options.any(|options| options.split(',').any(|one| one.starts_with("delegate_")))
}

/// The first two numbers of a kernel's release.
fn numbers(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// What an answer about a path below /proc comes to: that there is no /proc is no answer of the
/// kernel's to what is tried.
pub(super) fn through_proc<T, E: Into<Code>>(
    answer: Result<T, E>,
    stage: Stage,
) -> Result<T, Trouble> {
    let answer = answer.map_err(Into::into);
    if answer
        .as_ref()
        .is_err_and(|code: &Code| *code == Errno::ENOENT)
        && stat::stat("/proc/self").is_err()
    {
        return Err(Trouble::Skipped(
            "there is no /proc here, by which it names what it is about".to_owned(),
        ));
    }
    match answer {
        // A file, which is no more than the way to it.
        Err(code) if matches!(code.by(), By::Nobody) && code != Errno::ENOENT => {
            Err(Trouble::Skipped(format!(
                "what it is about could not be looked up in /proc: {code}"
            )))
        }
        answer => answer.at(stage),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: u64 = u64::MAX;
    const NONE: u64 = 0;
    const ALL_OF_BPF: &str = "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";

    fn rights(capabilities: u64, filtered: bool, at_home: bool) -> Rights {
        Rights {
            capabilities: Some(capabilities),
            filtered: Some(filtered),
            at_home: Some(at_home),
            version: Some((6, 12)),
            lockdown: Some(Lockdown::None),
            closed: None,
            sees_cgroups: Some(true),
            lent: false,
        }
    }

    fn refused(probe: &str, stage: Stage, errno: &str) -> ProbeResult {
        let outcome = Outcome::Fails {
            stage,
            errno: errno.to_owned(),
            call: String::new(),
            log: String::new(),
        };
        ProbeResult {
            probe: probe.to_owned(),
            outcome,
            micros: 1,
        }
    }

    #[test]
    fn a_capability_is_lacking_only_where_that_is_sure() {
        let net = Capability::NetAdmin;
        assert!(rights(NONE, false, true).lacks(net));
        assert!(!rights(net.bit(), false, true).lacks(net));
        assert!(!rights(Capability::SysAdmin.bit(), false, true).lacks(net));
        assert!(rights(Capability::Bpf.bit(), false, true).lacks(net));
        // Whoever is root in a user namespace of its own has nothing that counts here.
        assert!(rights(ALL, false, false).lacks(net));
        assert!(!Rights::default().lacks(net));
        let this = Rights::read();
        assert!(
            this.capabilities.is_some() && this.version.is_some(),
            "{this:?}"
        );
    }

    #[test]
    fn who_refused_is_narrowed_down_by_what_is_known() {
        for (rights, stage, left, out) in [
            (
                rights(ALL, false, true),
                Stage::Load,
                &["here it may be a security module"][..],
                &[
                    "a missing capability (those",
                    "seccomp (no filter",
                    "RLIMIT_MEMLOCK (from",
                ][..],
            ),
            (
                rights(ALL, true, true),
                Stage::Create,
                &["a seccomp filter, for one is in force"],
                &["a missing capability", "RLIMIT_MEMLOCK"],
            ),
            (
                rights(Capability::Bpf.bit(), false, true),
                Stage::Load,
                &["a missing capability (CAP_PERFMON, CAP_NET_ADMIN)"],
                &["seccomp", "RLIMIT_MEMLOCK"],
            ),
            (
                rights(ALL, false, false),
                Stage::Load,
                &["the user namespace", "kernel.unprivileged_bpf_disabled"],
                &["seccomp"],
            ),
            (
                rights(ALL, false, true),
                Stage::Attach,
                &["here it may be a security module"],
                &[
                    "a missing capability",
                    "seccomp",
                    "lockdown (it is at none)",
                ],
            ),
            (
                Rights {
                    lockdown: Some(Lockdown::Confidentiality),
                    ..rights(ALL, false, true)
                },
                Stage::Attach,
                &["lockdown, which is at confidentiality"],
                &["a missing capability", "seccomp"],
            ),
            (
                Rights::default(),
                Stage::Load,
                &["a missing capability", "a seccomp filter", "RLIMIT_MEMLOCK"],
                &[],
            ),
        ] {
            let said = rights
                .suspects(&refused("kprobe", stage, "EPERM"), ALL_OF_BPF, &mut |_| {
                    Word::Open(Errno::EPERM.into())
                })
                .unwrap();
            let (may, is_not) = said.split_once("; it is not ").unwrap_or((&said, ""));
            for words in left {
                assert!(may.contains(words), "{words}: {said}");
            }
            for words in out {
                assert!(
                    is_not.contains(words) && !may.contains(words),
                    "{words}: {said}"
                );
            }
            assert_eq!(is_not.is_empty(), out.is_empty(), "{said}");
        }
        let all = rights(ALL, false, true);
        for (probe, stage, errno) in [
            ("kprobe", Stage::Load, "EINVAL"),
            ("kprobe", Stage::Trigger, "EPERM"),
            // Its own words say who it was.
            ("perf-event-open", Stage::Create, "EPERM"),
        ] {
            let said = all.suspects(&refused(probe, stage, errno), ALL_OF_BPF, &mut |_| {
                Word::Kernels
            });
            assert_eq!(said, None, "{probe}");
        }
    }

    #[test]
    fn nobody_is_suspected_who_is_known_to_be_innocent() {
        let nobody = || rights(NONE, false, true);
        let setting = "kernel.unprivileged_bpf_disabled";
        let above = "a program on a cgroup above";
        for (rights, probe, stage, who, may) in [
            (nobody(), "lru-hash-map", Stage::Create, setting, Some(true)),
            (
                Rights {
                    closed: Some(true),
                    ..nobody()
                },
                "lru-hash-map",
                Stage::Create,
                setting,
                Some(true),
            ),
            (
                Rights {
                    closed: Some(false),
                    ..nobody()
                },
                "lru-hash-map",
                Stage::Create,
                setting,
                Some(false),
            ),
            (
                rights(ALL, false, true),
                "cgroup-link",
                Stage::Attach,
                above,
                Some(false),
            ),
            (
                Rights {
                    sees_cgroups: Some(false),
                    ..rights(ALL, false, true)
                },
                "cgroup-link",
                Stage::Attach,
                above,
                Some(true),
            ),
            (
                Rights::default(),
                "sockops-redirect",
                Stage::Attach,
                above,
                Some(true),
            ),
            (
                rights(ALL, false, true),
                "kprobe",
                Stage::Attach,
                above,
                None,
            ),
            (
                rights(ALL, false, true),
                "cgroup-link",
                Stage::Load,
                above,
                None,
            ),
            (
                rights(ALL, false, false),
                "map-create",
                Stage::Create,
                "lends one",
                None,
            ),
            (
                Rights {
                    lent: true,
                    ..rights(ALL, false, false)
                },
                "map-create",
                Stage::Create,
                "lends one",
                Some(true),
            ),
        ] {
            let result = refused(probe, stage, "EPERM");
            let said = rights.suspects(&result, ALL_OF_BPF, &mut |_| Word::Kernels);
            let said = said.unwrap();
            let (left, out) = said.split_once("; it is not ").unwrap_or((&said, ""));
            assert_eq!(left.contains(who), may == Some(true), "{probe}: {said}");
            assert_eq!(out.contains(who), may == Some(false), "{probe}: {said}");
        }
    }

    #[test]
    fn a_bpf_file_system_that_lends_rights_is_known_by_its_options() {
        let line = |kind: &str, options: &str| {
            format!("36 25 0:31 / /sys/fs/bpf rw,nosuid shared:9 - {kind} none rw,{options}\n")
        };
        for (text, lent) in [
            (line("bpf", "mode=700"), false),
            (line("bpf", "delegate_cmds=any,delegate_maps=any"), true),
            (line("bpf", "delegate_progs=kprobe:xdp"), true),
            (line("tmpfs", "delegate_cmds=any"), false),
            ("delegate_cmds=any".to_owned(), false),
        ] {
            assert_eq!(lends(&text), lent, "{text}");
        }
    }

    #[test]
    fn a_filter_that_lets_the_command_through_refused_nothing() {
        let filtered = rights(ALL, true, true);
        let said = |errno, answer: Word| {
            let result = refused("load-tracing", Stage::Load, errno);
            filtered.suspects(&result, ALL_OF_BPF, &mut |_| answer)
        };
        let through = said("EPERM", Word::Kernels).unwrap();
        assert!(
            through.contains("seccomp (the command reaches"),
            "{through}"
        );
        assert!(!through.contains("for one is in force"), "{through}");
        assert!(through.contains("nor lockdown"), "{through}");
        let stopped = said("EPERM", Word::Filters(Errno::EPERM.into())).unwrap();
        assert!(
            stopped.contains("seccomp filter answers EPERM"),
            "{stopped}"
        );
        assert!(stopped.contains("PROG_LOAD"), "{stopped}");
        // The kernel's own word.
        assert_eq!(said("EINVAL", Word::Kernels), None);
    }

    #[test]
    fn a_capability_is_named_only_where_the_probe_takes_it() {
        let held = Capability::Bpf.bit() | Capability::Perfmon.bit();
        let result = refused("load-lsm", Stage::Load, "EPERM");
        let tracing = "CAP_BPF and CAP_PERFMON (before 5.8: CAP_SYS_ADMIN)";
        for (privilege, named) in [
            (tracing, false),
            (ALL_OF_BPF, true),
            ("as prog-load", false),
        ] {
            let rights = rights(held, false, true);
            let said = rights
                .suspects(&result, privilege, &mut |_| Word::Kernels)
                .unwrap();
            assert_eq!(said.contains("CAP_NET_ADMIN"), named, "{privilege}: {said}");
        }
    }

    #[test]
    fn a_version_is_the_beginning_of_a_release() {
        for (release, version) in [
            ("6.18.44-fc-v857", Some((6, 18))),
            ("5.10.0-32-amd64", Some((5, 10))),
            ("7.2-rc1", Some((7, 2))),
            ("7", None),
            ("linux", None),
        ] {
            assert_eq!(numbers(release), version, "{release}");
        }
    }

    #[test]
    fn the_level_of_lockdown_stands_in_brackets() {
        for (text, level) in [
            ("[none] integrity confidentiality", Some(Lockdown::None)),
            (
                "none [integrity] confidentiality\n",
                Some(Lockdown::Integrity),
            ),
            (
                "none integrity [confidentiality]",
                Some(Lockdown::Confidentiality),
            ),
            ("none", None),
        ] {
            assert_eq!(Lockdown::of(text), level, "{text}");
        }
    }

    #[test]
    fn a_file_that_can_not_be_read_is_no_answer_of_the_kernel() {
        let looked_up = |code: Code| through_proc::<(), _>(Err(code), Stage::Open);
        for errno in [Errno::ENOSYS, Errno::EINVAL] {
            let answer = looked_up(errno.into());
            assert!(matches!(answer, Err(Trouble::Skipped(why)) if why.contains("/proc")));
        }
        let pinned = Code::from(Errno::EINVAL).by_call(Call::bpf(Command::ObjPin));
        assert!(matches!(looked_up(pinned), Err(Trouble::Failed { .. })));
    }

    #[test]
    fn a_namespace_is_not_said_to_take_what_is_held() {
        let said =
            |capabilities, filtered| rights(capabilities, filtered, true).no_namespace("mount");
        assert!(said(NONE, true).contains("takes CAP_SYS_ADMIN"));
        assert!(said(ALL, true).contains("although CAP_SYS_ADMIN is held: by a seccomp filter"));
        assert!(said(ALL, false).contains("by a security module"));
        assert!(!said(ALL, false).contains("by a seccomp"));
    }
}
