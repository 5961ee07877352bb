//! All patterns of a catalogue behind one automaton: a log is searched once for the words
//! of all of them, and a pattern is tried only where one of its words stands.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind};
use regex::bytes::{Captures, Regex, RegexBuilder};

use super::errno;
use super::forms::{DIALECTS, FORMS, LOOSE};
use super::general::{self, ABOUT};
use super::lacking::LACKING;
use super::levels::{AT_WORK, COMPLAINT};
pub(super) use super::told::{FACTS, Told};
use crate::catalogue::{Catalogue, Pattern};

/// What a pattern is for. The numbers are places: of the form, of the noise, of the check
/// and the symptom in it, of the fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    Form(usize),
    Loose(usize),
    /// Something that the kernel is said not to have.
    Lacking,
    /// What an event is about; looked for in a name, and in no line.
    Object(usize, usize),
    Dialect(usize),
    Noise(usize),
    NoiseAlso(usize),
    NoiseWithout(usize),
    Symptom(usize, usize),
    Also(usize, usize),
    Without(usize, usize),
    Fact(usize),
    /// The end of what the verifier says of one program.
    Verdict,
    /// A word of eBPF.
    Subject,
    /// A word that only a line about eBPF has.
    About,
    /// A line that tells of work with eBPF.
    AtWork,
    /// A word of a failure.
    Complaint,
}

/// So many facts of one kind are looked at on a line.
const MOST_FACTS: usize = 8;

struct Entry {
    purpose: Purpose,
    source: String,
    regex: OnceLock<Option<Regex>>,
    /// Numbers of words: of each of these sets a line has one.
    gates: Vec<Vec<u32>>,
}

/// The patterns of a catalogue, ready to be looked for.
pub(super) struct Lexicon {
    entries: Vec<Entry>,
    automaton: AhoCorasick,
    /// Which entries a word belongs to.
    owners: Vec<Vec<u32>>,
    /// Noise that the rest of its log decides on, with its entry.
    conditional: Vec<(u32, usize)>,
    /// What the events of symptoms are about.
    objects: BTreeMap<(usize, usize), u32>,
}

/// How the verifier's log of one program ends (`print_verification_stats` in
/// kernel/bpf/verifier.c), and how loaders frame it.
const VERDICT: &str =
    r"processed \d+ insns|verification time \d+ usec|(?:BEGIN|END) (?:PROG LOAD |DUMP )?LOG\b";

/// Words that a log about eBPF has, and others rarely.
const SUBJECTS: &[&str] = &[SUBJECT, SENTENCES, PARTS, REFUSALS, ALONE];
/// Names of its parts and of its programs.
const SUBJECT: &str = r"bpf|\bxdp|attach(?:ing)? link: create link|goto pc[+-]|call pc[+-]|R10=fp|k(?:ret)?probe|u(?:ret)?probe|tracepoint|tracefs|debugfs|fentry|fexit|\bbtf\b|CO-RE|clsact|sockmap|perf_event|pahole|tetragon|falco|tracee|cilium|beyla|\binsns?\b|load program: |map create: |libscap|libpman|/virtual/main\.c|/virtual/include|kheaders|\bbcc\b|trace_pipe|ftrace|sched_ext|seccomp|Prog section '|Verifier analysis|PROG_ATTACH|PROG_LOAD|MAP_CREATE|sockops|sk_msg|sk_skb|from stack|stack off|to stack|from insn \d|available_filter_functions|prog type is \d|attach struct.?op|attach_struct_op|\bqdisc\b|pinned map|map spec|\btcx\b|locked down|pointer to ctx|misaligned \w+ access|reference leak|cgroup ?v2|perf (?:event|reader|buffer)|loading map .maps/";
/// What loaders and the verifier say.
const SENTENCES: &str = r"MEMLOCK|AF_XDP|\bbfp\b|\bepbf\b|PF_XDP|sockaddr_?xdp|\bxsk(?:_|\b)|USDT probe|\busdt:|no more space in map|sys/kernel/(?:debug/)?tracing/|endpointID=\d|this type cannot use helper|too big for map|spilled pointer";

