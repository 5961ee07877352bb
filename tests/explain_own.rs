//! Each entry of the catalogue is found first by its own words: the examples of its symptoms,
//! alone, below a line of a loader, and in the log that a loader prints of the verifier's.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/explaining.rs"]
mod explaining;

use bpf_doctor::catalogue::{Check, Need, Symptom};
use bpf_doctor::triage::{self, Confidence, Explanation, KnownHost, Searcher};
use explaining::{CATALOGUE, explain};

/// A symptom that weighs less is one of several that the line may mean, or says no more than the
/// error: another entry may know better.
const LIKELY: u8 = 70;

/// Lines that mean one of two things, of which the host tells the one: where it is not known, the
/// other is as likely. By how they end.
const HOST_TELLS: &[(&str, &str)] = &[
    // Lockdown hides what old kernels lack.
    ("kernel-lockdown", "unknown func bpf_probe_read_kernel#113"),
    // The level of perf_event_paranoid answers alike.
    ("uprobe-denied", "perf event: Permission denied"),
    ("uprobe-denied", "perf event: -EACCES"),
    // So does a function that is not there.
    ("tracefs-not-mounted", "No such file or directory"),
    // The limit is not raised for want of a capability.
    ("memlock-rlimit", "you might need to do it explicitly!"),
    // Without a JIT compiler there is no trampoline either.
    ("fentry-unsupported", "Unknown error 524"),
];

/// What an example is shown as.
fn shown(symptom: &Symptom, example: &str) -> Vec<String> {
    let mut logs = vec![
        example.to_owned(),
        format!("libbpf: map 'counts': created successfully, fd=4\n{example}"),
    ];
    if symptom.verifier.is_some() {
        logs.push(format!(
            "libbpf: prog 'p': BPF program load failed: Invalid argument\n\
             libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n{example}\n-- END PROG LOAD LOG --"
        ));
        logs.push(format!(
            "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n{example}\n-- END PROG LOAD LOG --\n\
             libbpf: prog 'p': failed to load: -22"
        ));
    }
    logs
}

/// Whether the first cause is this entry, or the one is a kind of the other.
fn is_first(check: &Check, explanation: &Explanation) -> bool {
    explanation.causes.first().is_some_and(|first| {
        let entry = first.entry();
        entry == check.id || first.cause == check.id || check.kind_of.as_deref() == Some(entry)
    })
}

