//! Which options of a kernel config go into a report.

use std::collections::BTreeSet;
use std::fmt;

/// Options that decide what BPF and its surroundings can do, or that tell why not: names,
/// and beginnings or ends of names with a star. Measured on the configs of 33 distribution
/// kernels, these are between 150 and 320 of up to 10 800 options.
const SUBJECTS: &str = "\
    BPF* *_BPF *BPF_JIT NETFILTER_BPF_LINK DEBUG_INFO* PAHOLE* DEBUG_KERNEL \
    GCC_PLUGIN_RANDSTRUCT RANDSTRUCT* IKCONFIG* IKHEADERS* KALLSYMS* *KPROBES *KPROBE_EVENTS \
    KPROBE_* KPROBES_* *UPROBES UPROBE_* *FPROBE FPROBE_* PROBE_EVENTS* DYNAMIC_EVENTS \
    *_EVENTS EVENT_TRACING TRACING* TRACEPOINTS *_TRACEPOINTS FTRACE* *_FTRACE DYNAMIC_FTRACE* \
    HAVE_DYNAMIC_FTRACE* HAVE_FTRACE* FUNCTION_* *FUNCTION_TRACER HAVE_FUNCTION_GRAPH* \
    *RETHOOK STACK_TRACER STACKTRACE LIVEPATCH HAVE_HW_BREAKPOINT ARCH_HAS_SYSCALL_WRAPPER \
    FRAME_POINTER UNWINDER_* CGROUP* *_CGROUP MEMCG* CPUSETS* SOCK_CGROUP_DATA BLK_CGROUP* NET \
    NET_NS INET IPV6 XDP_* NET_SCHED NET_SCH_INGRESS NET_SCH_FQ NET_CLS NET_CLS_ACT \
    NET_INGRESS NET_EGRESS NET_XGRESS NET_SOCK_MSG STREAM_PARSER LWTUNNEL* IPV6_SEG6_LWTUNNEL \
    NETKIT NETFILTER NETFILTER_XTABLES NETFILTER_XT_TARGET_TPROXY NETFILTER_XT_TARGET_CT \
    NETFILTER_XT_MATCH_MARK NETFILTER_XT_MATCH_SOCKET NF_TABLES NF_CONNTRACK NF_FLOW_TABLE \
    VETH VXLAN GENEVE FIB_RULES TLS PAGE_POOL VSOCKETS SECURITY SECURITYFS SECURITY_* LSM \
    LOCK_DOWN* DEFAULT_SECURITY* SECCOMP* INTEGRITY IMA EVM KEYS NAMESPACES *_NS \
    CHECKPOINT_RESTORE MODULES MODULE_SIG MODULE_SIG_FORCE MODULE_ALLOW_BTF_MISMATCH SYSFS \
    PROC_FS SYSCTL TMPFS DEBUG_FS* TRACEFS* FS_VERITY FUSE_FS OVERLAY_FS CRYPTO_SHA1 \
    CRYPTO_USER_API_HASH SCHED_CLASS_EXT LIRC HID_BPF HZ PREEMPT* EXPERT EMBEDDED 64BIT MMU \
    SMP RUST CFI* LTO* EXECMEM X86_KERNEL_IBT STRICT_KERNEL_RWX LOCALVERSION CC_VERSION_TEXT";

/// A set of option names, given by names and patterns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope {
    /// Patterns and names in the order they were given.
    words: Vec<String>,
    /// The words without a star.
    names: BTreeSet<String>,
    patterns: Vec<Pattern>,
}

/// A word with a star at its beginning or its end.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Pattern {
    Begins(String),
    Ends(String),
}

impl Scope {
    /// No option at all.
    pub(super) const fn nothing() -> Self {
        Self {
            words: Vec::new(),
            names: BTreeSet::new(),
            patterns: Vec::new(),
        }
    }
}