/// What programs are made of, and the verifier alone speaks of.
const PARTS: &str = r"_btf\b|btf_|BtfError|(?:write|load|store) (?:in)?to (?:packet|socket|map)|not allowed while holding a|sleepable|mixed signed bounds|\bk(?:ptr|func)s?\b|dynptr|non-owning ref|initialized (?:iter|dynptr|irq)|exception c(?:allback|b)\b|replace static functions|load-acquire|subprog|ldimm64|\bringbuf\b|notrace|perf-(?:event|reader|buffer)";

/// Sentences of the verifier's that are plain English and nobody else's.
const REFUSALS: &str = r"\bframe pointer is read|invalid size of register (?:spill|fill)|accessed (?:directly by load|indirectly by helper)|stack pointer to the caller|(?:calling|address (?:for|of)) kernel function|kernel (?:module )?function calls?\b|kernel function \S+ (?:args?#|returns|is not allowed)|unmatched (?:rcu|attempt to enable preemption)|nested rcu read|pointer arithmetic (?:on|prohibited)|pointer and register with unbounded|pointer be out of bounds|helper (?:access to the packet|call is not allowed)|callback function not (?:static|allowed)|cannot use helper|prog(?:ram)? array map for tail call|tail call prog|tracing program attach|Extension program (?:changes|may)|program bound device mismatch|in (?:rbtree cb|an? RCU CS)|an RCU CS when|line_info|func_info|core_relo|in func info|invalid atomic operand|zero-sized read|var-offset stack|variable[- ]offset stack|value makes \S+ pointer|spin lock arg|same lock again, AA|lock and object are not in the same|back-edge from insn";
/// Others of the verifier's and of loaders, which are often all that is pasted.
const ALONE: &str = r#"\bsockhash\b|create tracing link|page count should be power of two|not supported \(requires >= v\d|^\W*unknown func (?:\w+#)?\d+\W*$|programs must have a GPL|not found in kallsyms|pointer subtracted from scalar|allocated object must be referenced|recursive call from \S+\(\) to \S+\(\)|\bverifier log\b|liveness analysis exceeded|restore irq state|calls are not allowed with preemption|\bverifier bug\b|\bBUG (?:regs \d|backtracking idx)|argument cannot tail call|^\W*Cannot recursively attach|^\W*\[\d+\] Invalid kind:\d|not found in ELF file|stdin:\d+:\d+-\d+: (?:ERROR|WARNING)|resolve unknown type ["'](?:struct|union) "#;

