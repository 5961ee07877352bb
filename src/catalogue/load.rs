//! A checks file: reading, joining with another, and what makes it wrong.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::check::{Area, Check};
use super::error::LoadError;
use super::faults::Known;
use super::file::{File, NOTHING, OptionRule};
use super::packaged::{Archived, PackagedKernel};
use super::profile::{Need, Profile};
use super::replaced::inheriting;
use super::symptom::Noise;
use super::vocabulary::{Vocabulary, nearest, speaking};
use crate::version::KernelVersion;
use crate::yaml;

/// The documented failures, and what is known about kernel options.
#[derive(Debug, Clone, Default)]
pub struct Catalogue {
    /// Groups of checks, in the order of a report.
    pub areas: Vec<Area>,
    /// The checks, in the order of the file.
    pub checks: Vec<Check>,
    /// What pieces of software need, in the order of the file.
    pub profiles: Vec<Profile>,
    /// Dependencies of kernel options.
    pub options: Vec<OptionRule>,
    /// Kernels that distributions have as packages, the older of a release first.
    pub kernels: Vec<PackagedKernel>,
    /// Releases whose packages lie in archives.
    pub archived: Vec<Archived>,
    /// Beginnings of flavours whose vendor brings features to old numbers, which prove nothing.
    pub backporting: Vec<String>,
    /// Lines of logs that look like errors and are none.
    pub noise: Vec<Noise>,
    /// Files that were put on top of the built-in one, as they were named.
    pub files: Vec<String>,
    /// Says which catalogue judged: the first twelve hexadecimal digits of its SHA-256.
    pub digest: String,
}

impl Catalogue {
    /// Reads a checks file. `name` stands in errors.
    ///
    /// # Errors
    /// The first thing that is wrong with it, with its line.
    pub fn parse(name: &str, text: &str, vocabulary: Vocabulary) -> Result<Self, LoadError> {
        let mut catalogue = Self::default();
        catalogue.extend(name, text, vocabulary)?;
        Ok(catalogue)
    }

    /// Reads a checks file that [`Catalogue::parse`] took, and of which somebody made JSON: in a
    /// small part of the time and of the memory, since a parser of YAML keeps each word of a text
    /// until it has read all, and no word is held against a vocabulary.
    ///
    /// # Errors
    /// What is wrong with the JSON, without a line; what does not fit together in the file.
    pub fn converted(name: &str, text: &str, json: &[u8]) -> Result<Self, LoadError> {
        let parsed = serde_json::from_slice::<File>(json);
        let file = parsed.map_err(|error| LoadError {
            file: name.to_owned(),
            line: 0,
            message: error.to_string(),
        })?;
        let (joined, faults) = Self::default().joined_with(name, text, file, 1)?;
        faults.into_iter().next().map_or(Ok(joined), Err)
    }

    /// Reads another checks file on top: its entries are added, or take the place of their ids.
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; the catalogue is then as before.
    pub fn extend(
        &mut self,
        name: &str,
        text: &str,
        vocabulary: Vocabulary,
    ) -> Result<(), LoadError> {
        let (joined, faults) = self.joined(name, text, vocabulary, 1)?;
        match faults.into_iter().next() {
            Some(fault) => Err(fault),
            None => {
                *self = joined;
                Ok(())
            }
        }
    }

    /// This catalogue with another file on top, and what does not fit together in it: so many
    /// faults at most.
    pub(super) fn joined(
        &self,
        name: &str,
        text: &str,
        vocabulary: Vocabulary,
        most: usize,
    ) -> Result<(Self, Vec<LoadError>), LoadError> {
        let parsed = speaking(vocabulary, || yaml::from_str::<File>(text));
        let file = parsed.map_err(|error| explain(name, error))?;
        self.joined_with(name, text, file, most)
    }