impl Pattern {
    fn parse(word: &str) -> Option<Self> {
        let begins = word
            .strip_suffix('*')
            .map(|stem| Self::Begins(stem.to_owned()));
        let ends = || {
            word.strip_prefix('*')
                .map(|stem| Self::Ends(stem.to_owned()))
        };
        begins.or_else(ends)
    }

    fn has(&self, name: &str) -> bool {
        match self {
            Self::Begins(stem) => name.starts_with(stem.as_str()),
            Self::Ends(stem) => name.ends_with(stem.as_str()),
        }
    }
}

impl Scope {
    /// The subjects every report tells of.
    pub(super) fn subjects() -> Self {
        Self::parse(SUBJECTS)
    }

    /// A scope as it was written by [`fmt::Display`].
    pub(super) fn parse(text: &str) -> Self {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        let names = words.iter().filter(|word| !word.contains('*')).cloned();
        Self {
            names: names.collect(),
            patterns: words
                .iter()
                .filter_map(|word| Pattern::parse(word))
                .collect(),
            words,
        }
    }

    /// Whether an option belongs to it.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names.contains(name) || self.patterns.iter().any(|pattern| pattern.has(name))
    }

    /// Adds names; those it has already change nothing.
    pub(super) fn add<'a>(&mut self, names: impl Iterator<Item = &'a str>) {
        let fit = |name: &str| {
            !name.is_empty() && !name.contains(|c: char| c == '*' || c.is_whitespace())
        };
        // Sorted, so that the order in which a catalogue asks doesn't show in a report.
        let new: BTreeSet<&str> = names.filter(|name| fit(name) && !self.has(name)).collect();
        for name in new {
            self.words.push(name.to_owned());
            self.names.insert(name.to_owned());
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_patterns_say_what_belongs() {
        let scope = Scope::parse("NET BPF* *_NS");
        for (name, belongs) in [
            ("NET", true),
            ("NET_NS", true),
            ("NETKIT", false),
            ("BPF", true),
            ("BPF_LSM", true),
            ("CGROUP_BPF", false),
            ("", false),
        ] {
            assert_eq!(scope.has(name), belongs, "{name}");
        }
    }

    #[test]
    fn names_are_added_once_and_written_as_they_are_read() {
        let mut scope = Scope::parse("NET BPF*");
        scope.add(["ZONE_DMA", "ACPI", "BPF_LSM", "NET", "a b", "X*", ""].into_iter());
        assert_eq!(scope.to_string(), "NET BPF* ACPI ZONE_DMA");
        assert_eq!(Scope::parse(&scope.to_string()), scope);
    }

    #[test]
    fn the_subjects_are_words_without_repetition() {
        let words: Vec<&str> = SUBJECTS.split_whitespace().collect();
        let once: BTreeSet<&str> = words.iter().copied().collect();
        assert_eq!(words.len(), once.len());
        assert_eq!(Scope::subjects().to_string(), words.join(" "));
        for name in [
            "BPF_SYSCALL",
            "DEBUG_INFO_BTF",
            "DEBUG_INFO_BTF_MODULES",
            "KPROBES",
            "KPROBE_EVENTS",
            "UPROBE_EVENTS",
            "FPROBE",
            "FUNCTION_TRACER",
            "DYNAMIC_FTRACE_WITH_DIRECT_CALLS",
            "BPF_KPROBE_OVERRIDE",
            "CGROUP_BPF",
            "MEMCG_V1",
            "CPUSETS_V1",
            "NET_CLS_BPF",
            "NET_ACT_BPF",
            "BPF_STREAM_PARSER",
            "SECURITY_LOCKDOWN_LSM",
            "FTRACE_SYSCALLS",
            "NETFILTER_BPF_LINK",
            "TRACING",
            "PERF_EVENTS",
            "USER_NS",
            "NETFILTER_XT_MATCH_BPF",
            "HAVE_EBPF_JIT",
            "ARCH_WANT_DEFAULT_BPF_JIT",
            "LOCK_DOWN_KERNEL",
        ] {
            assert!(Scope::subjects().has(name), "{name}");
        }
    }
}
