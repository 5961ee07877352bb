//! Conditions put to facts and probe outcomes.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::finding::Evidence;
use super::tri::Tri;
use crate::catalogue::{Catalogue, Condition, FactTest, ProbeTest, Test, Wanted};
use crate::facts::{self, Fact, Facts, Value};
use crate::probes::{Outcome, ProbeResult, Stage};
use crate::version::{KernelVersion, VersionRange};

/// All a condition can be put to.
pub(super) struct World<'a> {
    pub(super) facts: &'a Facts,
    probes: BTreeMap<&'a str, &'a Outcome>,
    backports: bool,
    /// Of the kernel's version the series is known alone.
    lacks_stable_number: bool,
}

/// An answer and what decided it.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) tri: Tri,
    pub(super) evidence: Vec<Evidence>,
    /// It rests on an experiment that failed otherwise than was asked. That is no answer to what
    /// else can be asked for the same.
    pub(super) beside: bool,
}

impl<'a> World<'a> {
    pub(super) fn new(catalogue: &Catalogue, facts: &'a Facts, probes: &'a [ProbeResult]) -> Self {
        let flavour = facts.text("kernel.flavour").unwrap_or_default();
        let mut vendors = catalogue.backporting.iter();
        Self {
            facts,
            probes: probes
                .iter()
                .map(|result| (result.probe.as_str(), &result.outcome))
                .collect(),
            backports: vendors.any(|vendor| flavour.starts_with(vendor.as_str())),
            lacks_stable_number: facts::lacks_stable_number(facts),
        }
    }

    pub(super) fn answer(&self, condition: &Condition) -> Answer {
        match condition {
            Condition::All(parts) => self.join(parts, Tri::No, |answers| Tri::all(answers)),
            Condition::Any(parts) => self.join(parts, Tri::Yes, |answers| Tri::any(answers)),
            Condition::Not(part) => {
                let answer = self.answer(part);
                Answer {
                    tri: !answer.tri,
                    ..answer
                }
            }
            Condition::Prefer(parts) => self.prefer(parts),
            Condition::Kernel(range) => self.kernel(range),
            Condition::Fact(test) => {
                let test = &self.as_this_kernel_asks(test);
                let fact = self.facts.get(&test.key);
                let tri = ask_fact(test, &fact);
                let mut answer = self.with_fact(tri, &test.key, fact);
                if let Test::Has(item) = &test.test
                    && let Some(Evidence::Fact { asked, .. }) = answer.evidence.first_mut()
                {
                    asked.push(item.clone());
                }
                answer
            }
            Condition::Same(one, other) => self.compare(one, other),
            Condition::Probe(test) => self.probe(test),
        }
    }

