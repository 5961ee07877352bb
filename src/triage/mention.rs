//! Lines that name a setting and tell of no failure: what a tool printed, what somebody typed,
//! a word of advice, a manual's. What they say of the host is a fact; it makes no cause.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::errno;
use super::patterns::any_case;

/// A setting with its value, and nothing behind it.
static SETTING: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r#"(?:^|[\s:|>\]"'`])(?:# ?)?(?:(?:kernel|net|vm|fs|user)[./][\w./-]+|/proc/sys/[\w./-]+|CONFIG_\w+|unprivileged_bpf_disabled|perf_event_paranoid|kptr_restrict|bpf_jit_(?:enable|harden|limit|kallsyms))["'`]?(?: ?[:=] ?| +)["'`]?(?:-?\d+|[ymn]|is not set|is set to [ymn])["'`]?[\s,;.]*$"#,
    )
});
/// What shows or looks for settings, as somebody typed it.
static COMMAND: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"(?:^|[$#%>|]) ?(?:sudo )?(?:cat|zcat|[ez]?grep|sysctl|head|tail|less|ls) [^:]*(?:/proc/|/boot/|/sys/|CONFIG_|kernel\.|net\.)",
    )
});
/// A setting that is chosen among those beside it, and off.
static CHOSEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"\w[: ]{1,2}\[none\](?: \w+){1,4}\s*$"));
/// A line of source code that declares something.
static DECLARATION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"^\s*(?:pub (?:const|static|fn|struct|enum)\b|# ?(?:define|include|ifdef|ifndef)\b|typedef |static const )",
    )
});
/// The name of a setting alone.
static NAME: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"^\W*[\w./-]*(?:CONFIG_\w+|perf_event_paranoid|kptr_restrict|unprivileged_bpf_disabled|bpf_jit_\w+)\W*$",
    )
});
/// What guards a host, by its name.
static GUARD: LazyLock<Option<Regex>> = LazyLock::new(|| any_case("seccomp"));
/// What is said of one that is lifted, or does its work.
static GUARDS: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"unconfined|\bden(?:y|ies)\b|forbid|kill|type=(?:SECCOMP|1326)\b"));
/// Words by which a line tells of a failure, or asks for something to be done.
static TELLS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"fail|error|\berr(?:no)?\b|denied|permitted|\b(?:can ?not|can't|couldn't|could not|unable|isn't|won't|doesn't|requires?|required|needs?|needed|must|should|please|try|consider\w*|make sure|ensure|missing|disabled|unsupported|unavailable|unset|invalid|exhausted|exceed\w*|lacks?|without|because|due to|warning|too (?:low|high|small|large))\b|\bnot (?:set|enabled|supported|available|found|present|built|sufficient|allowed|compiled)|\b(?:enable|disable|increase|increasing|raise|raising|lower|lowering|reduce|tweak\w*|adjust\w*|set|setting|prevent\w*|refus\w+|block\w*|restrict(?:s|ed|ing|ion)|reached|used up)\b",
    )
});

fn found<'t>(regex: &LazyLock<Option<Regex>>, text: &'t str) -> Option<regex::bytes::Match<'t>> {
    regex.as_ref()?.find(text.as_bytes())
}

/// Whether a line tells of a failure, or asks for something.
pub(super) fn tells(line: &str) -> bool {
    found(&TELLS, line).is_some()
}

/// Whether a line only mentions what a pattern found in it.
pub(super) fn is_mention(line: &str, matched: &str) -> bool {
    if let Some(setting) = found(&SETTING, line) {
        let before = line.get(..setting.start()).unwrap_or_default();
        return !tells(before);
    }
    let is_off = || found(&CHOSEN, line).is_some();
    if found(&DECLARATION, line).is_some() || is_off() || errno::is_explained(line) {
        return true;
    }
    if found(&GUARD, matched).is_some() {
        return !tells(line) && found(&GUARDS, line).is_none();
    }
    let is_named = || found(&NAME, matched).is_some() || found(&COMMAND, line).is_some();
    is_named() && !tells(line)
}

/// Capitals that stand in any log.
const LOUD: &[&str] = &["ERROR", "WARN", "WARNING", "FATAL", "INFO", "FAILED"];

/// Whether some words are plain English, without a number, a name in code or an abbreviation:
/// programs of all kinds say such.
pub(super) fn is_plain(words: &str) -> bool {
    let is_code = |c: char| c.is_ascii_digit() || "_/`#()[]{}=+&*<>".contains(c);
    let mut abbreviations = words
        .split(|c: char| !c.is_ascii_alphabetic())
        .filter(|word| {
            let capitals = word.bytes().filter(u8::is_ascii_uppercase).count();
            capitals > 1 && !LOUD.contains(word)
        });
    // Nothing but a kernel, and what is made of its types, is called so.
    let is_of_kernel = words.contains("vmlinux");
    !words.contains(is_code) && !is_of_kernel && abbreviations.next().is_none()
}

/// A name in code, or a name with its number.
static CODED: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"[a-z0-9]_[a-z]|\w=\(?-?\d|\w\(\)|\b\w*bpf|arg#?\d"));

/// How far into what, and how much of it.
static MEASURED: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"\b(?:off|size|insn)[= ]-?\d"));

/// Whether what goes on from here tells of offsets and sizes as the verifier does.
pub(super) fn is_measured(rest: &str) -> bool {
    found(&MEASURED, rest).is_some()
}

/// Whether some words have a name in code among them, or a name with its number (`off=8`): what
/// says such is a program that speaks of programs.
pub(super) fn is_coded(words: &str) -> bool {
    found(&CODED, words).is_some()
}

