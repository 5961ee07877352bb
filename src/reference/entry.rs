//! One check in full.

use std::collections::BTreeSet;

use serde::Serialize;

use super::block::{Block, terminal};
use crate::catalogue::{ByHand, Catalogue, Check, Condition, Fix, Kind, Need, Needs, SCHEMA};
use crate::report::{Style, clean};
use crate::yaml;

/// A check for a person: what, why, when, how it is judged, its causes and their fixes.
#[must_use]
pub fn show(catalogue: &Catalogue, check: &Check, style: Style) -> String {
    let title = style.bold(&clean(&check.title));
    let head = format!("{title}  {}\n", style.dim(&clean(&check.id)));
    style.plain(&head) + &terminal(&blocks(catalogue, check), style)
}

#[derive(Serialize)]
struct Entries<'a> {
    schema: &'static str,
    catalogue: &'a str,
    checks: &'a [&'a Check],
}

impl<'a> Entries<'a> {
    fn of(catalogue: &'a Catalogue, checks: &'a [&'a Check]) -> Self {
        Self {
            schema: SCHEMA,
            catalogue: &catalogue.digest,
            checks,
        }
    }
}

/// Checks in full, in YAML: each as it may stand in a checks file.
///
/// # Errors
/// None that a catalogue can cause; the serializer's signature asks for it.
pub fn checks_yaml(catalogue: &Catalogue, checks: &[&Check]) -> Result<String, yaml::Error> {
    yaml::to_string(&Entries::of(catalogue, checks))
}

/// The same in JSON.
///
/// # Errors
/// None that a catalogue can cause; the serializer's signature asks for it.
pub fn checks_json(catalogue: &Catalogue, checks: &[&Check]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&Entries::of(catalogue, checks)).map(|text| text + "\n")
}

/// All of an entry but its title.
pub(super) fn blocks(catalogue: &Catalogue, check: &Check) -> Vec<Block> {
    let area = catalogue.areas.iter().find(|area| area.id == check.area);
    let area = area.map_or(check.area.as_str(), |area| &area.title);
    let whom = match check.kind {
        Kind::Host => "a property of the host",
        Kind::Program => "the program or its loader",
        Kind::Toolchain => "compiler, loader library or tool",
    };
    let mut blocks = vec![
        Block::Text(format!("{} · {area} · {whom}", check.severity)),
        Block::Heading("Why it matters".to_owned()),
        Block::Text(check.why.clone()),
    ];
    if let Some(broader) = &check.kind_of {
        blocks.push(Block::Text(format!(
            "It is a kind of `{broader}`, by which name `explain` gives it."
        )));
    }
    let heading = |text: &str| Block::Heading(text.to_owned());
    if check.applies.is_some() || !check.requires.is_empty() {
        blocks.push(heading("When the question makes sense"));
        let moot = check.requires.iter();
        let moot = moot.map(|id| (0, format!("while `{id}` does not fail")));
        let mut points: Vec<(usize, String)> = moot.collect();
        points.extend(check.applies.iter().flat_map(outline));
        blocks.push(Block::Points(points));
    }
    blocks.push(heading("It fails when"));
    match &check.fails {
        Some(fails) => blocks.push(Block::Points(outline(fails))),
        None => blocks.push(Block::Text(
            "Nothing on a host tells; it is recognised in error output.".to_owned(),
        )),
    }
    if let Some(ok) = &check.ok {
        blocks.push(Block::Text(format!("Otherwise: {ok}.")));
    }
    for beside in &check.beside {
        let (when, says) = (beside.when.sentence(), &beside.says);
        blocks.push(Block::Text(format!("Where {when}: {says}.")));
    }
    blocks.push(heading(match check.fails {
        Some(_) => "Causes, the first that matches",
        None => "Causes, the likeliest first",
    }));
    for (index, cause) in check.causes.iter().enumerate() {
        let severity = cause
            .severity
            .filter(|severity| *severity != check.severity);
        let severity = severity.map_or(String::new(), |severity| format!(" ({severity})"));
        let text = format!("{}. {}{severity}", index + 1, cause.because);
        blocks.push(Block::Text(text));
        let mut points = Vec::new();
        if let Some(when) = &cause.when {
            points.push((0, format!("when {}", when.sentence())));
        }
        blocks.push(Block::Points(points));
        blocks.extend(cause.fixes.iter().flat_map(fix));
    }
    if let Some(change) = &check.change {
        blocks.push(heading("What to change"));
        blocks.push(Block::Code(change.clone()));
    }
    blocks.push(heading("In error output"));
    match check.symptoms.iter().flat_map(|one| &one.examples).next() {
        None => blocks.push(Block::Text(
            "No program says it in words of its own; `check` tells.".to_owned(),
        )),
        Some(_) => {
            let mut seen = BTreeSet::new();
            let lines = check.symptoms.iter().flat_map(|one| &one.examples);
            let lines: Vec<&str> = lines
                .map(String::as_str)
                .filter(|line| seen.insert(*line))
                .collect();
            blocks.push(Block::Code(lines.join("\n")));
        }
    }
    if !check.confirm.is_empty() {
        blocks.push(heading("By hand"));
        blocks.push(Block::Commands(0, check.confirm.clone()));
    }
    let software = needed_by(catalogue, check);
    if !software.is_empty() {
        blocks.push(heading("Software that needs it to be ok"));
        blocks.push(Block::Points(
            software.into_iter().map(|text| (0, text)).collect(),
        ));
    }
    if let Some(proof) = proof(check) {
        blocks.push(heading("Proof of the entry that the doctor brings along"));
        blocks.push(Block::Text(proof.to_owned()));
    }
    if !check.references.is_empty() {
        blocks.push(heading("References"));
        let points = check.references.iter();
        blocks.push(Block::Points(
            points.map(|text| (0, text.clone())).collect(),
        ));
    }
    if !check.notes.is_empty() {
        let items: Vec<String> = check.notes.iter().map(ToString::to_string).collect();
        blocks.push(Block::Heading(format!(
            "Serves item {} of the notes",
            items.join(", ")
        )));
    }
    blocks
}