    /// What a kernel without a capability asks for in its place: those of 5.8 and later came out of
    /// CAP_SYS_ADMIN.
    fn as_this_kernel_asks<'t>(&self, test: &'t FactTest) -> Cow<'t, FactTest> {
        let is_new = |test: &Test| matches!(test, Test::Has(name) if facts::was_sys_admin(name));
        match is_new(&test.test) && self.facts.lacks_cap_bpf() {
            true => Cow::Owned(FactTest {
                key: test.key.clone(),
                test: Test::Has("CAP_SYS_ADMIN".to_owned()),
            }),
            false => Cow::Borrowed(test),
        }
    }

    /// Of a condition without an answer, what is known of it: the parts that hold, beside those of
    /// which it is not known. Beside an experiment they say what it would mean, and are no half.
    pub(super) fn halves(&self, condition: &Condition) -> Vec<Evidence> {
        let (parts, alone) = match condition {
            Condition::All(parts) => (parts, true),
            Condition::Any(parts) | Condition::Prefer(parts) => (parts, false),
            _ => return Vec::new(),
        };
        let is_open = |part: &&Condition| self.answer(part).tri == Tri::Unknown;
        let alone = alone && !parts.iter().filter(is_open).any(asks_probe);
        let mut halves = Vec::new();
        for part in parts {
            let answer = self.answer(part);
            match answer.tri {
                Tri::Yes if alone => halves.extend(answer.evidence),
                Tri::Unknown => halves.extend(self.halves(part)),
                Tri::Yes | Tri::No => {}
            }
        }
        halves
    }

    /// Joins the answers, of which one alone settles it where it is `settles`; the evidence is that
    /// of the parts which decided.
    fn join(
        &self,
        parts: &[Condition],
        settles: Tri,
        logic: impl Fn(&mut dyn Iterator<Item = Tri>) -> Tri,
    ) -> Answer {
        let answers: Vec<Answer> = parts.iter().map(|part| self.answer(part)).collect();
        let tri = logic(&mut answers.iter().map(|answer| answer.tri));
        let deciding = answers.into_iter().filter(|answer| answer.tri == tri);
        let deciding: Vec<Answer> = deciding.collect();
        let mut beside = deciding.iter().map(|answer| answer.beside);
        let beside = match tri == settles {
            true => beside.all(|beside| beside),
            false => beside.any(|beside| beside),
        };
        Answer {
            tri,
            evidence: deciding
                .into_iter()
                .flat_map(|answer| answer.evidence)
                .collect(),
            beside,
        }
    }

    /// The first part that has an answer decides; an experiment that failed otherwise than was
    /// asked has none, for what failed is no proof that all is well. Parts after it that say otherwise are shown
    /// as disagreeing; a version number is not, as it is known to be a weak witness.
    fn prefer(&self, parts: &[Condition]) -> Answer {
        let mut answers = parts.iter().map(|part| (part, self.answer(part)));
        let mut unknown = Vec::new();
        // What failed and was not asked for; a verdict by something else does not hide it.
        let mut failed = Vec::new();
        let decided = loop {
            match answers.next() {
                Some((_, answer))
                    if answer.tri.is_known() && !(answer.beside && answer.tri == Tri::No) =>
                {
                    break answer;
                }
                Some((_, answer)) => {
                    let evidence = answer.evidence.iter();
                    failed.extend(evidence.filter(|piece| piece.is_failure()).cloned());
                    unknown.extend(answer.evidence);
                }
                None => {
                    return Answer {
                        tri: Tri::Unknown,
                        evidence: unknown,
                        beside: false,
                    };
                }
            }
        };
        let mut result = decided;
        let agreed = result.evidence.iter().filter(|piece| !piece.disagrees());
        let agreed: Vec<String> = agreed.map(Evidence::brief).collect();
        for (part, other) in answers {
            if other.tri == !result.tri && !asks_version(part) {
                let against = other.evidence.into_iter();
                let against = against.map(|piece| piece.disagreeing(&agreed));
                result.evidence.extend(against);
            }
        }
        for piece in failed {
            if !result.evidence.contains(&piece) {
                result.evidence.push(piece);
            }
        }
        result
    }

    fn kernel(&self, range: &VersionRange) -> Answer {
        let key = "kernel.version";
        let fact = self.facts.get(key);
        let tri = match self.facts.kernel_version() {
            Some(version) => self.in_range(range, version),
            None => Tri::Unknown,
        };
        self.with_fact(tri, key, fact)
    }

    /// Whether the kernel behaves like a mainline version in this range. A vendor that brings
    /// features to an old number makes "older than" unknowable; "as new as" still holds. So does a
    /// version of which the series is known alone, for a bound in that series.
    fn in_range(&self, range: &VersionRange, version: KernelVersion) -> Tri {
        let has_reached = |bound: KernelVersion| {
            let may_be_newer =
                self.backports || (self.lacks_stable_number && version.series() == bound.series());
            match version >= bound {
                true => Tri::Yes,
                false if may_be_newer => Tri::Unknown,
                false => Tri::No,
            }
        };
        let (lowest, end) = range.bounds();
        let has_passed = end.map_or(Tri::No, has_reached);
        Tri::all([has_reached(lowest), !has_passed].into_iter())
    }

    /// Whether two facts have the same value. What the host has none of is like nothing.
    fn compare(&self, one: &str, other: &str) -> Answer {
        let facts = [one, other].map(|key| (key, self.facts.get(key)));
        let [left, right] = facts.each_ref().map(|(_, fact)| fact.value());
        let tri = match (left, right) {
            (Some(Value::Absent), _) | (_, Some(Value::Absent)) => Tri::No,
            (Some(left), Some(right)) => (left == right).into(),
            _ => Tri::Unknown,
        };
        let needed = facts
            .into_iter()
            .filter(|(_, fact)| tri.is_known() || fact.value().is_none());
        Answer {
            tri,
            evidence: needed
                .map(|(key, known)| Evidence::Fact {
                    fact: key.to_owned(),
                    known,
                    disagrees: false,
                    against: Vec::new(),
                    asked: Vec::new(),
                })
                .collect(),
            beside: false,
        }
    }

    fn probe(&self, test: &ProbeTest) -> Answer {
        let not_run = Outcome::Skipped {
            reason: "no experiments were made".to_owned(),
        };
        let outcome = self.probes.get(test.probe.as_str()).copied();
        let outcome = outcome.unwrap_or(&not_run);
        let tri = ask_probe(test, outcome);
        Answer {
            tri,
            beside: tri == Tri::No && !test.works && *outcome != Outcome::Works,
            evidence: vec![Evidence::Probe {
                probe: test.probe.clone(),
                outcome: outcome.clone(),
                disagrees: false,
                against: Vec::new(),
            }],
        }
    }

    fn with_fact(&self, tri: Tri, key: &str, known: Fact) -> Answer {
        Answer {
            tri,
            evidence: vec![Evidence::Fact {
                fact: key.to_owned(),
                known,
                disagrees: false,
                against: Vec::new(),
                asked: Vec::new(),
            }],
            beside: false,
        }
    }
}

