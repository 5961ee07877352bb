//! What this process may do: capabilities, limits, seccomp, its user namespace.

use std::borrow::Cow;

use procfs::FromRead;
use procfs::process::{LimitValue, Limits, Status};

use super::keys::Values::{Bool, List, Number, NumberOr, OneOf};
use super::mounts::{Lends, Mounts, TOKENS};
use super::{Fact, Facts, KeyInfo, Value, Why, capabilities, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        JUDGED,
        OneOf(&["seen", "none"]),
        "Whether a process is judged, the one whose /proc/self/status was read, or none: the host \
         is known from files, and they hold no process.",
    ),
    KeyInfo::one(
        "privilege.euid",
        Number,
        "Effective user id of the doctor, in its own user namespace (/proc/self/status).",
    ),
    KeyInfo::one(
        "privilege.capabilities",
        List,
        "Capabilities in effect (CapEff in /proc/self/status).",
    ),
    KeyInfo::one(
        "privilege.bounding",
        List,
        "Capabilities that a program started from here could ever get (CapBnd in \
         /proc/self/status).",
    ),
    KeyInfo::one(
        "privilege.last-cap",
        Number,
        "Number of the last capability the kernel knows (/proc/sys/kernel/cap_last_cap).",
    ),
    KeyInfo::one(
        "privilege.memlock",
        NumberOr("unlimited"),
        "Memory this process may lock, in bytes, or `unlimited` (soft RLIMIT_MEMLOCK in \
         /proc/self/limits).",
    ),
    KeyInfo::one(
        "privilege.memlock-hard",
        NumberOr("unlimited"),
        "To how many bytes that limit can be raised without privilege, or `unlimited` \
         (/proc/self/limits).",
    ),
    KeyInfo::one(
        "privilege.seccomp",
        OneOf(&["disabled", "strict", "filter"]),
        "Whether system calls are filtered, absent where the kernel can't (Seccomp in \
         /proc/self/status).",
    ),
    KeyInfo::one(
        "privilege.no-new-privs",
        Bool,
        "Whether programs started from here can't gain privilege (NoNewPrivs in \
         /proc/self/status).",
    ),
    KeyInfo::one(
        "privilege.user-namespace",
        OneOf(&["initial", "other"]),
        "Whether capabilities count for the whole host or for a user namespace alone \
         (/proc/self/ns/user).",
    ),
    KeyInfo::one(
        "privilege.bpf-delegated",
        OneOf(&["all"]),
        "Whether the bpf file system at /sys/fs/bpf lends all rights by tokens; absent where none \
         lends any, and not known where a part is lent, which may be what a program needs or not, or \
         one at another place lends some (options of its mounts in /proc/self/mountinfo).",
    ),
];

const STATUS: &str = "/proc/self/status";
const LIMITS: &str = "/proc/self/limits";

/// Whether there is a process to judge.
const JUDGED: &str = "privilege.process";

/// The number of CAP_BPF (include/uapi/linux/capability.h).
const CAP_BPF: i64 = 39;

/// Where the rights come from of which no file tells.
const AS_ROOT: &str = "a loader that is started as root";

impl Facts {
    /// Whether the host is known from files that hold no process, whose rights could be judged.
    #[must_use]
    pub fn judges_no_process(&self) -> bool {
        self.text(JUDGED).as_deref() == Some("none")
    }

    /// Whether the kernel is known to have no CAP_BPF, which came with 5.8, and so asks for
    /// CAP_SYS_ADMIN in its place.
    #[must_use]
    pub fn lacks_cap_bpf(&self) -> bool {
        let last = self.number("privilege.last-cap");
        last.is_some_and(|last| last < CAP_BPF)
    }

    /// These facts with the rights of a loader that is started as root, where no process is
    /// judged: what is known stays as it is.
    #[must_use]
    pub fn for_a_loader(&self) -> Cow<'_, Self> {
        if !self.judges_no_process() {
            return Cow::Borrowed(self);
        }
        let all = Value::List(capabilities::all());
        let rights = [
            ("privilege.euid", Value::Number(0)),
            ("privilege.capabilities", all.clone()),
            ("privilege.bounding", all),
            ("privilege.seccomp", "disabled".into()),
            ("privilege.no-new-privs", false.into()),
            ("privilege.user-namespace", "initial".into()),
        ];
        let mut facts = self.clone();
        for (key, value) in rights {
            if self.get(key).value().is_none() {
                facts.set(key, Fact::known(value, AS_ROOT));
            }
        }
        Cow::Owned(facts)
    }
}

/// Whether a process tells of itself here. A host that is known from files may hold none.
fn judged(host: &dyn Host, status: &Result<Status, Fact>) -> Fact {
    match status {
        Ok(_) => Fact::known("seen", STATUS),
        Err(Fact::Unknown { reason, .. })
            if !host.is_live() && matches!(reason.unknown, Why::Missing | Why::NotCollected) =>
        {
            Fact::known("none", STATUS)
        }
        Err(unknown) => unknown.clone(),
    }
}

