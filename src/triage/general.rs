//! What failed, as programs say it in words of their own: a line that has a word of eBPF, a word
//! for a failure and an error tells at least of what kind the operation was.
//!
//! It is asked last, where no shape of a loader and no symptom of the catalogue is on the line,
//! and what it finds never makes more than a guess.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::bytes::Regex;

use super::event::{Event, Voice};
use super::patterns::any_case;
use crate::catalogue::Operation;

use Operation::{
    Attach, AttachCgroup, AttachKprobe, AttachTc, AttachTracepoint, AttachTrampoline, AttachUprobe,
    AttachXdp, KernelBtf, MapCreate, MapUse, PerfEventOpen, Pin, ProgramLoad, Rlimit,
};

/// Words that only lines about eBPF have.
pub(super) const ABOUT: &str = r"bpf|\bxdp|AF_XDP|\bk(?:ret)?probe|\bu(?:ret)?probe|\btracepoint|\bfentry|\bfexit|\btcx\b|clsact|MEMLOCK|\bperf[_ ](?:event|reader|buffer|ring)|\bBTF\b";

/// Words for a failure.
const FAILS: &str = r"\bfail|\berr(?:or|no)?\b|error|\bunable\b|\bcan ?not\b|\bcan't\b|\bcould ?n[o']t?\b|\bpanic|\bfatal|\brefus|\breject|\b(?:return(?:s|ed|ing)?|g[eo]t(?:s|ting)?|gives?|hits?) (?:an? |the |with )?-?E(?:PERM|ACCES|INVAL|NOENT|NOSPC|2BIG|BUSY|EXIST|NOTSUPP|OPNOTSUPP|NOMEM|BADF|SRCH|NODEV)\b";

/// What failed, by the words for it; of two that begin at one place the first one counts.
const OPERATIONS: &[(Operation, &str)] = &[
    (
        AttachKprobe,
        r"(?:attach|open|creat|regist|enabl|install)\w*\b[^:]{0,60}\bk(?:ret)?probes?\b",
    ),
    (
        AttachUprobe,
        r"(?:attach|open|creat|regist|enabl|install)\w*\b[^:]{0,60}\b(?:u(?:ret)?probes?|usdt)\b",
    ),
    (
        AttachTracepoint,
        r"(?:attach|open|creat|regist|enabl|install)\w*\b[^:]{0,60}\btrace ?points?\b",
    ),
    (AttachCgroup, r"attach\w*\b[^:]{0,60}\bcgroup"),
    (
        AttachXdp,
        r"(?:attach|set|install)\w*\b[^:]{0,60}\bxdp|\bxdp\b[^:]{0,40}\b(?:attach|link)\w*",
    ),
    (
        AttachTc,
        r"(?:attach|add|creat|replac|install)\w*\b[^:]{0,60}\b(?:tcx?|clsact|netkit|cls_bpf|qdisc|bpf filter|ingress|egress)\b",
    ),
    (
        AttachTrampoline,
        r"attach\w*\b[^:]{0,60}\b(?:fentry|fexit|fmod_ret|lsm|trampoline|kfunc|tracing)\b",
    ),
    (
        Attach,
        r"\battach(?:ing|ed|ment)?\b|\bcreat\w* (?:\w+ )?link\b|\bbpf_(?:link_create|prog_attach)\b",
    ),
    (
        MapCreate,
        r"\bcreat\w*\b[^:]{0,40}\bmaps?\b|\bmaps?\b[^:]{0,30}\bcreat(?:e|ing|ion)\b",
    ),
    (
        MapUse,
        r"\b(?:updat|delet|insert|look ?up|put|writ)\w*\b[^:]{0,40}\b(?:maps?|elements?|elem)\b|\bmaps?\b[^:]{0,30}\b(?:update|lookup|delete|insert)|\bbpf_map_(?:update|lookup|delete)\w*",
    ),
    (
        ProgramLoad,
        r"\bload(?:ing|ed)?\b[^:]{0,60}\b(?:e?bpf|xdp|prog(?:ram)?s?|collection|objects?|skeleton|probes?|filter|bytecode|code)\b|\b(?:prog(?:ram)?s?|e?bpf|collection|skeleton)\b[^:]{0,20}\bload(?:ing|ed)?\b|\bbpf_prog_load\b|\bLoadError\b",
    ),
    (Pin, r"\bpin(?:ning|ned)?\b[^:]{0,40}"),
    (
        PerfEventOpen,
        r"\b(?:open|creat|set ?up|mmap)\w*\b[^:]{0,40}\bperf[ _](?:event|buffer|reader|ring)|\bperf_event_open\b",
    ),
    (Rlimit, r"\brlimit\b|\bmemlock\b"),
    (
        KernelBtf,
        r"\b(?:load|read|pars|find|open)\w*\b[^:]{0,40}\b(?:kernel|vmlinux)\b[^:]{0,20}\bBTF\b",
    ),
];