    /// The same with what the text was found to say.
    fn joined_with(
        &self,
        name: &str,
        text: &str,
        file: File,
        most: usize,
    ) -> Result<(Self, Vec<LoadError>), LoadError> {
        file.check(text).map_err(|error| explain(name, error))?;
        let ids: Vec<String> = file.checks.iter().map(|check| check.id.clone()).collect();
        let profiles: Vec<String> = file.profiles.iter().map(|one| one.id.clone()).collect();

        let mut joined = self.clone();
        join(&mut joined.areas, file.areas, |area| &area.id);
        joined.backporting.extend(file.backporting);
        joined.options.extend(file.options);
        joined.kernels.extend(file.kernels);
        joined.archived.extend(file.archived);
        joined.noise.extend(file.noise);
        let checks = inheriting(file.checks, self);
        join(&mut joined.checks, checks, |check| &check.id);
        join(&mut joined.profiles, file.profiles, |one| &one.id);
        // What was there before was right, so a fault is in, or leads through, what is new.
        let known = Known::of(&joined);
        let refused = |key, index, message| LoadError {
            file: name.to_owned(),
            line: yaml::line_of(text, key, index).unwrap_or(0),
            message,
        };
        // A circle is one fault, of all that are in it.
        let mut circled = false;
        let checks = ids.iter().enumerate().filter_map(|(index, id)| {
            let again = known.is_in_circle(id) && std::mem::replace(&mut circled, true);
            let check = known.check(id).filter(|_| !again);
            let message = check.and_then(|check| known.fault(check))?;
            Some(refused("checks", index, message))
        });
        let misfits = profiles.iter().enumerate().filter_map(|(index, id)| {
            let profile = joined.profile(id);
            let message = profile.and_then(|one| known.misfit(one))?;
            Some(refused("profiles", index, message))
        });
        let faults = checks.chain(misfits).take(most).collect();
        let digest = Sha256::new().chain_update(&self.digest);
        let digest = digest.chain_update(text).finalize();
        joined.digest = digest.iter().take(6).map(|b| format!("{b:02x}")).collect();
        Ok((joined, faults))
    }

    /// [`Catalogue::extend`] with a file as it was read.
    ///
    /// # Errors
    /// As [`Catalogue::parse`]; and the first line that is no UTF-8.
    pub fn extend_bytes(
        &mut self,
        name: &str,
        bytes: &[u8],
        vocabulary: Vocabulary,
    ) -> Result<(), LoadError> {
        let text = yaml::text(bytes).map_err(|error| explain(name, error))?;
        self.extend(name, text, vocabulary)
    }

    /// Where this release of a distribution lies, if in an archive alone.
    #[must_use]
    pub fn archived_of(&self, os: &str, release: &str) -> Option<&Archived> {
        self.archived.iter().find(|one| one.holds(os, release))
    }

    /// The check of this id.
    #[must_use]
    pub fn check(&self, id: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.id == id)
    }

    /// The profile of this id.
    #[must_use]
    pub fn profile(&self, id: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.id == id)
    }

    /// What a kernel's Kconfig of this version asks of an option; `None` where nothing is known.
    #[must_use]
    pub fn option_rule(&self, option: &str, version: KernelVersion) -> Option<&OptionRule> {
        let mut rules = self.options.iter();
        rules.find(|rule| rule.option == option && rule.kernel.contains(version))
    }

    /// Whether kernels of this version have the option, as far as is known of it.
    #[must_use]
    pub fn offers_option(&self, option: &str, version: KernelVersion) -> bool {
        let known = self.options.iter().any(|rule| rule.option == option);
        !known || self.option_rule(option, version).is_some()
    }

    /// The checks whose answer, or whose cause, may rest on a probe.
    #[must_use]
    pub fn checks_of_probe(&self, probe: &str) -> Vec<&str> {
        let rests = |check: &&Check| {
            let mut asks = false;
            let mut visit = |condition: &super::Condition| {
                asks |= matches!(condition, super::Condition::Probe(test) if test.probe == probe);
            };
            for condition in check.conditions() {
                condition.walk(&mut visit);
            }
            asks
        };
        let checks = self.checks.iter().filter(rests);
        checks.map(|check| check.id.as_str()).collect()
    }

    /// All facts any condition asks about, by key.
    #[must_use]
    pub fn facts_asked(&self) -> BTreeSet<String> {
        let mut keys = BTreeSet::new();
        let mut ask = |condition: &super::Condition| {
            keys.extend(condition.facts().into_iter().map(str::to_owned));
        };
        for check in &self.checks {
            let fixes = check.causes.iter().flat_map(|cause| &cause.fixes);
            check.conditions().for_each(&mut ask);
            fixes.filter_map(|fix| fix.when.as_ref()).for_each(&mut ask);
        }
        for need in self.profiles.iter().flat_map(Profile::needs) {
            if let Need::Condition { condition, .. } = need {
                ask(condition);
            }
            let whens = need.fixes().iter().filter_map(|fix| fix.when.as_ref());
            whens.for_each(&mut ask);
        }
        let rules = self.options.iter();
        let options = rules.flat_map(|rule| {
            let named = [&rule.option].into_iter();
            named.chain(&rule.needs).chain(&rule.excludes)
        });
        keys.extend(options.map(|option| format!("config.{option}")));
        keys
    }
}