/// What shows that the entry tells the truth, of those that the doctor brings along. Made by
/// `cargo test --test catalogue`.
const PROOFS: &str = include_str!("proofs.txt");

/// Where the doctor's own entry of this id was seen to fail, and to be ok.
fn proof(check: &Check) -> Option<&'static str> {
    let mut lines = PROOFS.lines().filter_map(|line| line.split_once(": "));
    let (_, proof) = lines.find(|(id, _)| *id == check.id)?;
    Some(proof)
}

/// The profiles that ask for this check, each with why.
fn needed_by(catalogue: &Catalogue, check: &Check) -> Vec<String> {
    let mut told = Vec::new();
    for profile in &catalogue.profiles {
        let required = profile.requires.iter().map(|need| (need, ""));
        let optional = profile.optional.iter().map(|need| (need, ", a part of it"));
        for (need, part) in required.chain(optional) {
            let Need::Check {
                check: id, because, ..
            } = need
            else {
                continue;
            };
            if *id != check.id {
                continue;
            }
            let because = because.as_ref().map(|text| format!(": {text}"));
            let because = because.unwrap_or_default();
            told.push(format!(
                "{} (`{}`){part}{because}",
                profile.title, profile.id
            ));
            break;
        }
    }
    told
}

fn outline(condition: &Condition) -> Vec<(usize, String)> {
    let lines = condition.outline().into_iter();
    lines.map(|line| (line.depth, line.text)).collect()
}

fn fix(fix: &Fix) -> Vec<Block> {
    let needs = match fix.needs() {
        Needs::Nothing => "",
        Needs::Privilege => " (needs root)",
        Needs::Reboot => " (needs a reboot)",
        Needs::Rebuild => " (needs a kernel build and a reboot)",
    };
    let mut points = vec![(0, format!("fix: {}{needs}", fix.summary))];
    if let Some(when) = &fix.when {
        points.push((1, format!("where {}", when.sentence())));
    }
    if let Some(risk) = &fix.risk {
        points.push((1, format!("risk: {risk}")));
    }
    if let Some(by_hand) = fix.by_hand {
        let told = match by_hand {
            ByHand::Decision => "a person decides: no script does it by itself",
            ByHand::Perhaps => "it may help: no script does it by itself",
            ByHand::Elsewhere => "somebody else does it",
            ByHand::TooMuch => "more than it is worth",
            ByHand::NoWay => "this is no way, and says why there is none",
        };
        points.push((1, told.to_owned()));
    }
    let lines = fix.remedy_lines();
    let mut blocks = vec![];
    if fix.is_steps() {
        blocks.push(Block::Points(points));
        if !lines.is_empty() {
            blocks.push(Block::Commands(1, lines));
        }
    } else {
        points.extend(lines.into_iter().map(|line| (1, format!("`{line}`"))));
        blocks.push(Block::Points(points));
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal sees nothing that it would obey, whoever made the check.
    #[test]
    fn what_is_shown_is_clean() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let mut check = catalogue.checks[0].clone();
        check.title = "\u{1b}[31mred\nline \u{202e}gnol".to_owned();
        check.why.clone_from(&check.title);
        check.references = vec![check.title.clone()];
        let shown = show(&catalogue, &check, Style::default());
        let harmful = |c: char| c != '\n' && crate::report::is_harmful(c);
        assert!(!shown.contains(harmful), "{shown:?}");
        assert!(!shown.contains("\nline"), "{shown:?}");
    }
}
