//! Symptoms: how a failure shows in what programs print.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::SeqAccessDeserializer;
use serde::de::{self, IntoDeserializer, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::located;
use super::pattern::Pattern;
use super::vocabulary::check_errno;
use crate::version::VersionRange;

/// What a program was about when it printed an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// Opening an object file.
    Open,
    /// Reading the kernel's BTF.
    KernelBtf,
    /// Loading the object's BTF into the kernel.
    BtfLoad,
    /// Creating a map.
    MapCreate,
    /// Creating a map with the types of its key and value.
    MapCreateWithBtf,
    /// Reading or changing the elements of a map.
    MapUse,
    /// Loading a program.
    ProgramLoad,
    /// Loading a program that does nothing, to see whether any can be.
    TrivialLoad,
    /// Resolving a CO-RE relocation.
    Relocation,
    /// Attaching a program, wherever.
    Attach,
    /// Attaching a kprobe or kretprobe.
    AttachKprobe,
    /// Attaching a uprobe, uretprobe or USDT probe.
    AttachUprobe,
    /// Attaching to a tracepoint.
    AttachTracepoint,
    /// Attaching to a cgroup.
    AttachCgroup,
    /// Attaching to a network interface as XDP.
    AttachXdp,
    /// Binding an AF_XDP socket to a queue of a network interface.
    BindXdp,
    /// Attaching to a network interface through tc.
    AttachTc,
    /// Attaching to a kernel function or LSM hook through BTF.
    AttachTrampoline,
    /// Pinning to a file, or taking from one.
    Pin,
    /// Asking the kernel for a performance event.
    PerfEventOpen,
    /// Reading what is loaded already.
    Inspect,
    /// Raising the limit for locked memory.
    Rlimit,
    /// Compiling a program.
    Compile,
    /// A call that the verifier refused, in words that no symptom has.
    RefusedCall,
    /// An access to memory that the verifier refused, in words that no symptom has.
    RefusedAccess,
    /// Using something that the kernel is said not to have.
    KernelLacks,
}

impl Operation {
    /// Whether it is the verifier that refused it.
    #[must_use]
    pub fn is_refusal(self) -> bool {
        matches!(self, Self::RefusedCall | Self::RefusedAccess)
    }

    /// Whether something that is loaded is attached by it.
    #[must_use]
    pub fn is_attaching(self) -> bool {
        matches!(
            self,
            Self::Attach
                | Self::AttachKprobe
                | Self::AttachUprobe
                | Self::AttachTracepoint
                | Self::AttachCgroup
                | Self::AttachXdp
                | Self::AttachTc
                | Self::AttachTrampoline
        )
    }
}

/// What parts of the kernel's BPF there are, by the groups of the table of features.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "groups of a table, by their names there")]
pub enum Part {
    MapType,
    ProgramType,
    AttachType,
    Helper,
    Kfunc,
}

impl Part {
    /// The name of its group in the table of features.
    #[must_use]
    pub fn group(self) -> &'static str {
        match self {
            Self::MapType => "map_type",
            Self::ProgramType => "program_type",
            Self::AttachType => "attach_type",
            Self::Helper => "helper",
            Self::Kfunc => "kfunc",
        }
    }
}

/// Whose words a line speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "programs and libraries by their names")]
pub enum Loader {
    Libbpf,
    Bpftool,
    Bcc,
    Bpftrace,
    Ebpf,
    Aya,
    Iproute2,
    Systemd,
    Runc,
    Lxc,
    Cilium,
    Strace,
    Kernel,
}