impl Lexicon {
    pub(super) fn new(catalogue: &Catalogue) -> Self {
        let mut entries: Vec<Entry> = Vec::new();
        let mut gates: Vec<Vec<Vec<String>>> = Vec::new();
        let mut words: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut add = |purpose, pattern: &Pattern| {
            let number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            // Names are few, and looked at one by one.
            let is_name = matches!(purpose, Purpose::Object(..));
            for word in pattern.words() {
                let owners = words.entry(word.clone()).or_default();
                if !is_name {
                    owners.push(number);
                }
            }
            entries.push(Entry {
                purpose,
                source: pattern.source().to_owned(),
                regex: OnceLock::new(),
                gates: Vec::new(),
            });
            for word in pattern.gates().iter().flatten() {
                words.entry(word.clone()).or_default();
            }
            gates.push(pattern.gates().to_vec());
        };
        // The project's own tables; a test reads them all.
        let mut table = |purpose: Purpose, source: &str| {
            if let Ok(pattern) = Pattern::try_from(source.to_owned()) {
                add(purpose, &pattern);
            }
        };
        for (index, (.., source)) in FORMS.iter().enumerate() {
            table(Purpose::Form(index), &in_either_quotes(source));
        }
        for (index, (_, source)) in LOOSE.iter().enumerate() {
            table(Purpose::Loose(index), source);
        }
        for source in LACKING {
            table(Purpose::Lacking, source);
        }
        for (index, (_, source)) in DIALECTS.iter().enumerate() {
            table(Purpose::Dialect(index), source);
        }
        for (index, (_, source)) in FACTS.iter().enumerate() {
            table(Purpose::Fact(index), source);
        }
        table(Purpose::Verdict, VERDICT);
        for source in SUBJECTS {
            table(Purpose::Subject, source);
        }
        table(Purpose::About, ABOUT);
        table(Purpose::AtWork, AT_WORK);
        table(Purpose::Complaint, COMPLAINT);
        for (index, noise) in catalogue.noise.iter().enumerate() {
            add(Purpose::Noise(index), &noise.text);
            let rest = [
                (Purpose::NoiseAlso(index), noise.also.as_ref()),
                (Purpose::NoiseWithout(index), noise.without.as_ref()),
            ];
            for (purpose, pattern) in rest {
                if let Some(pattern) = pattern {
                    add(purpose, pattern);
                }
            }
        }
        for (check, of_check) in catalogue.checks.iter().enumerate() {
            for (index, symptom) in of_check.symptoms.iter().enumerate() {
                let pattern = symptom.text.as_ref().or(symptom.verifier.as_ref());
                let places = [
                    (Purpose::Symptom(check, index), pattern),
                    (Purpose::Object(check, index), symptom.object.as_ref()),
                    (Purpose::Also(check, index), symptom.also.as_ref()),
                    (Purpose::Without(check, index), symptom.without.as_ref()),
                ];
                for (purpose, pattern) in places {
                    if let Some(pattern) = pattern {
                        add(purpose, pattern);
                    }
                }
            }
        }
        // What else tells lines apart: errors, and how programs say in general that something
        // failed.
        let general = general::sources().filter_map(|source| {
            let pattern = Pattern::try_from(source.to_owned()).ok()?;
            Some(pattern.words().to_vec())
        });
        for word in errno::words().chain(general.flatten()) {
            words.entry(word).or_default();
        }
        let conditional = entries.iter().zip(0..).filter_map(|(entry, number)| {
            let Purpose::Noise(noise) = entry.purpose else {
                return None;
            };
            catalogue
                .noise
                .get(noise)?
                .depends()
                .then_some((number, noise))
        });
        let conditional = conditional.collect();
        let objects = entries.iter().zip(0..).filter_map(|(entry, number)| {
            let Purpose::Object(check, symptom) = entry.purpose else {
                return None;
            };
            Some(((check, symptom), number))
        });
        let objects = objects.collect();
        let (words, owners): (Vec<String>, Vec<Vec<u32>>) = words.into_iter().unzip();
        let number = |word: &String| {
            let place = words.binary_search(word).ok()?;
            u32::try_from(place).ok()
        };
        for (entry, gates) in entries.iter_mut().zip(gates) {
            let sets = gates.iter();
            entry.gates = sets
                .map(|set| set.iter().filter_map(number).collect())
                .collect();
        }
        let build = |kind| {
            let mut builder = AhoCorasickBuilder::new();
            builder.ascii_case_insensitive(true).kind(kind);
            builder.build(&words)
        };
        let automaton = build(Some(AhoCorasickKind::DFA)).or_else(|_| build(None));
        // Words of patterns are few and short, so that the automaton can always be built;
        // one without words finds nothing.
        let automaton = automaton.unwrap_or_else(|_| empty());
        Self {
            entries,
            automaton,
            owners,
            conditional,
            objects,
        }
    }