/// Whether a condition rests on an experiment.
pub(super) fn asks_probe(condition: &Condition) -> bool {
    let mut asks = false;
    condition.walk(&mut |part| asks |= matches!(part, Condition::Probe(_)));
    asks
}

/// Whether a condition rests on the kernel's version.
fn asks_version(condition: &Condition) -> bool {
    let mut asks = false;
    condition.walk(&mut |part| asks |= matches!(part, Condition::Kernel(_)));
    asks
}

fn ask_probe(test: &ProbeTest, outcome: &Outcome) -> Tri {
    let (stage, errno, log) = match outcome {
        Outcome::Works => return test.works.into(),
        Outcome::Skipped { .. } => return Tri::Unknown,
        Outcome::Fails {
            stage, errno, log, ..
        } => (stage, errno, log),
    };
    let inconclusive = || {
        if outcome.is_conclusive() {
            Tri::No
        } else {
            Tri::Unknown
        }
    };
    if test.works {
        return inconclusive();
    }
    let any_failure = test.errno.is_empty() && test.stage.is_none() && test.log.is_none();
    if any_failure {
        return !inconclusive();
    }
    // Whatever came later, that stage was passed.
    let wanted = test.stage.as_ref().and_then(|wanted| {
        let mut stages = Stage::ALL.into_iter();
        stages.find(|known| known.to_string() == *wanted)
    });
    match wanted.map(|wanted| wanted.cmp(stage)) {
        Some(Ordering::Less) => return Tri::No,
        // It was never come to, so nobody knows.
        Some(Ordering::Greater) => return Tri::Unknown,
        Some(Ordering::Equal) | None => {}
    }
    // A stage alone asks for any error there that says something of the kernel.
    if test.errno.is_empty() && test.log.is_none() && !outcome.is_conclusive() {
        return Tri::Unknown;
    }
    let matches = (test.errno.is_empty() || test.errno.contains(errno))
        && test
            .log
            .as_ref()
            .is_none_or(|words| log.contains(words.as_str()));
    if matches { Tri::Yes } else { inconclusive() }
}

fn ask_fact(test: &FactTest, fact: &Fact) -> Tri {
    let Some(value) = fact.value() else {
        return Tri::Unknown;
    };
    match &test.test {
        Test::Is(wanted) => wanted.iter().any(|wanted| is(value, wanted)).into(),
        Test::Has(item) => match value {
            Value::List(items) => items.contains(item).into(),
            Value::Absent => Tri::No,
            _ => Tri::Unknown,
        },
        Test::Some => match value {
            Value::List(items) => (!items.is_empty()).into(),
            Value::Absent => Tri::No,
            _ => Tri::Unknown,
        },
        Test::AtLeast(bound) => number(value, |number| number >= *bound),
        Test::AtMost(bound) => number(value, |number| number <= *bound),
    }
}

/// Compares a number, or that of a list's items. What the host has none of is neither large nor small; `unlimited` is
/// above every bound.
fn number(value: &Value, compare: impl Fn(i64) -> bool) -> Tri {
    match value {
        Value::Number(number) => compare(*number).into(),
        Value::Text(text) if text == "unlimited" => compare(i64::MAX).into(),
        Value::List(items) => compare(i64::try_from(items.len()).unwrap_or(i64::MAX)).into(),
        Value::Absent => Tri::No,
        _ => Tri::Unknown,
    }
}

