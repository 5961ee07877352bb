//! What is known of the host on the scales: which causes it confirms and which it refutes. It
//! refutes what is a property of the host as a whole, and no more.

use super::candidate::Candidate;
use super::explanation::Standing;
use super::known::{KnownHost, OF_PROCESS};
use super::parts::{Said, said};
use crate::catalogue::{Catalogue, Cause, Kind};
use crate::diagnosis::{Evidence, Status, for_want_of, kernel_is};

/// A cause that the host has rises so much, above what a line points to more clearly.
const CONFIRMED: i32 = 14;
/// One that the host does not have sinks so much.
const REFUTED: i32 = 16;
/// Which kernel it is.
const RELEASE: &str = "kernel.release";
/// What is said of a process that the log shows.
const SHOWN: &str = "the log shows what the process may do";

impl<'a> Candidate<'a> {
    /// The cause of its check that the heaviest line that points to one points to.
    pub(super) fn pointed(&self, catalogue: &Catalogue, host: &KnownHost) -> Option<&'a Cause> {
        let check = self.check;
        let mut named = self.hits.iter().filter_map(|(hit, _)| {
            let symptom = check.symptoms.get(hit.symptom)?;
            // One that asks for a kernel that is not known points to nothing.
            let range = symptom.kernel.as_ref();
            let is_sure =
                range.is_none_or(|range| kernel_is(catalogue, &host.facts, range).is_some());
            symptom.cause.as_ref().filter(|_| is_sure)
        });
        let id = named.next()?;
        check
            .causes
            .iter()
            .find(|cause| cause.id.as_ref() == Some(id))
    }

    /// Holds what its heaviest line says the kernel lacks against the host, and tells whether that
    /// decides.
    fn hold_part(&mut self, catalogue: &Catalogue, host: &KnownHost) -> bool {
        let line = self.top_line().map(|(line, _)| line);
        let mut of_line = self.hits.iter().filter(|(hit, _)| Some(hit.line) == line);
        let said = of_line.find_map(|(hit, _)| {
            let symptom = self.check.symptoms.get(hit.symptom)?;
            said(host, hit, symptom)
        });
        let pointed = self.pointed(catalogue, host);
        match said {
            // What one program may not have says nothing of the kernel.
            Some(Said::Has(_)) if pointed.is_some_and(|cause| cause.about.is_some()) => false,
            Some(Said::Has(said)) => {
                self.said = Some((said, vec![RELEASE.to_owned()]));
                self.refuted();
                true
            }
            Some(Said::Lacks(said)) => {
                let named = said.split_once("CONFIG_").map(|(_, rest)| rest);
                let option = named.and_then(|rest| rest.split(' ').next());
                let id = option
                    .and_then(|option| for_want_of(catalogue, &host.facts, self.check, option));
                let mut causes = self.check.causes.iter();
                self.particular =
                    id.and_then(|id| causes.find(|one| one.id.as_deref() == Some(id)));
                self.said = Some((said, vec![RELEASE.to_owned()]));
                self.confirmed();
                true
            }
            Some(Said::HasMost) => {
                self.score -= REFUTED;
                false
            }
            None => false,
        }
    }

    /// Whether its heaviest line tells of the host as a whole.
    fn is_of_host(&self) -> bool {
        let hit = self.hits.first().map(|(hit, _)| *hit);
        let symptom = hit.and_then(|hit| self.check.symptoms.get(hit.symptom));
        symptom.is_some_and(|symptom| symptom.of_host)
    }

    /// The host as a whole does not have the failure: what is about one thing on it alone stays.
    fn well_on_host(&mut self, catalogue: &Catalogue, host: &KnownHost) {
        let is_particular = |cause: &&Cause| cause.about.is_some();
        self.particular = match self.pointed(catalogue, host) {
            Some(pointed) => Some(pointed).filter(is_particular),
            None if self.is_of_host() => None,
            None => self.check.causes.iter().find(is_particular),
        };
        match self.particular {
            Some(_) => {}
            None if self.process && host.known_from != "log" => self.is_held = true,
            None => self.refuted(),
        }
    }

    /// A cause that the host confirms rises, one that it refutes sinks.
    pub(super) fn hold_against_host(&mut self, catalogue: &Catalogue, host: &KnownHost) {
        if self.hold_part(catalogue, host) {
            return;
        }
        let Some(finding) = self.finding else {
            // The host says nothing of a narrower kind; that it has the failure does not put the
            // broader entry before the one that the log names.
            if self
                .broader
                .is_some_and(|finding| finding.status == Status::Fail)
            {
                self.score += CONFIRMED;
            }
            return;
        };
        let moot = finding.status == Status::NotApplicable && finding.because.starts_with("moot");
        match finding.status {
            Status::Fail => self.confirmed(),
            // What a program or a tool did wrong is not undone by what is installed here;
            // and what this process may do says nothing of another one.
            Status::Ok if self.check.kind != Kind::Host => {}
            Status::Ok => self.well_on_host(catalogue, host),
            Status::NotApplicable if !moot && self.check.kind == Kind::Host => {
                self.well_on_host(catalogue, host);
            }
            Status::Unknown if self.process && host.known_from == "log" => {
                match host.fails_for_a_process(catalogue, self.check) {
                    (Some(true), _) => {
                        let shown = host.facts.known().map(|(key, _)| key.to_owned());
                        let shown = shown.filter(|key| key.starts_with(OF_PROCESS)).collect();
                        self.said = Some((SHOWN.to_owned(), shown));
                        self.confirmed();
                    }
                    // Of one in an ordinary user namespace, which the log does not tell.
                    (_, Some(false)) => self.score -= REFUTED,
                    _ => {}
                }
            }
            Status::Unknown if self.check.kind == Kind::Host => {
                self.set = host.options_that_refute(catalogue, self.check);
                if !self.set.is_empty() {
                    self.refuted();
                }
            }
            Status::NotApplicable | Status::Unknown => {}
        }
    }

    fn confirmed(&mut self) {
        self.standing = Standing::Confirmed;
        self.score += CONFIRMED;
    }

    fn refuted(&mut self) {
        self.standing = Standing::Refuted;
        self.score -= REFUTED;
    }

    pub(super) fn standing_because(&self, host: &KnownHost) -> (String, Vec<Evidence>) {
        if let Some((said, keys)) = &self.said {
            let evidence = keys.iter().map(|key| Evidence::Fact {
                fact: key.clone(),
                known: host.facts.get(key),
                disagrees: false,
                against: Vec::new(),
                asked: Vec::new(),
            });
            return (said.clone(), evidence.collect());
        }
        if !self.set.is_empty() {
            let options = self.set.iter().map(|option| format!("CONFIG_{option}"));
            let options = options.collect::<Vec<_>>().join(", ");
            return (format!("{options} is set, as the log shows"), Vec::new());
        }
        let Some(finding) = self.finding.filter(|_| self.standing != Standing::Open) else {
            return (String::new(), Vec::new());
        };
        (finding.because.clone(), finding.evidence.clone())
    }
}