/// Adds entries, in the place of those that have the same id.
fn join<T>(old: &mut Vec<T>, new: Vec<T>, id: fn(&T) -> &String) {
    let places = old.iter().enumerate();
    let places: BTreeMap<String, usize> = places
        .map(|(index, one)| (id(one).clone(), index))
        .collect();
    for one in new {
        let place = places.get(id(&one)).copied();
        match place.and_then(|index| old.get_mut(index)) {
            Some(old) => *old = one,
            None => old.push(one),
        }
    }
}

/// An error as place and sentence, with the word that was probably meant.
pub(super) fn explain(file: &str, error: yaml::Error) -> LoadError {
    let yaml::Error {
        mut line,
        mut message,
    } = error;
    if line == 0 && message.contains("EOF while parsing") {
        line = 1;
        message = NOTHING.to_owned();
    }
    let hint = message
        .split_once("unknown field `")
        .or_else(|| message.split_once("found `"))
        .and_then(|(_, rest)| {
            let mut quoted = rest.split('`').step_by(2);
            let word = quoted.next()?;
            let known = rest.split('`').skip(2).step_by(2);
            nearest(word, known).map(|known| format!("; did you mean `{known}`?"))
        });
    LoadError {
        file: file.to_owned(),
        line,
        message: message + hint.as_deref().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Condition, SCHEMA, Test, Wanted};

    const WORDS: Vocabulary = Vocabulary {
        is_fact: |key| key != "config.WRONG",
        nearest_fact: |_| Some("config.RIGHT".to_owned()),
        probes: || vec!["sockhash-create"],
        ..Vocabulary::OPEN
    };

    const GOOD: &str = "\
areas: [{id: maps, title: Maps}]
checks:
  - id: some-failure
    area: maps
    kind: host
    severity: error
    title: It fails
    ok: It does not
    why: Because
    fails: {probe: sockhash-create, outcome: works}
    causes:
      - when: {kernel: \">=5.13\"}
        because: Of this
      - because: Of that
    references: []
";

    fn error(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from} stands in the good file");
        let text = GOOD.replacen(from, to, 1);
        Catalogue::parse("c.yaml", &text, WORDS)
            .unwrap_err()
            .to_string()
    }

    #[test]
    fn the_built_in_catalogue_is_right() {
        assert_eq!(crate::built_in_catalogue().err(), None);
    }

    #[test]
    fn a_wrong_word_is_refused_with_its_line_and_the_right_one() {
        let rows = [
            (
                "    title:",
                "    tytle:",
                "c.yaml:7: ",
                "did you mean `title`?",
            ),
            (
                "severity: error",
                "severity: eror",
                "c.yaml:6: ",
                "did you mean `error`?",
            ),
            (
                "sockhash-create",
                "sockhash-creat",
                "c.yaml:10: ",
                "did you mean `sockhash-create`?",
            ),
            (
                "outcome: works",
                "outcome: works, errno: [EINVAL]",
                "c.yaml:10: ",
                "no errno",
            ),
            (
                "outcome: works",
                "outcome: works, is: y",
                "c.yaml:10: ",
                "`is` has no meaning",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "config: WRONG, is: y",
                "c.yaml:10: ",
                "did you mean `config.RIGHT`?",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "config: BPF",
                "c.yaml:10: ",
                "is, has, at-least, at-most",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "all: []",
                "c.yaml:10: ",
                "empty list",
            ),
            (
                "probe: sockhash-create, outcome: works",
                "is: y",
                "c.yaml:10: ",
                "needs a subject",
            ),
            (">=5.13", "newer than 5.13", "c.yaml:12: ", "newer"),
            (
                "area: maps",
                "area: map",
                "c.yaml:3: ",
                "did you mean `maps`?",
            ),
            (
                "some-failure",
                "Some Failure",
                "c.yaml:3: ",
                "of the form a-b-c",
            ),
            (
                "      - because: Of that\n",
                "",
                "c.yaml:3: ",
                "has a `when`",
            ),
            (
                "    ok: It does not\n",
                "",
                "c.yaml:3: ",
                "`some-failure` has `fails` and lacks `ok`",
            ),
            (
                "    fails: {probe: sockhash-create, outcome: works}\n",
                "",
                "c.yaml:3: ",
                "`some-failure` has `ok` and lacks `fails`",
            ),
            (
                "    ok: It does not\n    why: Because\n    fails: {probe: sockhash-create, outcome: works}\n",
                "    why: Because\n    applies: {kernel: \">=5.13\"}\n",
                "c.yaml:3: ",
                "`some-failure` has `applies` and lacks `fails`",
            ),
            (
                "    references: []\n",
                "    change: \"\"\n",
                "c.yaml:15: ",
                "text that is not empty",
            ),
            ("kind: host", "kind: [host", "c.yaml:", ""),
        ];
        for (from, to, place, hint) in rows {
            let message = error(from, to);
            assert!(message.starts_with(place), "{to}: {message}");
            assert!(message.contains(hint), "{to}: {message}");
        }
    }

    /// The complaint about [`GOOD`] with one change, by the doctor's own words.
    fn complaint(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from} stands in the good file");
        let text = GOOD.replacen(from, to, 1);
        match Catalogue::parse("c.yaml", &text, crate::vocabulary()) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn values_that_a_fact_never_has_are_refused() {
        let rows = [
            ("{capability: CAP_BFP}", "did you mean `CAP_BPF`?"),
            (
                "{fact: privilege.capabilities, has: CAP_41}",
                "unknown capability",
            ),
            ("{cgroup: hybird}", "did you mean `hybrid`?"),
            ("{cgroup: [legacy, hybird]}", "did you mean `hybrid`?"),
            ("{fact: cgroup.mode, is: hybird}", "did you mean `hybrid`?"),
            ("{fact: cgroup.mode, is: 2}", "unknown value"),
            ("{container: dokcer}", "did you mean `docker`?"),
            (
                "{lockdown: x}",
                "it is one of: none, integrity, confidentiality",
            ),
            ("{fact: security.apparmor, is: yes}", "true, false"),
            ("{config: CONFIG_BPF, is: y}", "write `BPF`"),
            ("{fact: config.CONFIG_BPF, is: y}", "write `BPF`"),
            ("{config: CONFIG_BPF}", "write `BPF`"),
            ("{config: BPF, is: yes}", "did you mean `y`?"),
            ("{config: BPF, is: true}", "did you mean `y`?"),
            ("{config: BPF, is: [m, Y]}", "did you mean `y`?"),
            ("{config: BPF, is: off}", "did you mean `n`?"),
            ("{fact: os.version-id, is: 20.04}", "in quotes"),
            (
                "{probe: sockhash-create, outcome: fails, errno: EINVALL}",
                "did you mean `EINVAL`?",
            ),
            (
                "{probe: sockhash-create, outcome: fails, stage: laod}",
                "did you mean `load`?",
            ),
        ];
        for (condition, hint) in rows {
            let message = complaint("{probe: sockhash-create, outcome: works}", condition);
            assert!(message.starts_with("c.yaml:10: "), "{condition}: {message}");
            assert!(message.contains(hint), "{condition}: {message}");
        }
        for condition in [
            "{capability: CAP_BPF}",
            "{cgroup: [none, absent]}",
            "{fact: security.apparmor, is: \"true\"}",
            "{config: BPF, is: [y, m, n, set, unset, absent, 7, \"lockdown,yama\"]}",
            "{sysctl: kernel.kptr_restrict, is: \"2\"}",
            "{probe: sockhash-create, outcome: fails, errno: [ENOTSUPP, SIGSYS, EINVAL]}",
            "{probe: sockhash-create, outcome: fails, stage: btf-load}",
        ] {
            let message = complaint("{probe: sockhash-create, outcome: works}", condition);
            assert_eq!(message, "accepted", "{condition}");
        }
    }

    #[test]
    fn numbers_and_truths_in_quotes_are_what_the_fact_has() {
        for (condition, wanted) in [
            (
                "{sysctl: kernel.kptr_restrict, is: \"2\"}",
                Wanted::Number(2),
            ),
            (
                "{fact: security.apparmor, is: \"true\"}",
                Wanted::Bool(true),
            ),
        ] {
            let text = GOOD.replacen("{probe: sockhash-create, outcome: works}", condition, 1);
            let catalogue = Catalogue::parse("c.yaml", &text, crate::vocabulary()).unwrap();
            let Some(Condition::Fact(test)) = &catalogue.checks[0].fails else {
                panic!("{condition}");
            };
            assert_eq!(test.test, Test::Is(vec![wanted]), "{condition}");
        }
    }

    #[test]
    fn fixes_that_cannot_be_typed_are_refused() {
        let rows = [
            ("memlock: 12x", "`infinity` or a number of bytes"),
            ("memlock: -1", "`infinity` or a number of bytes"),
            ("capabilities: [CAP_X]", "unknown capability `CAP_X`"),
            ("capabilities: []", "capabilities is empty"),
            ("kernel-arguments: {}", "needs `add` or `remove`"),
            (
                "kernel-arguments: {add: [\"a={{nope.x}}\"]}",
                "unknown fact `nope.x`",
            ),
            ("mount: {type: bpf, at: sys/fs/bpf}", "absolute path"),
            ("kernel-config: {}", "kernel-config is empty"),
            ("kernel-config: {CONFIG_BPF: y}", "write `BPF`"),
            ("kernel-config: {bpf: y}", "no kernel option"),
            ("kernel-config: {BPF: yes}", "did you mean `y`?"),
            ("kernel-config: {BPF: true}", "text or a whole number"),
            ("kernel-config: {BPF: \"a\\nb\"}", "on one line"),
            ("sysctl: {}", "sysctl is empty"),
            ("sysctl: {a.b: \"1\\n2\"}", "one line"),
            (
                "program: {commands: [\"{{nope.x}}\"], needs: nothing}",
                "unknown fact `nope.x`",
            ),
            (
                "setting: {undo: [\"{{kernel.releas}}\"], needs: nothing}",
                "did you mean `kernel.release`?",
            ),
            (
                "setting: {commands: [\"{{kernel.release\"], needs: nothing}",
                "without `}}`",
            ),
            (
                "setting: {commands: [\"\"], needs: nothing}",
                "empty command",
            ),
        ];
        let with = |remedy: &str| {
            let fix =
                format!("because: Of that\n        fixes:\n          - {{summary: S, {remedy}}}");
            complaint("because: Of that", &fix)
        };
        for (remedy, hint) in rows {
            let message = with(remedy);
            assert!(message.starts_with("c.yaml:16: "), "{remedy}: {message}");
            assert!(message.contains(hint), "{remedy}: {message}");
        }
        for remedy in [
            "memlock: 67108864",
            "memlock: infinity",
            "kernel-config: {NR_CPUS: 64, BPF: y, LSM: \"lockdown,bpf\"}",
            "sysctl: {net.core.bpf_jit_enable: 1}",
            "setting: {commands: [\"uname {{kernel.release}}\"], needs: nothing}",
        ] {
            assert_eq!(with(remedy), "accepted", "{remedy}");
        }
        let summary = "because: Of that\n        fixes: [{summary: \"{{nope.x}}\", memlock: 1}]";
        assert!(complaint("because: Of that", summary).contains("unknown fact `nope.x`"));
        let summary = "because: Of that\n        fixes: [{summary: \"\", memlock: 1}]";
        assert!(complaint("because: Of that", summary).contains("expected one line of text"));
    }

    #[test]
    fn complaints_are_about_the_line_of_the_entry() {
        let second = |id: &str| {
            let entry = GOOD.split_once("checks:\n").unwrap().1;
            format!("    references: []\n{}", entry.replace("some-failure", id))
        };
        let rows = [
            ("some-failure", "\"Some Failure\"", 3, "form a-b-c"),
            ("area: maps", "area: Maps", 4, "form a-b-c"),
            ("{id: maps", "{id: Maps", 1, "form a-b-c"),
            ("title: It fails", "title: \" \"", 7, "not empty"),
            ("ok: It does not", "ok: \"\"", 8, "not empty"),
            ("why: Because", "why: \"\"", 9, "not empty"),
            ("because: Of that", "because: \"\"", 14, "not empty"),
            ("title: It fails", "title:", 7, ""),
            (
                "Maps}]",
                "Maps}, {id: maps, title: M}]",
                1,
                "area `maps` stands twice",
            ),
        ];
        for (from, to, line, hint) in rows {
            let message = complaint(from, to);
            assert!(
                message.starts_with(&format!("c.yaml:{line}: ")),
                "{to}: {message}"
            );
            assert!(message.contains(hint), "{to}: {message}");
        }
        let last = "    references: []\n";
        for (to, hint) in [
            (second("some-failure"), "stands twice"),
            (second("\"some-failure\""), "stands twice"),
            (
                second("\"other\"").replace("area: maps", "area: map"),
                "did you mean `maps`?",
            ),
            (
                second("other").replace("kind:", "requires: [some-failur]\n    kind:"),
                "did you mean `some-failure`?",
            ),
            (
                second("other").replace("      - because: Of that\n", ""),
                "has a `when`",
            ),
        ] {
            let message = complaint(last, &to);
            assert!(message.starts_with("c.yaml:16: "), "{message}");
            assert!(message.contains(hint), "{message}");
        }
    }

    #[test]
    fn files_of_another_shape_are_met_with_plain_words() {
        let rows: [(&[u8], &str); 10] = [
            (
                b"",
                "c.yaml:1: nothing in it; expected a mapping with `checks:`",
            ),
            (
                b"# nothing\n",
                "c.yaml:1: nothing in it; expected a mapping with `checks:`",
            ),
            (
                b"{}",
                "c.yaml:1: nothing in it; expected a mapping with `checks:`",
            ),
            (
                b"checks: []\n",
                "c.yaml:1: `checks:` is empty, and nothing else is in it",
            ),
            (
                b"~\n",
                "c.yaml:1: found nothing, expected a mapping with `checks:`",
            ),
            (
                b"- a\n",
                "c.yaml:1: found a list, expected a mapping with `checks:`",
            ),
            (
                b"\nword\n",
                "c.yaml:2: found the text \"word\", expected a mapping with `checks:`",
            ),
            (
                b"checks:\n  - word\n",
                "c.yaml:2: checks[0]: found the text \"word\", expected a mapping with `id` and what \
                 belongs to a check",
            ),
            (
                b"areas: [{id: a, title: A}]\n---\n",
                "c.yaml:2: a second document begins here; a file has one",
            ),
            (
                b"areas:\n  - \xff\n",
                "c.yaml:2: this line is not UTF-8 text",
            ),
        ];
        for (bytes, wanted) in rows {
            let mut catalogue = Catalogue::default();
            let error = catalogue.extend_bytes("c.yaml", bytes, WORDS).unwrap_err();
            assert_eq!(error.to_string(), wanted);
        }
        for text in [
            "areas: [{id: a, title: A}]",
            "options: [{option: BPF, kernel: \">=4.0\"}]",
        ] {
            assert!(Catalogue::parse("c.yaml", text, WORDS).is_ok(), "{text}");
        }
        let option = "\noptions:\n  - {option: A, kernel: \">=4.0\"}\n  - {option: B, kernel: \
                      \">=4.0\", needs: [CONFIG_C]}";
        let error = Catalogue::parse("c.yaml", option, WORDS).unwrap_err();
        assert!(error.to_string().starts_with("c.yaml:4: "), "{error}");
        let deep = Catalogue::parse("c.yaml", &"{a: ".repeat(100_000), WORDS).unwrap_err();
        assert_eq!(deep.to_string(), "c.yaml:1: nested deeper than 64 levels");
    }

    #[test]
    fn areas_of_another_file_are_added_or_replace() {
        let mut catalogue = Catalogue::parse("c.yaml", GOOD, WORDS).unwrap();
        let more = "areas: [{id: maps, title: All maps}, {id: mine, title: Mine}]";
        catalogue.extend("mine.yaml", more, WORDS).unwrap();
        let titles: Vec<&str> = catalogue.areas.iter().map(|a| a.title.as_str()).collect();
        assert_eq!(titles, ["All maps", "Mine"]);
    }

    #[test]
    fn checks_of_another_file_are_added_or_replace() {
        let mut catalogue = Catalogue::parse("c.yaml", GOOD, WORDS).unwrap();
        let before = catalogue.digest.clone();
        let replaced = GOOD
            .replace("It fails", "It fails otherwise")
            .replace("areas", "#areas");
        catalogue.extend("mine.yaml", &replaced, WORDS).unwrap();
        assert_eq!(catalogue.checks.len(), 1);
        assert_eq!(catalogue.checks[0].title, "It fails otherwise");
        assert_ne!(catalogue.digest, before);
    }

    #[test]
    fn a_check_without_fails_stands_for_itself_and_is_required_by_none() {
        let judged = "    ok: It does not\n    why: Because\n    fails: {probe: sockhash-create, \
                      outcome: works}\n";
        assert!(GOOD.contains(judged));
        let text = GOOD.replacen(judged, "    why: Because\n    change: Bound it\n", 1);
        // Several causes may remain where nothing decides between them.
        let text = text.replace(
            "      - when: {kernel: \">=5.13\"}\n        because",
            "      - because",
        );
        let catalogue = Catalogue::parse("c.yaml", &text, WORDS).unwrap();
        assert!(catalogue.checks[0].fails.is_none());
        assert_eq!(catalogue.checks[0].change.as_deref(), Some("Bound it"));
        assert_eq!(catalogue.checks[0].causes.len(), 2);

        let second = GOOD.split_once("checks:\n").unwrap().1;
        let second = second.replace("some-failure", "other");
        let second = second.replace("    kind:", "    requires: [some-failure]\n    kind:");
        let error = Catalogue::parse("c.yaml", &(text + &second), WORDS).unwrap_err();
        assert!(error.message.contains("never judged"), "{error}");
    }

    /// What `checks show` prints is a file of checks.
    #[test]
    fn a_file_may_say_what_it_is() {
        let head = |schema: &str| format!("schema: {schema}\ncatalogue: 0123456789ab\n{GOOD}");
        assert!(Catalogue::parse("c.yaml", &head(SCHEMA), WORDS).is_ok());
        let other = head("bpf-doctor/report/v1");
        let error = Catalogue::parse("c.yaml", &other, WORDS).unwrap_err();
        assert!(error.to_string().starts_with("c.yaml:1: "), "{error}");
        assert!(error.message.contains("another kind of file"), "{error}");
    }

    #[test]
    fn a_kind_is_one_of_a_failure_that_is_none_itself() {
        let second = GOOD.split_once("checks:\n").unwrap().1;
        let second = second.replace("some-failure", "other");
        let kind = |id: &str, text: &str| {
            text.replacen("    kind:", &format!("    kind-of: {id}\n    kind:"), 1)
        };
        let good = GOOD.to_owned() + &kind("some-failure", &second);
        let catalogue = Catalogue::parse("c.yaml", &good, WORDS).unwrap();
        assert_eq!(catalogue.checks[1].kind_of.as_deref(), Some("some-failure"));
        for (text, message) in [
            (
                GOOD.to_owned() + &kind("some-failur", &second),
                "did you mean",
            ),
            (kind("some-failure", GOOD), "a kind of another itself"),
            (
                kind("other", GOOD) + &kind("some-failure", &second),
                "a kind of another itself",
            ),
        ] {
            let error = Catalogue::parse("c.yaml", &text, WORDS).unwrap_err();
            assert!(error.message.contains(message), "{error}");
        }
    }

    #[test]
    fn circles_are_refused() {
        let line = "    severity: error\n";
        let circle = error(line, "    severity: error\n    requires: [some-failure]\n");
        assert!(circle.contains("require each other"), "{circle}");
    }
}
