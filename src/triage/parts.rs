//! What a line says the kernel lacks, a helper, a type of map, a function for programs, held
//! against what is known of the host's kernel.

use super::filled::named;
use super::found::Hit;
use super::known::KnownHost;
use super::numbers;
use crate::catalogue::{Part, Symptom};
use crate::facts::Fact;
use crate::features::{Available, Kind, Known, Names, Row, Source, judge_all, judge_one};

/// What a symptom asks for in the place of a name, where the line names none.
const ANY: &str = "any";
/// A kernel that lacks no more than one in so many of a group hardly lacks the one in question.
const FEW: usize = 8;

/// The option that the kernel has bpf(2) by, and a setting that there is with it.
const SYSCALL: &str = "config.BPF_SYSCALL";
const SETTING: &str = "sysctl.kernel.unprivileged_bpf_disabled";

/// What the host says of what a line names.
pub(super) enum Said {
    /// It has it, with what tells so.
    Has(String),
    /// It has it not, with the reason.
    Lacks(String),
    /// It has nearly all of the group, of which the line names none.
    HasMost,
}

/// What the host says of what a hit names.
pub(super) fn said(host: &KnownHost, hit: &Hit, symptom: &Symptom) -> Option<Said> {
    symptom.lacks.iter().find_map(|(part, name)| {
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == part.group())?;
        let name = filled(name, hit)?;
        of(host, *part, kind, &name)
    })
}

/// A name with what the groups of a pattern found; nothing where they found nothing.
fn filled(name: &str, hit: &Hit) -> Option<String> {
    let Some(group) = name
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
    else {
        return Some(name.to_owned());
    };
    named(&hit.names, group).map(str::to_owned)
}

fn of(host: &KnownHost, part: Part, kind: Kind, name: &str) -> Option<Said> {
    let table = numbers::table()?;
    let unread = Names::unread();
    // Where a part of it is missed, the system call itself is there, and so are its settings.
    let mut facts = host.facts.clone();
    if facts.get(SETTING).value().is_none() && facts.get(SYSCALL).value().is_none() {
        facts.set(SETTING, Fact::known(0, "the log"));
    }
    let known = Known {
        facts: &facts,
        names: host.names.as_ref().unwrap_or(&unread),
        tried: &[],
        running: host.known_from == "live",
        shown: &host.outcomes,
    };
    if name == ANY {
        let (has, lacks) = judge_all(table, &known, kind);
        return (has > lacks.saturating_mul(FEW)).then_some(Said::HasMost);
    }
    let Some(row) = judge_one(table, &known, kind, name) else {
        // A function that the table does not have may be there all the same.
        let names = host.names.as_ref().filter(|_| part == Part::Kfunc);
        let is_there = names.is_some_and(|names| names.offers(name));
        return is_there.then(|| Said::Has(format!("the kernel has {name}: its BTF names it")));
    };
    match row.available {
        Available::Yes => Some(Said::Has(has(&row))),
        // What a policy keeps from programs is there: the policy's own entry tells of it.
        Available::No if row.known_by.contains(&Source::Policy) => None,
        Available::No => Some(Said::Lacks(format!("{}: {}", row.name, row.because))),
        Available::Unknown => None,
    }
}

fn has(row: &Row) -> String {
    let since = row.since.as_deref().unwrap_or_default();
    let how = match row.known_by.contains(&Source::Btf) {
        true => "its BTF names it".to_owned(),
        false => format!("Linux has it since {since}"),
    };
    format!("the kernel has {}: {how}", row.name)
}