fn is(value: &Value, wanted: &Wanted) -> bool {
    let unset = || *value == Value::Absent || *value == Value::from("n");
    match wanted {
        Wanted::Bool(yes) => *value == Value::Bool(*yes),
        Wanted::Number(number) => *value == Value::Number(*number),
        Wanted::Text(word) => match word.as_str() {
            "set" => !unset(),
            "unset" => unset(),
            "absent" => *value == Value::Absent || *value == Value::from("absent"),
            _ => *value == Value::Text(word.clone()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Vocabulary;
    use crate::facts::Why;

    const WORDS: Vocabulary = Vocabulary {
        is_fact: |_| true,
        nearest_fact: |_| None,
        probes: || vec!["good", "refused", "denied", "unrun"],
        ..Vocabulary::OPEN
    };

    fn condition(text: &str) -> Condition {
        // The catalogue is the only way in, so a condition is read as part of one.
        let file = format!(
            "areas: [{{id: a, title: A}}]\nchecks: [{{id: c, area: a, kind: host, severity: \
             error, title: t, ok: o, why: w, causes: [{{because: b}}], references: [], \
             fails: {text}}}]"
        );
        let catalogue = Catalogue::parse("test", &file, WORDS).unwrap();
        catalogue.checks[0].fails.clone().unwrap()
    }

    fn facts(version: &str, flavour: &str) -> Facts {
        let mut facts = Facts::default();
        facts.set("kernel.version", Fact::known(version, "uname"));
        facts.set("kernel.flavour", Fact::known(flavour, "uname"));
        facts.set(
            "filesystems",
            Fact::known(vec!["bpf".to_owned()], "/proc/filesystems"),
        );
        facts.set("mount.bpf", Fact::known(Vec::new(), "/proc/self/mountinfo"));
        facts.set(
            "privilege.memlock",
            Fact::known("unlimited", "/proc/self/limits"),
        );
        facts.set("sysctl.a", Fact::known(2, "/proc/sys/a"));
        facts.set("sysctl.gone", Fact::absent("/proc/sys/gone"));
        facts.set("security.lockdown", Fact::unknown(Why::Denied, "", "/sys"));
        facts
    }

    fn probes() -> Vec<ProbeResult> {
        let result = |probe: &str, outcome| ProbeResult {
            probe: probe.to_owned(),
            outcome,
            micros: 1,
        };
        let fails = |errno: &str| Outcome::Fails {
            stage: Stage::Create,
            errno: errno.to_owned(),
            call: String::new(),
            log: "helper missing".to_owned(),
        };
        vec![
            result("good", Outcome::Works),
            result("refused", fails("EINVAL")),
            result("denied", fails("EPERM")),
        ]
    }

    fn ask(text: &str, facts: &Facts) -> Answer {
        let catalogue = Catalogue {
            backporting: vec!["rhel".to_owned()],
            ..Catalogue::default()
        };
        World::new(&catalogue, facts, &probes()).answer(&condition(text))
    }

    #[test]
    fn leaves() {
        use Tri::{No, Unknown, Yes};
        let rows = [
            ("{probe: good, outcome: works}", Yes),
            ("{probe: good, outcome: fails, errno: EINVAL}", No),
            ("{probe: refused, outcome: works}", No),
            ("{probe: refused, outcome: fails}", Yes),
            (
                "{probe: refused, outcome: fails, errno: [E2BIG, EINVAL]}",
                Yes,
            ),
            ("{probe: refused, outcome: fails, errno: ENOENT}", No),
            ("{probe: refused, outcome: fails, stage: load}", Unknown),
            (
                "{probe: refused, outcome: fails, stage: create, log: helper}",
                Yes,
            ),
            // A refusal of rights says nothing about the kernel, unless it is what is asked for.
            ("{probe: denied, outcome: works}", Unknown),
            ("{probe: denied, outcome: fails}", Unknown),
            ("{probe: denied, outcome: fails, errno: EINVAL}", Unknown),
            ("{probe: denied, outcome: fails, errno: EPERM}", Yes),
            ("{probe: denied, outcome: fails, stage: create}", Unknown),
            ("{probe: denied, outcome: fails, stage: load}", Unknown),
            // That stage was passed.
            ("{probe: denied, outcome: fails, stage: open}", No),
            (
                "{probe: denied, outcome: fails, stage: open, errno: EPERM}",
                No,
            ),
            ("{probe: unrun, outcome: works}", Unknown),
            ("{filesystem: bpf}", Yes),
            ("{filesystem: cgroup2}", No),
            ("{mount: bpf}", No),
            ("{mount: tracefs}", Unknown),
            ("{sysctl: a, is: 2}", Yes),
            ("{sysctl: a, at-least: 3}", No),
            ("{sysctl: gone, at-least: 0}", No),
            ("{sysctl: gone, is: absent}", Yes),
            ("{fact: privilege.memlock, at-most: 1000}", No),
            ("{fact: filesystems, at-least: 1}", Yes),
            ("{fact: mount.bpf, at-least: 1}", No),
            ("{fact: kernel.version, same-as: kernel.version}", Yes),
            ("{fact: kernel.version, same-as: kernel.flavour}", No),
            ("{fact: kernel.version, same-as: sysctl.gone}", No),
            (
                "{fact: kernel.version, same-as: security.lockdown}",
                Unknown,
            ),
            ("{lockdown: integrity}", Unknown),
            ("{not: {lockdown: integrity}}", Unknown),
            ("{config: BPF, is: y}", Unknown),
        ];
        let facts = facts("5.10.218", "debian");
        for (text, expected) in rows {
            assert_eq!(ask(text, &facts).tri, expected, "{text}");
        }
    }

    #[test]
    fn a_kernel_without_a_capability_asks_for_the_one_before_it() {
        for (last, held, wanted, tri) in [
            (37, "CAP_SYS_ADMIN", "CAP_BPF", Tri::Yes),
            (37, "CAP_SYS_ADMIN", "CAP_PERFMON", Tri::Yes),
            (37, "CAP_NET_ADMIN", "CAP_BPF", Tri::No),
            (37, "CAP_SYS_ADMIN", "CAP_NET_ADMIN", Tri::No),
            (40, "CAP_SYS_ADMIN", "CAP_BPF", Tri::No),
            (40, "CAP_BPF", "CAP_BPF", Tri::Yes),
        ] {
            let mut facts = facts("4.18.0", "rhel8");
            facts.set("privilege.last-cap", Fact::known(last, "x"));
            let held = vec![held.to_owned()];
            facts.set("privilege.capabilities", Fact::known(held, "x"));
            let text = format!("{{capability: {wanted}}}");
            assert_eq!(ask(&text, &facts).tri, tri, "{last} {text}");
        }
    }

    #[test]
    fn a_backported_kernel_is_at_least_its_version() {
        use Tri::{No, Unknown, Yes};
        let rows = [
            (">=4.18", Yes, Yes),
            (">=5.5", No, Unknown),
            ("<5.5", Yes, Unknown),
            ("<4.14", No, No),
            (">=4.14 <5.13", Yes, Unknown),
        ];
        for (range, vanilla, rhel) in rows {
            let text = format!("{{kernel: \"{range}\"}}");
            assert_eq!(
                ask(&text, &facts("4.18.0", "debian")).tri,
                vanilla,
                "{range}"
            );
            assert_eq!(
                ask(&text, &facts("4.18.0", "rhel8")).tri,
                rhel,
                "{range} on RHEL"
            );
        }
    }

    #[test]
    fn a_release_alone_tells_no_stable_number() {
        use Tri::{No, Unknown, Yes};
        let rows = [
            (">=5.15.189 <5.16", Unknown, No),
            ("<5.15.189", Unknown, Yes),
            (">=5.15", Yes, Yes),
            (">=5.16", No, No),
            ("<5.16", Yes, Yes),
            (">=5.10.240 <5.11", No, No),
            (">=6.1.146 <6.2", No, No),
        ];
        for (release, flavour, place, is_short) in [
            ("5.15.0-160-generic", "ubuntu", "uname", true),
            ("5.15.0-160-generic", "other", "uname", true),
            ("5.15.0-0.deb11.2-amd64", "debian", "uname", true),
            (
                "5.15.0-160-generic",
                "ubuntu",
                "/proc/version_signature",
                false,
            ),
            ("5.15.0", "vanilla", "uname", false),
            ("5.15.0-mine", "other", "uname", false),
        ] {
            let mut facts = facts("5.15.0", flavour);
            facts.set("kernel.release", Fact::known(release, "uname"));
            facts.set("kernel.version", Fact::known("5.15.0", place));
            for (range, short, whole) in rows {
                let tri = ask(&format!("{{kernel: \"{range}\"}}"), &facts).tri;
                let expected = if is_short { short } else { whole };
                assert_eq!(tri, expected, "{range} of {release} by {place}");
            }
        }
    }

    #[test]
    fn what_an_experiment_never_came_to_is_unknown() {
        let facts = facts("5.10.218", "debian");
        // The probe "refused" fails at create with EINVAL.
        for (stage, tri) in [
            ("open", Tri::No),
            ("create", Tri::Yes),
            ("load", Tri::Unknown),
            ("trigger", Tri::Unknown),
        ] {
            for more in ["", ", errno: EINVAL", ", log: nothing that it says"] {
                let text = format!("{{probe: refused, outcome: fails, stage: {stage}{more}}}");
                let tri = if more.contains("log") && stage == "create" {
                    Tri::No
                } else {
                    tri
                };
                assert_eq!(ask(&text, &facts).tri, tri, "{text}");
            }
        }
    }

    #[test]
    fn an_experiment_that_failed_otherwise_leaves_the_word_to_what_comes_next() {
        let facts = facts("5.10.218", "debian");
        // The probe "refused" fails at create with EINVAL, "good" works.
        let asks = |probe: &str, more: &str| format!("{{probe: {probe}, outcome: fails{more}}}");
        let (other, works) = (
            asks("refused", ", errno: ENOENT"),
            asks("good", ", errno: ENOENT"),
        );
        let passed = asks("refused", ", stage: open");
        for (first, tri) in [
            (other.clone(), Tri::Yes),
            (passed.clone(), Tri::Yes),
            (works.clone(), Tri::No),
            (asks("refused", ", errno: EINVAL"), Tri::Yes),
            // One that works is no answer for the other.
            (format!("{{any: [{works}, {other}]}}"), Tri::Yes),
            (format!("{{any: [{works}, {works}]}}"), Tri::No),
            // One that settles it is enough.
            (format!("{{all: [{works}, {other}]}}"), Tri::No),
            (format!("{{all: [{passed}, {other}]}}"), Tri::Yes),
            // What was asked for and did not happen is an answer of its own.
            (format!("{{not: {other}}}"), Tri::Yes),
            (asks("refused", "").replace("fails", "works"), Tri::No),
        ] {
            let text = format!("{{prefer: [{first}, {{kernel: \">=3.0\"}}]}}");
            assert_eq!(ask(&text, &facts).tri, tri, "{text}");
        }
        // It is shown all the same, once.
        for (first, shown) in [
            (other.clone(), 2),
            (format!("{{any: [{works}, {other}]}}"), 2),
            (format!("{{any: [{other}, {other}]}}"), 2),
            (works.clone(), 1),
            // It failed before it came to what was asked; and a refusal is no failure of the
            // kernel's.
            (asks("refused", ", stage: load"), 2),
            (asks("denied", ", stage: load"), 1),
            (asks("denied", ", errno: EINVAL"), 1),
        ] {
            let text = format!("{{prefer: [{first}, {{filesystem: none}}]}}");
            let answer = ask(&text, &facts);
            assert_eq!(answer.tri, Tri::No, "{text}");
            assert_eq!(
                answer.evidence.len(),
                shown,
                "{text}: {:?}",
                answer.evidence
            );
        }
        // Nothing comes next.
        let alone = format!("{{prefer: [{other}]}}");
        let answer = ask(&alone, &facts);
        assert_eq!(answer.tri, Tri::Unknown);
        assert_eq!(answer.evidence.len(), 1, "{:?}", answer.evidence);
    }

    #[test]
    fn an_experiment_outranks_a_setting_and_the_disagreement_shows() {
        let facts = facts("5.10.218", "debian");
        let text = "{prefer: [{probe: denied, outcome: fails, errno: EINVAL}, \
                    {probe: good, outcome: works}, {sysctl: a, is: 1}, {kernel: \"<5\"}]}";
        let answer = ask(text, &facts);
        assert_eq!(answer.tri, Tri::Yes);
        let shown: Vec<bool> = answer.evidence.iter().map(Evidence::disagrees).collect();
        assert_eq!(shown, [false, true], "{:?}", answer.evidence);
        // With what it disagrees is said, and what that says.
        assert_eq!(answer.evidence[1].against(), ["probe good works"]);
    }

    #[test]
    fn evidence_is_what_decided() {
        let facts = facts("5.10.218", "debian");
        let rows = [
            ("{all: [{filesystem: bpf}, {mount: bpf}]}", Tri::No, 1),
            (
                "{all: [{filesystem: bpf}, {not: {mount: bpf}}]}",
                Tri::Yes,
                2,
            ),
            ("{any: [{filesystem: bpf}, {mount: bpf}]}", Tri::Yes, 1),
            (
                "{all: [{filesystem: bpf}, {mount: tracefs}]}",
                Tri::Unknown,
                1,
            ),
        ];
        for (text, tri, count) in rows {
            let answer = ask(text, &facts);
            assert_eq!((answer.tri, answer.evidence.len()), (tri, count), "{text}");
        }
    }
}
