//! What this process may do, asked of the kernel by system calls alone, so that it is known
//! without /proc as well; and what that leaves of those who may have said no.

use nix::errno::Errno;
use nix::sys::stat;
use nix::sys::utsname;

use super::asked::Asked;
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
use super::outcome::ABOVE_UNASKED;
use super::outcome::Outcome;
use super::outcome::ProbeResult;
use super::outcome::Stage;
use super::particular;
use super::sys;
use crate::facts::lent_where_loaders_look;

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

    pub(super) fn name(self) -> &'static str {
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
    /// Whether a bpf file system it sees lends rights by tokens: true where loaders look.
    pub(super) lent: Option<bool>,
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
            lent: Some("/proc/self/mountinfo")
                .filter(|_| at_home == Some(false))
                .and_then(|path| whole_file(path).ok())
                .and_then(|mounts| lent_where_loaders_look(&String::from_utf8_lossy(&mounts))),
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
    /// `word` tells who answers a system call.
    pub(super) fn suspects(
        &self,
        result: &ProbeResult,
        asked: &Asked<'_>,
        word: &mut dyn FnMut(Call) -> Word,
    ) -> Option<String> {
        let Outcome::Fails {
            stage,
            errno,
            call,
            log,
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
            _ if log.starts_with(ABOVE_UNASKED) => may.push(
                "a program on a cgroup above that allows none below it, which the answer to \
                 PROG_QUERY leaves open (`bpftool cgroup tree` on the host)"
                    .to_owned(),
            ),
            // The probe has looked.
            Some(true) => is_not.push("a program on a cgroup above (none there forbids it)"),
            _ => may.push(
                "a program on a cgroup above, out of sight here, that allows none below it \
                 (`bpftool cgroup tree` on the host)"
                    .to_owned(),
            ),
        }
        self.ask_capabilities(asked, &mut may, &mut is_not);
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
            // What it keeps is listed in include/linux/security.h (`enum lockdown_reason`): of what
            // a program is attached to, kprobes and what tracefs tells, and these at the second
            // level alone.
            (false, _) if self.version >= Some(LOCKDOWN_KNOWN) && !asked.is_traced() => {
                is_not.push("lockdown (it keeps nobody from such a hook)");
            }
            (false, Some(Lockdown::Integrity)) if self.version >= Some(LOCKDOWN_KNOWN) => {
                is_not.push("lockdown (at integrity it keeps nobody from a hook)");
            }
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
    fn ask_capabilities(&self, asked: &Asked<'_>, may: &mut Vec<String>, is_not: &mut Vec<&str>) {
        // The kernel asks for a capability only where the setting is another.
        if asked.takes_none_where_open() && self.closed == Some(false) {
            is_not.push(
                "a missing capability (where kernel.unprivileged_bpf_disabled is 0, none is asked \
                 for)",
            );
            return;
        }
        let lacking = asked
            .capabilities()
            .into_iter()
            .filter(|asked| self.lacks(*asked));
        let lacking: Vec<&str> = lacking.map(Capability::name).collect();
        match (self.at_home, self.capabilities) {
            (Some(false), _) if self.lent.is_some() => may.push(format!(
                "the user namespace, whose capabilities count for BPF with a token alone: a bpf \
                 file system here lends one, which loaders take ({}) and the doctor does not",
                match self.lent {
                    Some(false) => {
                        "libbpf from 1.5 on where it is told of the place, for it looks at /sys/fs/bpf"
                    }
                    _ => "libbpf from 1.5 on by itself",
                }
            )),
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
    use super::super::table;
    use super::*;

    const ALL: u64 = u64::MAX;
    const NONE: u64 = 0;
    const ALL_OF_BPF: &str = "CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN";
    const TRACED: Asked<'_> = asked(ALL_OF_BPF, "tracing");

    const fn asked<'a>(privilege: &'a str, area: &'a str) -> Asked<'a> {
        Asked { privilege, area }
    }

    fn rights(capabilities: u64, filtered: bool, at_home: bool) -> Rights {
        Rights {
            capabilities: Some(capabilities),
            filtered: Some(filtered),
            at_home: Some(at_home),
            version: Some((6, 12)),
            lockdown: Some(Lockdown::None),
            closed: None,
            sees_cgroups: Some(true),
            lent: None,
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
                .suspects(&refused("kprobe", stage, "EPERM"), &TRACED, &mut |_| {
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
            let said = all.suspects(&refused(probe, stage, errno), &TRACED, &mut |_| {
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
                    lent: Some(true),
                    ..rights(ALL, false, false)
                },
                "map-create",
                Stage::Create,
                "(libbpf from 1.5 on by itself)",
                Some(true),
            ),
            (
                Rights {
                    lent: Some(false),
                    ..rights(ALL, false, false)
                },
                "map-create",
                Stage::Create,
                "told of the place",
                Some(true),
            ),
        ] {
            let result = refused(probe, stage, "EPERM");
            let said = rights.suspects(&result, &TRACED, &mut |_| Word::Kernels);
            let said = said.unwrap();
            let (left, out) = said.split_once("; it is not ").unwrap_or((&said, ""));
            assert_eq!(left.contains(who), may == Some(true), "{probe}: {said}");
            assert_eq!(out.contains(who), may == Some(false), "{probe}: {said}");
        }
    }

    #[test]
    fn nobody_is_suspected_of_what_the_kernel_does_not_ask_for() {
        let said = |rights: Rights, asked: &Asked<'_>, stage, log: &str| {
            let mut result = refused("cgroup-attach", stage, "EPERM");
            if let Outcome::Fails { log: told, .. } = &mut result.outcome {
                log.clone_into(told);
            }
            rights
                .suspects(&result, asked, &mut |_| Word::Kernels)
                .unwrap()
        };
        let locked = |lockdown, version| Rights {
            lockdown,
            version,
            ..rights(ALL, false, true)
        };
        let open = |closed| Rights {
            closed,
            ..rights(NONE, false, true)
        };
        let (new, old) = (Some((6, 12)), Some((4, 18)));
        let (cgroup, tracing) = (asked(ALL_OF_BPF, "cgroup"), TRACED);
        let plain = asked(table::BPF, "maps");
        let as_load = asked("as prog-load", "privilege");
        let (integrity, most) = (Lockdown::Integrity, Lockdown::Confidentiality);
        let unasked = format!("{ABOVE_UNASKED}: PROG_QUERY is answered with EPERM");
        let (lockdown, missing) = ("lockdown", "a missing capability");
        for (rights, asked, stage, log, who, may) in [
            (
                locked(Some(integrity), new),
                cgroup,
                Stage::Attach,
                "",
                lockdown,
                false,
            ),
            (
                locked(Some(most), new),
                cgroup,
                Stage::Attach,
                "",
                lockdown,
                false,
            ),
            (
                locked(None, new),
                cgroup,
                Stage::Attach,
                "",
                lockdown,
                false,
            ),
            (
                locked(Some(integrity), new),
                tracing,
                Stage::Attach,
                "",
                lockdown,
                false,
            ),
            (
                locked(Some(most), new),
                tracing,
                Stage::Attach,
                "",
                lockdown,
                true,
            ),
            // Before 5.4 there is that of the distribution.
            (
                locked(Some(integrity), old),
                cgroup,
                Stage::Attach,
                "",
                lockdown,
                true,
            ),
            (open(Some(false)), plain, Stage::Create, "", missing, false),
            (open(Some(false)), as_load, Stage::Load, "", missing, false),
            (open(Some(true)), plain, Stage::Create, "", missing, true),
            (open(None), plain, Stage::Create, "", missing, true),
            (open(Some(false)), tracing, Stage::Load, "", missing, true),
            (
                rights(ALL, false, true),
                cgroup,
                Stage::Attach,
                unasked.as_str(),
                "a program on a cgroup above",
                true,
            ),
        ] {
            let said = said(rights, &asked, stage, log);
            let (left, out) = said.split_once("; it is not ").unwrap_or((&said, ""));
            assert_eq!(left.contains(who), may, "{said}");
            assert_eq!(out.contains(who), !may, "{said}");
        }
    }

    #[test]
    fn a_filter_that_lets_the_command_through_refused_nothing() {
        let filtered = rights(ALL, true, true);
        let said = |errno, answer: Word| {
            let result = refused("load-tracing", Stage::Load, errno);
            filtered.suspects(&result, &TRACED, &mut |_| answer)
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
                .suspects(&result, &asked(privilege, "tracing"), &mut |_| {
                    Word::Kernels
                })
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
