//! What failed, as a line tells it, and whether that is what a symptom asks for.

use std::collections::BTreeMap;

use super::errno;
use crate::catalogue::{Operation, Symptom};

/// Whose words tell of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Voice {
    /// Those of a loader.
    Loader,
    /// Such as programs of other kinds say, too.
    Loose,
    /// Anybody's.
    Anybody,
}

/// Something that failed, as a line tells it.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) operation: Operation,
    pub(super) errno: Option<&'static str>,
    pub(super) names: BTreeMap<String, String>,
    pub(super) voice: Voice,
}

impl Event {
    /// An operation that failed, with the error in what its line calls `err`, or anywhere.
    pub(super) fn told(operation: Operation, names: BTreeMap<String, String>, line: &str) -> Self {
        let told = names.get("err").and_then(|told| errno::find(told));
        Self {
            operation,
            errno: told.or_else(|| errno::find(line)),
            names,
            voice: Voice::Loader,
        }
    }

    /// The same in the words of others than a loader.
    pub(super) fn in_words_of(self, voice: Voice) -> Self {
        Self { voice, ..self }
    }
}

/// Whether a symptom takes an event that has no more than its operation's name: its error, and
/// what it was about.
pub(super) fn is_of(symptom: &Symptom, event: &Event, object_is: impl Fn(&str) -> bool) -> bool {
    let is_named = || {
        let mut names = NAMES.iter().filter_map(|name| event.names.get(*name));
        names.any(|name| object_is(name))
    };
    symptom.takes(event.errno) && (symptom.object.is_none() || is_named())
}

/// Groups of shapes that hold what an operation was about.
const NAMES: &[&str] = &["what", "map", "prog", "target", "file"];

/// The operation of which another one is a special case.
fn general_of(operation: Operation) -> Option<Operation> {
    use Operation::{
        Attach, AttachCgroup, AttachKprobe, AttachTc, AttachTracepoint, AttachTrampoline,
        AttachUprobe, AttachXdp,
    };
    match operation {
        AttachCgroup | AttachKprobe | AttachTc | AttachTracepoint | AttachTrampoline
        | AttachUprobe | AttachXdp => Some(Attach),
        _ => None,
    }
}

/// Leaves out what a line tells in general that it also tells of a special case.
pub(super) fn keep_special(events: &mut Vec<Event>) {
    let general = events
        .iter()
        .filter_map(|event| general_of(event.operation));
    let general: Vec<Operation> = general.collect();
    events.retain(|event| !general.contains(&event.operation));
}

/// The names a line has if the symptom's event and error are those of the line.
pub(super) fn fitting(
    symptom: &Symptom,
    events: &[Event],
    text: &str,
) -> Option<BTreeMap<String, String>> {
    let wanted =
        |event: &&Event| symptom.event.is_empty() || symptom.event.contains(&event.operation);
    let of_kind: Vec<&Event> = events.iter().filter(wanted).collect();
    if !symptom.event.is_empty() && of_kind.is_empty() {
        return None;
    }
    if symptom.errno.is_empty() {
        let first = of_kind.first();
        let errno = match first {
            Some(event) => event.errno,
            None if symptom.not_errno.is_empty() => None,
            None => errno::find(text),
        };
        let names = || first.map(|event| with_errno(event)).unwrap_or_default();
        return symptom.takes(errno).then(names);
    }
    let known = of_kind.iter().find(|event| symptom.takes(event.errno));
    if let Some(event) = known {
        return Some(with_errno(event));
    }
    let errno = errno::find(text).filter(|errno| symptom.takes(Some(errno)))?;
    Some(BTreeMap::from([("errno".to_owned(), errno.to_owned())]))
}

/// The names of an event, with its error.
pub(super) fn with_errno(event: &Event) -> BTreeMap<String, String> {
    let mut names = event.names.clone();
    if let Some(errno) = event.errno {
        names.insert("errno".to_owned(), errno.to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_special_case_stands_for_itself() {
        use Operation::{Attach, AttachXdp, ProgramLoad};
        for (told, kept) in [
            (&[Attach, AttachXdp][..], &[AttachXdp][..]),
            (&[Attach, ProgramLoad], &[Attach, ProgramLoad]),
            (&[AttachXdp, ProgramLoad], &[AttachXdp, ProgramLoad]),
        ] {
            let line = "failed: Permission denied";
            let events = told.iter();
            let events = events.map(|operation| Event::told(*operation, BTreeMap::new(), line));
            let mut events: Vec<Event> = events.collect();
            keep_special(&mut events);
            let left: Vec<Operation> = events.iter().map(|event| event.operation).collect();
            assert_eq!(left, kept);
        }
    }
}