/// What in error output points to a check, and how strongly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Symptom {
    /// On one line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<Pattern>,
    /// On one line of what the verifier said; its last instruction and source line are
    /// looked up above it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verifier: Option<Pattern>,
    /// An operation that failed; any of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub event: Vec<Operation>,
    /// With a name that has this: of the map, the program, the target, or of what is lacked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<Pattern>,
    /// With one of these errors.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errno: Vec<String>,
    /// With none of these errors.
    #[serde(rename = "not-errno", skip_serializing_if = "Vec::is_empty")]
    pub not_errno: Vec<String>,
    /// In a log of one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub loader: Vec<Loader>,
    /// On a kernel of this range; where the kernel is not known, it counts for less.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kernel: Option<VersionRange>,
    /// Only if another line of the log has this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<Pattern>,
    /// Only if no line of the log has this.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub without: Option<Pattern>,
    /// The cause of the check it points to, by its `id`; without, it may be any of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// How strongly it points to the check: 90 and more is unmistakable, 70 likely, 50
    /// one of several.
    pub weight: u8,
    /// What the line says the kernel lacks: the group of the table of features that has it, and its
    /// name, with the pattern's groups filled in, or `any` for one of the group. Whether the host
    /// has it refutes or confirms the failure.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub lacks: BTreeMap<Part, String>,
    /// It tells of the host as a whole, whatever its cause: where all is well there, it is not so.
    #[serde(rename = "of-host", skip_serializing_if = "std::ops::Not::not")]
    pub of_host: bool,
    /// It says no more than that something failed before: below that, it is none of its own.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub follows: bool,
    /// It tells of the process that failed, so that what the doctor finds in its own
    /// process refutes nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub process: bool,
    /// The line in plain words; `{name}` is filled in from the pattern's groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Lines it is found in.
    pub examples: Vec<String>,
}

impl Symptom {
    /// Whether it may be with this error, or with none that is told.
    #[must_use]
    pub fn takes(&self, errno: Option<&str>) -> bool {
        let is_among =
            |errnos: &[String]| errno.is_some_and(|errno| errnos.iter().any(|one| one == errno));
        (self.errno.is_empty() || is_among(&self.errno)) && !is_among(&self.not_errno)
    }

    /// The group that a name in `lacks` asks for and the pattern does not have.
    fn lost_group<'n>(&self, name: &'n str) -> Option<&'n str> {
        let group = name.strip_prefix('{')?.strip_suffix('}')?;
        let pattern = self.text.as_ref().or(self.verifier.as_ref());
        let wanted = format!("(?P<{group}>");
        let is_there = pattern.is_some_and(|pattern| pattern.source().contains(&wanted));
        (!is_there).then_some(group)
    }

    /// Whether it is about what the verifier refused.
    #[must_use]
    pub fn is_of_verifier(&self) -> bool {
        let mut event = self.event.iter();
        self.verifier.is_some() || event.any(|operation| operation.is_refusal())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Written {
    text: Option<Pattern>,
    verifier: Option<Pattern>,
    #[serde(default)]
    event: Words<Operation>,
    object: Option<Pattern>,
    #[serde(default)]
    errno: Words<String>,
    #[serde(default)]
    not_errno: Words<String>,
    #[serde(default)]
    loader: Words<Loader>,
    kernel: Option<VersionRange>,
    also: Option<Pattern>,
    without: Option<Pattern>,
    cause: Option<String>,
    weight: u8,
    #[serde(default)]
    lacks: BTreeMap<Part, String>,
    #[serde(default)]
    of_host: bool,
    #[serde(default)]
    follows: bool,
    #[serde(default)]
    process: bool,
    #[serde(default, deserialize_with = "located::some_line")]
    says: Option<String>,
    examples: Vec<String>,
}

/// A word, or several in a list.
struct Words<T>(Vec<T>);

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

// By hand, so that a word that is not known is told beside those that are.
impl<'de, T: Deserialize<'de>> Deserialize<'de> for Words<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrMany(PhantomData))
    }
}

struct OneOrMany<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for OneOrMany<T> {
    type Value = Words<T>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a word, or a list of words")
    }

    fn visit_str<E: de::Error>(self, word: &str) -> Result<Words<T>, E> {
        T::deserialize(word.into_deserializer()).map(|one| Words(vec![one]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Words<T>, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(list)).map(Words)
    }
}