/// Reads what the kernel says of this process.
pub(super) fn collect(host: &dyn Host, mounts: &Mounts, facts: &mut Facts) {
    let status = parsed(host, STATUS, |text| Status::from_read(text.as_bytes()).ok());
    let of_status = |value: fn(&Status) -> Option<Value>| match &status {
        Ok(status) => match value(status) {
            Some(value) => Fact::known(value, STATUS),
            None => Fact::unknown(Why::Missing, "this kernel does not tell", STATUS),
        },
        Err(unknown) => unknown.clone(),
    };
    facts.set(
        "privilege.euid",
        of_status(|s| Some(i64::from(s.euid).into())),
    );
    facts.set(
        "privilege.capabilities",
        of_status(|s| Some(capabilities::names(s.capeff).into())),
    );
    facts.set(
        "privilege.bounding",
        of_status(|s| Some(capabilities::names(s.capbnd?).into())),
    );
    facts.set(
        "privilege.no-new-privs",
        of_status(|s| Some((s.nonewprivs? != 0).into())),
    );
    facts.set("privilege.seccomp", of_status(|s| seccomp(s.seccomp)));

    facts.set(JUDGED, judged(host, &status));

    let last_cap = reader::number(host, "/proc/sys/kernel/cap_last_cap");
    facts.set("privilege.last-cap", last_cap);

    let memlock = parsed(host, LIMITS, limits).map(|limits| limits.max_locked_memory);
    let of_memlock = |limit: fn(&procfs::process::Limit) -> LimitValue| match &memlock {
        Ok(memlock) => Fact::known(bytes(limit(memlock)), LIMITS),
        Err(unknown) => unknown.clone(),
    };
    facts.set("privilege.memlock", of_memlock(|limit| limit.soft_limit));
    facts.set(
        "privilege.memlock-hard",
        of_memlock(|limit| limit.hard_limit),
    );

    facts.set("privilege.user-namespace", user_namespace(host));
    facts.set("privilege.bpf-delegated", mounts.fact(delegated));
}

/// What the bpf file systems lend.
fn delegated(mounts: &Mounts) -> Fact {
    let lent: Vec<(&str, Lends)> = mounts
        .of_type("bpf")
        .filter_map(|(point, mount)| Some((point, mount.lends?)))
        .collect();
    let usual = lent.iter().find(|(point, _)| *point == TOKENS);
    let detail = match (usual, lent.first()) {
        (Some((_, Lends::All)), _) => return Fact::known("all", mounts.source()),
        (None, None) => return mounts.none(Fact::absent(mounts.source())),
        (Some(_), _) => {
            "a token of a bpf file system lends a part of the rights, and whether that is \
             what a program needs"
                .to_owned()
        }
        (None, Some((point, _))) => format!(
            "the bpf file system at {} lends rights by tokens, and libbpf looks at {} unless it is \
             told another place (LIBBPF_BPF_TOKEN_PATH)",
            reader::shown(point),
            TOKENS
        ),
    };
    Fact::unknown(Why::Untold, &detail, mounts.source())
}