#[test]
fn the_own_words_of_an_entry_find_it_first() {
    let mut wrong = Vec::new();
    let mut held = 0;
    for check in &CATALOGUE.checks {
        for (index, symptom) in (1..).zip(&check.symptoms) {
            // What a kernel of a range says is not said of one that is not known.
            if symptom.weight < LIKELY || symptom.kernel.is_some() {
                continue;
            }
            for example in &symptom.examples {
                for (form, log) in shown(symptom, example).into_iter().enumerate() {
                    let explanation = explain(&log);
                    // Words that could be about anything count for nothing where nothing else is of
                    // eBPF; another line may be asked for; and where nothing failed, what is harmless
                    // else is so here.
                    let may_be_nothing =
                        form == 0 || symptom.also.is_some() || !explanation.harmless.is_empty();
                    let is_nothing = may_be_nothing && explanation.causes.is_empty();
                    held += usize::from(!is_nothing);
                    let mut tells = HOST_TELLS.iter();
                    let host_tells = tells.any(|(entry, end)| {
                        *entry == check.id && example.trim_end().ends_with(end)
                    });
                    let mut causes = explanation.causes.iter();
                    let is_told = host_tells && causes.any(|cause| cause.entry() == check.id);
                    if !is_nothing && !is_told && !is_first(check, &explanation) {
                        let causes = explanation.causes.iter();
                        let found: Vec<&str> = causes.map(|cause| cause.entry()).collect();
                        wrong.push(format!(
                            "{} symptom {index} weight {} form {form}: {found:?}: {example}",
                            check.id, symptom.weight
                        ));
                    }
                }
            }
        }
    }
    assert!(held > 1000, "{held}");
    assert!(
        wrong.is_empty(),
        "{} of {held}:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// What entries quote that is another one's, with which they have to do.
const OF_OTHERS: &[(&str, &str)] = &[
    // Without a JIT compiler.
    ("stack-limit", "exceeds interpreter stack depth limit"),
    (
        "tail-call-refused",
        "tail_calls are not allowed in non-JITed programs with bpf-to-bpf calls",
    ),
    (
        "program-extension-refused",
        "Extension programs should be JITed",
    ),
    // What a compiler makes that the kernel does not know.
    ("clang-toolchain", "BPF_ATOMIC uses invalid atomic opcode"),
    // With a name in the place of the dots it is a function for programs, or none.
    (
        "kfunc-unavailable",
        "extern (func ksym) '\u{2026}': not found in kernel or module BTFs",
    ),
    // Types are numbers of which this has none.
    ("printk-format", "R3 type=\u{2026} expected=\u{2026}"),
    // Ubuntu's wrapper, and the version of a library that has none.
    (
        "libbpf-too-old",
        "WARNING: bpftool not found for kernel \u{2026}",
    ),
    (
        "libbpf-too-old",
        "undefined symbol: \u{2026}, version LIBBPF_1.x",
    ),
];

/// What the texts of an entry quote of logs is found in a program's log as this entry's.
#[test]
fn what_an_entry_quotes_finds_it_first() {
    let mut wrong = Vec::new();
    let mut held = 0;
    for check in &CATALOGUE.checks {
        let texts = check.causes.iter().map(|cause| &cause.because);
        for text in texts.chain([&check.why]) {
            for quoted in text.split('`').skip(1).step_by(2) {
                if quoted.split_whitespace().count() < 3 {
                    continue;
                }
                let line = quoted.replace("\u{2026}", "x");
                let log = format!(
                    "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --\n{line}\n-- END PROG LOAD LOG --"
                );
                let explanation = explain(&log);
                // A part of a sentence alone is found by nothing.
                if explanation.causes.is_empty() || OF_OTHERS.contains(&(&*check.id, quoted)) {
                    continue;
                }
                held += 1;
                if !is_first(check, &explanation) {
                    let causes = explanation.causes.iter();
                    let found: Vec<&str> = causes.map(|cause| cause.entry()).collect();
                    wrong.push(format!("{}: {found:?}: {line}", check.id));
                }
            }
        }
    }
    assert!(held > 60, "{held}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Texts of the kernel, clang and tc, alone and below a line of eBPF.
#[test]
fn texts_of_kernels_and_compilers_are_known() {
    const CLANG: &str = "$ clang -O2 -target bpf -c p.c -o p.o";
    const NONE: &str = "";
    let rows = [
        (
            "tail_calls are not allowed in programs with bpf-to-bpf calls",
            NONE,
            "tail-call-refused",
        ),
        (
            "mixing of tail_calls and bpf-to-bpf calls is not supported",
            NONE,
            "tail-call-refused",
        ),
        (
            "attach_btf_id 1234 is not a supported struct",
            NONE,
            "struct-ops-refused",
        ),
        (
            "Only fentry/fexit/fmod_ret, lsm, iter, uprobe, and struct_ops programs can be sleepable",
            NONE,
            "verifier-sleepable",
        ),
        (
            "helper call might sleep in a non-sleepable prog",
            NONE,
            "verifier-sleepable",
        ),
        (
            "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --",
            "helper call might sleep in a non-sleepable prog\n-- END PROG LOAD LOG --",
            "verifier-sleepable",
        ),
        (
            "p.c:9:5: error: in function f i32 (ptr): too many args to 0x55d0: i64 = Constant<6>",
            NONE,
            "printk-format",
        ),
        (
            CLANG,
            "p.c:9:5: error: too many args to t8: i64 = Constant<6>",
            "printk-format",
        ),
        (
            "error: use of unknown builtin '__builtin_preserve_access_index'",
            NONE,
            "clang-toolchain",
        ),
        (
            CLANG,
            "error: use of unknown builtin '__builtin_preserve_access_index'",
            "clang-toolchain",
        ),
        (
            "fatal error: 'asm/types.h' file not found",
            NONE,
            "clang-toolchain",
        ),
        (
            CLANG,
            "fatal error: 'bits/libc-header-start.h' file not found",
            "clang-toolchain",
        ),
        (
            "A call to built-in function 'memset' is not supported.",
            NONE,
            "unresolved-extern",
        ),
        (
            "Error: TC classifier not found.",
            "Unable to load program",
            "tc-clsact-missing",
        ),
        (
            "libbpf: prog 'p': -- BEGIN PROG LOAD LOG --",
            "The total number of maps per program has reached the limit of 64\n-- END PROG LOAD LOG --",
            "verifier-complexity-limit",
        ),
    ];
    for (line, below, entry) in rows {
        let log = format!("{line}\n{below}");
        let explanation = explain(&log);
        let first = explanation.causes.first().map(|first| first.entry());
        assert_eq!(first, Some(entry), "{log}");
        assert!(
            explanation.causes[0].confidence >= Confidence::Medium,
            "{log}"
        );
    }
    // Met without eBPF as well: 32-bit programs without their C library, any compiler, any filter.
    for line in [
        "/usr/include/stdint.h:26:10: fatal error: bits/libc-header-start.h: No such file or directory",
        "fatal error: 'bits/libc-header-start.h' file not found",
        "/usr/include/linux/errno.h:1:10: fatal error: asm/types.h: No such file or directory",
        "error: unable to create target: 'No available targets are compatible with triple \"wasm32\"'",
        "gcc -m32 a.c\n/usr/include/linux/types.h:5:10: fatal error: 'asm/types.h' file not found",
        "# tc filter add dev eth0 parent ffff: u32 match u32 0 0\nError: TC classifier not found.",
    ] {
        assert!(!explain(line).recognised, "{line}");
    }
}

/// What a line tells that a better cause rests on is another reading of it, no second failure.
#[test]
fn another_reading_of_a_line_is_no_second_failure() {
    // The second is how newer libraries say it; a load that ends so has another reading.
    let older = "libbpf: Error in bpf_create_map_xattr(sock_ops_map):Invalid argument(-22). Retrying \
                 without BTF.\nlibbpf: map 'sock_ops_map': failed to create: Invalid argument(-22)";
    let newer =
        "libbpf: map 'sock_ops_map': failed to create: -EINVAL\nfailed to load BPF object: -22";
    for (log, others) in [(older, 0), (newer, 1)] {
        let explanation = explain(log);
        let told: Vec<(&str, bool)> = explanation
            .causes
            .iter()
            .map(|cause| (cause.entry(), cause.instead_of.is_some()))
            .collect();
        assert_eq!(told.first(), Some(&("sockmap-config-missing", false)));
        assert_eq!(told.len(), 1 + others, "{told:?}");
        assert!(told.iter().skip(1).all(|(_, instead)| *instead), "{told:?}");
    }
}

/// A fix may be told where no host is known, and then says nothing of one.
#[test]
fn fixes_with_a_condition_do_not_say_that_it_holds() {
    let checks = CATALOGUE.checks.iter();
    let fixes = checks.flat_map(|check| check.causes.iter().flat_map(|cause| &cause.fixes));
    let profiles = CATALOGUE
        .profiles
        .iter()
        .flat_map(|profile| profile.needs());
    let all: Vec<_> = fixes.chain(profiles.flat_map(Need::fixes)).collect();
    assert!(all.len() > 300, "{}", all.len());
    for fix in all.iter().filter(|fix| fix.when.is_some()) {
        let summary = fix.summary.to_lowercase();
        for words in [
            "this one is",
            "this kernel is",
            "this host is",
            "this system is",
        ] {
            assert!(!summary.contains(words), "{summary}");
        }
    }
    let explanation = explain("libbpf: failed to find valid kernel BTF");
    assert!(!format!("{explanation:?}").contains("this one is from before it"));
}

/// A checks file says by 95 that its words are this failure's alone, in plain English as well.
#[test]
fn words_of_ones_own_are_found_alone_from_95_on() {
    for (weight, found) in [(50, false), (80, false), (94, false), (95, true)] {
        let file = format!(
            "areas: [{{id: mine, title: Mine}}]\nchecks:\n  - {{id: own, area: mine, kind: program, \
             severity: error, title: T, why: W., causes: [{{because: B.}}], symptoms: [{{text: \
             'my-agent: kernel too old', weight: {weight}, examples: ['my-agent: kernel too old']}}]}}\n"
        );
        let mut catalogue = CATALOGUE.clone();
        let vocabulary = bpf_doctor::vocabulary();
        catalogue
            .extend_bytes("own.yaml", file.as_bytes(), vocabulary)
            .unwrap();
        let searcher = Searcher::new(&catalogue);
        let mut log = &b"my-agent: kernel too old (5.2)\n"[..];
        let reading = searcher.read(&mut log, triage::LIMIT).unwrap();
        let explanation = triage::explain(&catalogue, &reading, &KnownHost::none());
        assert_eq!(explanation.recognised, found, "{weight}");
        // And lint says the same.
        let told = triage::lint(&CATALOGUE, "own.yaml", file.as_bytes(), vocabulary);
        assert_eq!(told.is_empty(), found, "{weight}: {told:?}");
    }
}

/// The verifier's sentences are plain English at times; pasted alone they are known as its.
#[test]
fn sentences_of_the_verifier_and_of_loaders_are_known_alone() {
    let rows = [
        ("unknown func 25", "helper-unavailable"),
        ("[21] Invalid kind:14", "object-btf-rejected"),
        (
            "pointer subtracted from scalar",
            "verifier-invalid-mem-access",
        ),
        ("recursive call from a() to b()", "verifier-loop"),
        ("Cannot recursively attach", "program-extension-refused"),
        ("callback function not static", "verifier-helper-arg-type"),
        (
            "stdin:1:20-40: ERROR: Unknown struct/union: 'struct file'",
            "kernel-btf-missing",
        ),
        ("symbol 'x' not found in kallsyms", "kprobe-symbol-missing"),
        (
            "page count should be power of two, but is 7",
            "map-config-invalid",
        ),
    ];
    for (line, wanted) in rows {
        let explanation = explain(line);
        let first = explanation.causes.first().map(|cause| cause.cause.as_str());
        assert_eq!(first, Some(wanted), "{line}");
    }
    // Words of the same kind that others say.
    for line in [
        "cpu: unknown opcode a6 at 0x1234",
        "TypeError: unknown func call",
        "recursive call from main",
        "warning: pointer arithmetic",
        "Invalid kind: Deployment",
    ] {
        assert!(explain(line).causes.is_empty(), "{line}");
    }
}