/// What a command printed of which a terminal's log has the one line below: `uname -r` and the
/// values of settings, as the end of its line.
pub(super) fn printed_below(line: &str, below: &[u8]) -> Option<String> {
    let line = line.trim_end();
    let last = line.split_whitespace().next_back()?;
    let of_setting = last.starts_with("/proc/sys/") && line.contains("cat ");
    if !of_setting && !line.ends_with("uname -r") {
        return None;
    }
    let below = below.strip_prefix(b"\r").unwrap_or(below);
    let below = below.strip_prefix(b"\n")?;
    let next = below.split(|byte| *byte == b'\n').next()?;
    let next = std::str::from_utf8(next.get(..128).unwrap_or(next))
        .ok()?
        .trim();
    let digits = next.strip_prefix('-').unwrap_or(next);
    let is_value = !next.contains(char::is_whitespace)
        && digits.starts_with(|c: char| c.is_ascii_digit())
        && (!of_setting || digits.bytes().all(|byte| byte.is_ascii_digit()));
    is_value.then(|| match of_setting {
        true => format!(" = {next}"),
        false => format!(" {next}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_without_a_failure_is_a_mention() {
        let rows = [
            (
                "kernel.perf_event_paranoid = 4",
                "perf_event_paranoid",
                true,
            ),
            ("  net.core.bpf_jit_limit: 264241152", "bpf_jit_limit", true),
            (
                "# cat /proc/sys/net/core/bpf_jit_limit",
                "bpf_jit_limit",
                true,
            ),
            (
                "$ zgrep CONFIG_CGROUP_BPF /proc/config.gz",
                "CONFIG_CGROUP_BPF",
                true,
            ),
            (
                "CONFIG_BPF_STREAM_PARSER=y",
                "CONFIG_BPF_STREAM_PARSER",
                true,
            ),
            (
                "# CONFIG_DEBUG_INFO_BTF is not set",
                "CONFIG_DEBUG_INFO_BTF is not set",
                true,
            ),
            ("config-5.10:CONFIG_BPF_LSM=n", "CONFIG_BPF_LSM=n", true),
            (
                "see kernel.perf_event_paranoid in the manual",
                "perf_event_paranoid",
                true,
            ),
            ("kptr_restrict", "kptr_restrict", true),
            ("  \"unprivileged_bpf_disabled\": 2,", "disabled\": 2", true),
            (
                "level=info msg=\"loaded seccomp profile\" bpf=1",
                "seccomp profile",
                true,
            ),
            (
                "bpf() blocked by seccomp profile",
                "bpf() blocked by seccomp",
                false,
            ),
            (
                "it works with seccomp=unconfined",
                "seccomp=unconfined",
                false,
            ),
            (
                "pub const XDP_TX_CSUM: u32 = 2; pub const XDP_X: u32 = 4;",
                "CSUM: u32 = 2; pub const XDP_X",
                true,
            ),
            (
                "error: CONFIG_BPF_LSM is not set",
                "CONFIG_BPF_LSM is not set",
                false,
            ),
            (
                "this kernel needs CONFIG_BPF_STREAM_PARSER",
                "CONFIG_BPF_STREAM_PARSER",
                false,
            ),
            (
                "please set kernel.perf_event_paranoid = -1",
                "perf_event_paranoid",
                false,
            ),
            (
                "consider lowering /proc/sys/kernel/perf_event_paranoid",
                "perf_event_paranoid",
                false,
            ),
            ("net.core.bpf_jit_limit exhausted", "bpf_jit_limit", false),
            (
                "map 'x': failed to create: Invalid argument",
                "failed to create",
                false,
            ),
        ];
        for (line, matched, wanted) in rows {
            assert_eq!(is_mention(line, matched), wanted, "{line}");
        }
    }

    #[test]
    fn plain_english_is_told_from_the_words_of_the_kernel() {
        for plain in [
            "map is full",
            "infinite loop detected",
            "ERROR: could not resolve symbol",
        ] {
            assert!(is_plain(plain), "{plain}");
        }
        for words in [
            "JITed progs",
            "tail_call abuse",
            "R2 is no pointer",
            "8193 jumps",
            "'vmlinux.h' file not found",
        ] {
            assert!(!is_plain(words), "{words}");
        }
    }

    #[test]
    fn words_with_names_in_code_are_those_of_the_verifier() {
        for (words, wanted) in [
            ("invalid access to map value, value_size=8 off=8", true),
            ("kfunc offset > 0 without fd_array is invalid", true),
            ("expected uninitialized iter_num as arg #1", true),
            ("unknown opcode 91", false),
            ("invalid shift 64", false),
            ("div by zero", false),
        ] {
            assert_eq!(is_coded(words), wanted, "{words}");
        }
    }

    #[test]
    fn what_a_command_printed_stands_below_it() {
        let rows = [
            ("$ uname -r", "\n5.10.0\n", Some(" 5.10.0")),
            ("$ uname -r", "\nLinux\n", None),
            ("uname -r", "", None),
            (
                "# cat /proc/sys/net/core/bpf_jit_harden",
                "\n0\n$ ",
                Some(" = 0"),
            ),
            (
                "# cat /proc/sys/net/core/bpf_jit_harden",
                "\ncat: no such file\n",
                None,
            ),
            ("# cat notes", "\n0\n", None),
        ];
        for (line, below, wanted) in rows {
            assert_eq!(
                printed_below(line, below.as_bytes()).as_deref(),
                wanted,
                "{line}"
            );
        }
    }
}
