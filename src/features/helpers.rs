//! Helpers, type of program by type of program.

use super::judge::Judge;
use super::model::{Available, Group, Row, Source};
use super::table::{Entry, Kind, Wish};
use crate::probes::trials::Reply;

/// A group of helpers for each program type that was asked for.
pub(super) fn groups(judge: &Judge<'_>, programs: &[Row], wish: &Wish) -> Vec<Group> {
    if !wish.wants_groups() || wish.helpers_of.is_empty() {
        return Vec::new();
    }
    // What is known of a helper as a whole is the same for every type of program.
    let helpers = judge.table.rows(Kind::Helper).iter();
    let whole: Vec<(Row, bool)> = helpers
        .map(|helper| (judge.row(Kind::Helper, helper), helper.quiet))
        .collect();
    let wanted = wish.helpers_of.iter();
    wanted
        .filter_map(|name| {
            let program = programs.iter().find(|program| program.name == **name)?;
            let rows = rows(judge, program, &whole);
            Some(Group::new(Kind::Helper, Some(program.name.clone()), rows))
        })
        .collect()
}

fn rows(judge: &Judge<'_>, program: &Row, whole: &[(Row, bool)]) -> Vec<Row> {
    let number = |kind, name: &str| judge.known.names.number(kind, name);
    let trial = judge.table.helpers(&program.name, &number);
    let mut tried = judge.known.tried.iter();
    let replies = tried.find(|(tried, _)| Some(tried) == trial.as_ref());
    let mut replies = replies
        .map(|(_, replies)| replies.as_slice())
        .unwrap_or_default()
        .iter();
    let helpers = whole.iter();
    helpers
        .map(|(whole, quiet)| {
            // What was tried is in the order of the table.
            let reply = if *quiet { replies.next() } else { None };
            let (available, known_by, because) = answer(whole, program, reply, *quiet);
            Row {
                name: whole.name.clone(),
                available,
                known_by,
                since: whole.since.clone(),
                because,
            }
        })
        .collect()
}

/// Why a row was not tried, where there is a reason.
pub(super) fn unheard(kind: Kind, entry: &Entry) -> &'static str {
    match kind == Kind::Helper && !entry.quiet {
        true => LOUD,
        false => "",
    }
}

/// Why a helper is not tried of which the kernel makes noise.
const LOUD: &str = "not tried: the kernel would write to its log, or make buffers";

fn answer(
    whole: &Row,
    program: &Row,
    reply: Option<&Reply>,
    quiet: bool,
) -> (Available, Vec<Source>, String) {
    let unknown = |because: &str| (Available::Unknown, Vec::new(), because.to_owned());
    match reply {
        // What the kernel lacks as a whole, no type of program has.
        _ if whole.available == Available::No => {
            (Available::No, whole.known_by.clone(), whole.because.clone())
        }
        _ if program.available == Available::No => {
            let because = format!("program type {}: {}", program.name, program.because);
            (Available::No, program.known_by.clone(), because)
        }
        Some(Reply::Yes) => (Available::Yes, vec![Source::Experiment], String::new()),
        Some(Reply::Partly(place)) => (Available::Yes, vec![Source::Experiment], place.clone()),
        Some(Reply::No(why)) => (Available::No, vec![Source::Experiment], why.clone()),
        Some(Reply::Unknown(why)) => unknown(why),
        None if !quiet => unknown(LOUD),
        None => unknown("not tried"),
    }
}