impl TryFrom<Written> for Symptom {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let symptom = Self {
            event: written.event.0,
            object: written.object,
            errno: written.errno.0,
            not_errno: written.not_errno.0,
            loader: written.loader.0,
            text: written.text,
            verifier: written.verifier,
            kernel: written.kernel,
            also: written.also,
            without: written.without,
            cause: written.cause,
            weight: written.weight,
            lacks: written.lacks,
            of_host: written.of_host,
            follows: written.follows,
            process: written.process,
            says: written.says,
            examples: written.examples,
        };
        let patterns = [&symptom.text, &symptom.verifier];
        let looked_for = patterns.iter().filter(|pattern| pattern.is_some()).count();
        if looked_for + usize::from(!symptom.event.is_empty()) == 0 {
            return Err("a symptom has one of `text`, `verifier` and `event`".to_owned());
        }
        if looked_for > 1 {
            return Err("a symptom has `text` or `verifier`, not both".to_owned());
        }
        if symptom.object.is_some() && (symptom.event.is_empty() || looked_for > 0) {
            return Err("a symptom with `object` has `event`, and no pattern else".to_owned());
        }
        if let Some(group) = symptom
            .lacks
            .values()
            .find_map(|name| symptom.lost_group(name))
        {
            return Err(format!(
                "`lacks` asks for the group `{group}`, which the pattern does not have"
            ));
        }
        if !(1..=100).contains(&symptom.weight) {
            return Err("`weight` is a number from 1 to 100".to_owned());
        }
        if symptom.examples.is_empty() {
            return Err("a symptom shows at least one line under `examples`".to_owned());
        }
        for errno in symptom.errno.iter().chain(&symptom.not_errno) {
            check_errno(errno)?;
        }
        Ok(symptom)
    }
}

impl<'de> Deserialize<'de> for Symptom {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        located::map::<Written, Self, D>(
            deserializer,
            "a mapping with `weight`, `examples` and what is looked for",
        )
    }
}

/// Lines that look like an error and are none.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(
    deny_unknown_fields,
    expecting = "a mapping with `text`, `says` and `examples`"
)]
pub struct Noise {
    /// On one line; `prog 'NAME'` stands before what the verifier says of a program.
    pub text: Pattern,
    /// Only if another line of the log has this.
    #[serde(default)]
    pub also: Option<Pattern>,
    /// Only if no line of the log has this.
    #[serde(default)]
    pub without: Option<Pattern>,
    /// The checks whose other symptoms in the log are as harmless.
    #[serde(default)]
    pub excuses: Vec<String>,
    /// It begins a report: what is indented below it tells of no failure either.
    #[serde(default)]
    pub listing: bool,
    /// Why it does not matter.
    #[serde(deserialize_with = "located::line")]
    pub says: String,
    /// Lines it is found in.
    pub examples: Vec<String>,
}

impl Noise {
    /// Whether the rest of its log decides.
    #[must_use]
    pub fn depends(&self) -> bool {
        self.also.is_some() || self.without.is_some()
    }
}

#[cfg(test)]
mod tests {
    use crate::catalogue::{Catalogue, Vocabulary};

    #[test]
    fn parts_of_a_symptom_stand_together() {
        let rows = [
            ("event: kernel-lacks, object: kfunc", None),
            ("event: map-create, object: '_ops$', errno: EINVAL", None),
            (
                "text: some words, object: kfunc",
                Some("`object` has `event`"),
            ),
            (
                "text: 'no (?P<type>word)', lacks: {map-type: '{type}'}",
                None,
            ),
            (
                "text: some words, lacks: {map-type: '{type}'}",
                Some("`lacks` asks for the group `type`"),
            ),
            (
                "event: map-create, text: some words, object: kfunc",
                Some("`object` has `event`"),
            ),
        ];
        for (symptom, refused) in rows {
            let file = format!(
                "areas: [{{id: a, title: A}}]\n\
                 checks:\n\
                 - {{id: some-failure, area: a, kind: program, severity: error, title: T, why: W., \
                 causes: [{{because: B.}}], symptoms: [{{{symptom}, weight: 84, examples: [x]}}]}}\n"
            );
            let mut catalogue = Catalogue::default();
            let read = catalogue.extend_bytes("mine.yaml", file.as_bytes(), Vocabulary::OPEN);
            let error = read.err().map(|error| error.to_string());
            match refused {
                None => assert_eq!(error, None, "{symptom}"),
                Some(refused) => assert!(error.unwrap().contains(refused), "{symptom}"),
            }
        }
    }
}