/// What `parse` makes of a file, or the fact that it is unknown.
fn parsed<T>(
    host: &dyn Host,
    path: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, Fact> {
    let text = reader::text(host, path).map_err(|error| reader::unreadable(&error, path))?;
    parse(&text).ok_or_else(|| Fact::unknown(Why::Malformed, &reader::shown(&text), path))
}

/// The parser subtracts from the number of words in a line, so lines of too few words, with
/// which it would panic, are kept from it.
fn limits(text: &str) -> Option<Limits> {
    let lines = text
        .lines()
        .filter(|line| line.split_whitespace().nth(2).is_some());
    let lines: Vec<&str> = lines.collect();
    Limits::from_read(lines.join("\n").as_bytes()).ok()
}

fn bytes(limit: LimitValue) -> Value {
    match limit {
        LimitValue::Unlimited => "unlimited".into(),
        LimitValue::Value(bytes) => Value::Number(i64::try_from(bytes).unwrap_or(i64::MAX)),
    }
}

/// The line is not there in a kernel without seccomp.
fn seccomp(mode: Option<u32>) -> Option<Value> {
    match mode {
        None => Some(Value::Absent),
        Some(0) => Some("disabled".into()),
        Some(1) => Some("strict".into()),
        Some(2) => Some("filter".into()),
        Some(_) => None,
    }
}

fn user_namespace(host: &dyn Host) -> Fact {
    let path = "/proc/self/ns/user";
    // The first user namespace always has this number (PROC_USER_INIT_INO in
    // include/linux/proc_ns.h).
    if let Ok(link) = host.link(path) {
        let name = if link == "user:[4026531837]" {
            "initial"
        } else {
            "other"
        };
        return Fact::known(name, path);
    }
    // Nearly as good: only the first one maps every id to itself without being told to.
    reader::fact(host, "/proc/self/uid_map", |text| {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [] => None,
            ["0", "0", "4294967295"] => Some("initial".into()),
            _ => Some("other".into()),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::host::Memory;

    const STATUS_TEXT: &str = "Name:\tbpf-doctor\nUmask:\t0022\nState:\tR (running)\nTgid:\t7\n\
        Ngid:\t0\nPid:\t7\nPPid:\t1\nTracerPid:\t0\nUid:\t1000\t1001\t0\t0\nGid:\t0\t0\t0\t0\n\
        FDSize:\t64\nGroups:\t0\nThreads:\t1\nSigQ:\t3/96365\nSigPnd:\t0000000000000000\n\
        ShdPnd:\t0000000000000000\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n\
        SigCgt:\t0000000000000000\nCapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n\
        CapEff:\t8000008000001000\nCapBnd:\t000001ffffffffff\nCapAmb:\t0000000000000000\n\
        NoNewPrivs:\t1\nSeccomp:\t2\nSeccomp_filters:\t1\n";

    const LIMITS_TEXT: &str = "\
        Limit                     Soft Limit           Hard Limit           Units\n\
        Max cpu time              unlimited            unlimited            seconds\n\
        Max file size             unlimited            unlimited            bytes\n\
        Max data size             unlimited            unlimited            bytes\n\
        Max stack size            8388608              unlimited            bytes\n\
        Max core file size        0                    unlimited            bytes\n\
        Max resident set          unlimited            unlimited            bytes\n\
        Max processes             96365                96365                processes\n\
        Max open files            1024                 1048576              files\n\
        Max locked memory         65536                unlimited            bytes\n\
        Max address space         unlimited            unlimited            bytes\n\
        Max file locks            unlimited            unlimited            locks\n\
        Max pending signals       96365                96365                signals\n\
        Max msgqueue size         819200               819200               bytes\n\
        Max nice priority         0                    0\n\
        Max realtime priority     0                    0\n\
        Max realtime timeout      unlimited            unlimited            us\n";

    fn facts(host: &Memory) -> Facts {
        let mut facts = Facts::default();
        collect(host, &Mounts::read(host), &mut facts);
        facts
    }

    #[test]
    fn the_effective_ids_and_capabilities_count() {
        let facts = facts(&Memory::new().with(STATUS, STATUS_TEXT));
        assert_eq!(facts.number("privilege.euid"), Some(1001));
        let effective = facts.list("privilege.capabilities").unwrap();
        assert_eq!(effective, ["CAP_NET_ADMIN", "CAP_BPF", "CAP_63"]);
        let bounding = facts.list("privilege.bounding").unwrap();
        assert_eq!(bounding.len(), 41);
        assert_eq!(facts.text("privilege.seccomp").unwrap(), "filter");
        assert_eq!(
            facts.get("privilege.no-new-privs").value(),
            Some(&true.into())
        );
    }

    #[test]
    fn an_old_kernel_tells_less() {
        let old = STATUS_TEXT.replace("NoNewPrivs:\t1\nSeccomp:\t2\n", "");
        let facts = facts(&Memory::new().with(STATUS, old));
        assert_eq!(facts.get("privilege.seccomp").value(), Some(&Value::Absent));
        assert!(facts.get("privilege.no-new-privs").value().is_none());
    }

    #[test]
    fn locked_memory_is_a_number_of_bytes_or_unlimited() {
        let facts = facts(&Memory::new().with(LIMITS, LIMITS_TEXT));
        assert_eq!(facts.number("privilege.memlock"), Some(65536));
        assert_eq!(facts.text("privilege.memlock-hard").unwrap(), "unlimited");
    }

    #[test]
    fn garbage_is_malformed_and_never_a_panic() {
        for text in [
            "",
            "x",
            "\n\n",
            "a b",
            "a b c",
            "Uid:\nCapEff:\n",
            "\u{1b}[2J: \u{0}",
            "::",
        ] {
            let facts = facts(&Memory::new().with(STATUS, text).with(LIMITS, text));
            for key in [
                "privilege.euid",
                "privilege.capabilities",
                "privilege.memlock",
            ] {
                assert!(facts.get(key).value().is_none(), "{key} of {text:?}");
            }
        }
        let cut = LIMITS_TEXT.replace("65536                unlimited            bytes", "65536");
        let cut = facts(&Memory::new().with(LIMITS, cut));
        assert!(cut.get("privilege.memlock").value().is_none());
    }

    #[test]
    fn the_first_user_namespace_is_told_by_its_number() {
        let (link, map) = ("/proc/self/ns/user", "/proc/self/uid_map");
        let whole = "         0          0 4294967295\n";
        for (host, name) in [
            (
                Memory::new().with_link(link, "user:[4026531837]"),
                Some("initial"),
            ),
            (
                Memory::new()
                    .with_link(link, "user:[4026532441]")
                    .with(map, whole),
                Some("other"),
            ),
            (Memory::new().with(map, whole), Some("initial")),
            (Memory::new().with(map, "0 100000 65536\n"), Some("other")),
            (Memory::new().with(map, ""), None),
            (
                Memory::new().refusing(map, ErrorKind::PermissionDenied),
                None,
            ),
        ] {
            assert_eq!(
                user_namespace(&host).value(),
                name.map(Value::from).as_ref()
            );
        }
    }
}