/// The expressions by which a failure is told in general.
pub(super) fn sources() -> impl Iterator<Item = &'static str> {
    let operations = OPERATIONS.iter().map(|(_, source)| *source);
    std::iter::once(FAILS).chain(operations)
}

/// The name of a source, an object or a script.
static FILE: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r#"[^\s'"`:(]+\.(?:o|c|h|py|bt|go|rs|ko|so)\b"#));
static FAILURE: LazyLock<Option<Regex>> = LazyLock::new(|| any_case(FAILS));
static SHAPES: LazyLock<Vec<(Operation, Regex)>> = LazyLock::new(|| {
    let shapes = OPERATIONS.iter();
    let shapes = shapes.filter_map(|(operation, source)| Some((*operation, any_case(source)?)));
    shapes.collect()
});

/// The innermost operation that a line says has failed with an error, if it says so.
pub(super) fn event(line: &str) -> Option<Event> {
    // What a file is called does not tell what failed.
    let named = FILE
        .as_ref()
        .map(|file| file.replace_all(line.as_bytes(), &b"FILE"[..]));
    let bytes = named.as_deref().unwrap_or(line.as_bytes());
    FAILURE.as_ref().filter(|fails| fails.is_match(bytes))?;
    // What is inside stands behind what wraps it.
    let mut found: Option<(usize, Operation)> = None;
    for (operation, regex) in SHAPES.iter() {
        let last = regex.find_iter(bytes).last().map(|found| found.start());
        if let Some(start) = last
            && found.is_none_or(|(best, _)| start > best)
        {
            found = Some((start, *operation));
        }
    }
    let (_, operation) = found?;
    let event = Event::told(operation, BTreeMap::new(), line).in_words_of(Voice::Anybody);
    event.errno.is_some().then_some(event)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_shapes_can_be_read() {
        assert_eq!(SHAPES.len(), OPERATIONS.len());
        assert!(FAILURE.is_some() && any_case(ABOUT).is_some());
    }

    #[test]
    fn a_failure_in_any_words_tells_its_operation_and_its_error() {
        let rows = [
            (
                "could not attach the BTF tracing program: not supported",
                Some((AttachTrampoline, "EOPNOTSUPP")),
            ),
            (
                "agent: error: start: loading eBPF objects: permission denied",
                Some((ProgramLoad, "EACCES")),
            ),
            (
                "failed to attach probes: failed to load program watch_v6 (errno=7)",
                Some((ProgramLoad, "E2BIG")),
            ),
            (
                "unable to attach watch() to kprobe do_exit, err -2",
                Some((AttachKprobe, "ENOENT")),
            ),
            (
                "xdp: cannot install the xdp program on eth0: no such device",
                Some((AttachXdp, "ENODEV")),
            ),
            (
                "bpf map update failed: argument list too long",
                Some((MapUse, "E2BIG")),
            ),
            (
                "ebpf: creating map flows failed with ENOMEM",
                Some((MapCreate, "ENOMEM")),
            ),
            (
                "bpf_prog_load may answer with EPERM to users without CAP_BPF",
                None,
            ),
            ("failed to load the bpf program", None),
            (
                "python3: can't open file 'kprobe.py': [Errno 2] No such file or directory",
                None,
            ),
            ("bpf: error: permission denied", None),
        ];
        for (line, wanted) in rows {
            let found = event(line).and_then(|event| Some((event.operation, event.errno?)));
            assert_eq!(found, wanted, "{line}");
        }
    }
}