    /// Noise that the rest of its log decides on: its entry and its place.
    pub(super) fn conditional(&self) -> impl Iterator<Item = (u32, usize)> + '_ {
        self.conditional.iter().copied()
    }

    /// Whether this name is what the event of a symptom is about.
    pub(super) fn is_object(&self, symptom: (usize, usize), name: &str) -> bool {
        let entry = self.objects.get(&symptom);
        entry.is_some_and(|entry| self.is_match(*entry, name))
    }

    /// The words of patterns in these bytes, once for each place where one stands: its number,
    /// and the patterns that are looked for by it.
    pub(super) fn words<'a>(
        &'a self,
        bytes: &'a [u8],
    ) -> impl Iterator<Item = (usize, &'a [u32])> + 'a {
        let found = self.automaton.find_overlapping_iter(bytes);
        found.map(|found| {
            let word = found.pattern().as_usize();
            (word, self.owners.get(word).map_or(&[][..], Vec::as_slice))
        })
    }

    /// How many words there are.
    pub(super) fn word_count(&self) -> usize {
        self.owners.len()
    }

    /// Whether a line with these words can have what a pattern asks for.
    pub(super) fn may_match(&self, entry: u32, has: impl Fn(u32) -> bool) -> bool {
        let Some(entry) = self.entries.get(entry as usize) else {
            return false;
        };
        let mut gates = entry.gates.iter();
        gates.all(|set| set.iter().any(|word| has(*word)))
    }

    /// Whether a word of a pattern stands in these bytes.
    pub(super) fn has_word(&self, bytes: &[u8]) -> bool {
        self.automaton.is_match(bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    pub(super) fn purpose(&self, entry: u32) -> Option<Purpose> {
        self.entries.get(entry as usize).map(|entry| entry.purpose)
    }

    /// What the pattern finds in a line.
    pub(super) fn captures<'t>(&self, entry: u32, line: &'t str) -> Option<Captures<'t>> {
        self.regex(entry)?.captures(line.as_bytes())
    }

    /// All that the pattern finds in a line, one after the other.
    pub(super) fn all_captures<'t>(&self, entry: u32, line: &'t str) -> Vec<Captures<'t>> {
        let regex = self.regex(entry);
        let found = regex.map(|regex| regex.captures_iter(line.as_bytes()));
        found.into_iter().flatten().take(MOST_FACTS).collect()
    }

    pub(super) fn is_match(&self, entry: u32, line: &str) -> bool {
        let regex = self.regex(entry);
        regex.is_some_and(|regex| regex.is_match(line.as_bytes()))
    }

    fn regex(&self, entry: u32) -> Option<&Regex> {
        let entry = self.entries.get(entry as usize)?;
        entry.regex.get_or_init(|| compile(&entry.source)).as_ref()
    }

    /// The groups a match has by name.
    pub(super) fn groups(&self, entry: u32, captures: &Captures<'_>) -> BTreeMap<String, String> {
        let Some(regex) = self.regex(entry) else {
            return BTreeMap::new();
        };
        let names: BTreeSet<&str> = regex.capture_names().flatten().collect();
        let groups = names.into_iter().filter_map(|name| {
            let text = String::from_utf8_lossy(captures.name(name)?.as_bytes()).into_owned();
            Some((name.to_owned(), text))
        });
        groups.collect()
    }
}

/// The same pattern for names in quotes of both kinds: people who type a line between single
/// quotes write those inside of it as double ones.
fn in_either_quotes(source: &str) -> String {
    source
        .replace("'(?P<", "['\"](?P<")
        .replace("[^']*)'", "[^'\"]*)['\"]")
        .replace("'[^']*'", "['\"][^'\"]*['\"]")
}

fn empty() -> AhoCorasick {
    let nothing: [&str; 0] = [];
    #[expect(
        clippy::expect_used,
        reason = "an automaton without words has no limit to exceed"
    )]
    AhoCorasick::new(nothing).expect("nothing to build")
}

fn compile(source: &str) -> Option<Regex> {
    let mut builder = RegexBuilder::new(source);
    builder.case_insensitive(true).unicode(false);
    builder.size_limit(1 << 22).build().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_of_patterns_can_be_read() {
        let sources = FORMS.iter().map(|(.., source)| *source);
        let sources = sources.chain(LOOSE.iter().map(|(_, source)| *source));
        let sources = sources.chain(DIALECTS.iter().map(|(_, source)| *source));
        let sources = sources.chain(FACTS.iter().map(|(_, source)| *source));
        let sources = sources.chain(LACKING.iter().copied());
        let sources = sources.chain(SUBJECTS.iter().copied());
        for source in sources.chain([VERDICT, ABOUT, AT_WORK, COMPLAINT]) {
            let pattern = Pattern::try_from(source.to_owned());
            assert!(pattern.is_ok(), "{}", pattern.unwrap_err());
            assert!(compile(source).is_some(), "{source}");
        }
    }
}
