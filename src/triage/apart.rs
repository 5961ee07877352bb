//! Failures of one kind that a log tells of with different causes: each is a cause of its own,
//! with its own lines.

use super::filled::alone;
use super::found::Hit;
use crate::catalogue::Symptom;

/// A line that weighs so much tells a cause by itself, whatever others do.
const OUTSPOKEN: i32 = 80;

/// A hit of a check, what it weighs, and its symptom.
pub(super) type Weighed<'a> = (&'a Hit, i32, &'a Symptom);

/// The hits of one check, the heaviest first, apart by the causes that they tell on lines of
/// their own. Where the lines leave it open they stay together, and the heaviest decides.
pub(super) fn apart<'a>(
    hits: Vec<Weighed<'a>>,
    is_sure: impl Fn(&Symptom) -> bool,
) -> Vec<Vec<Weighed<'a>>> {
    let cause = |symptom: &'a Symptom| symptom.cause.as_deref().filter(|_| is_sure(symptom));
    let hits = nearest(hits);
    let mut groups: Vec<(Option<&str>, Vec<Weighed<'a>>)> = Vec::new();
    for hit in hits {
        let (found, weight, symptom) = hit;
        let own = cause(symptom);
        let is_of = |group: &(Option<&str>, Vec<Weighed<'a>>)| {
            group.1.iter().any(|(other, ..)| other.line == found.line)
        };
        let same = |group: &(Option<&str>, Vec<Weighed<'a>>)| own.is_some() && group.0 == own;
        // What stands on a line that was told belongs there, whatever it points to.
        let place = groups.iter().position(is_of);
        let place = place.or_else(|| groups.iter().position(same));
        let is_apart = own.is_some() && weight >= OUTSPOKEN;
        let is_told = groups.first().is_some_and(|(told, _)| told.is_some());
        match place {
            None if groups.is_empty() || is_apart && is_told => groups.push((own, vec![hit])),
            place => {
                if let Some((told, group)) = groups.get_mut(place.unwrap_or(0)) {
                    *told = told.or(own);
                    group.push(hit);
                }
            }
        }
    }
    groups.into_iter().map(|(_, group)| group).collect()
}

/// Symptoms that tell the causes of one line apart by what another line says: the nearest line
/// above that has what one of them asks for decides.
fn nearest(mut hits: Vec<Weighed<'_>>) -> Vec<Weighed<'_>> {
    let asks = |symptom: &Symptom, line: &str| {
        let regex = symptom.also.as_ref().and_then(alone);
        regex.is_some_and(|regex| regex.is_match(line.as_bytes()))
    };
    let mut lost: Vec<(u64, usize)> = Vec::new();
    for (found, ..) in &hits {
        let of_line: Vec<&Weighed<'_>> = hits
            .iter()
            .filter(|(other, _, symptom)| other.line == found.line && symptom.also.is_some())
            .collect();
        if of_line.len() < 2 || lost.iter().any(|(line, _)| *line == found.line) {
            continue;
        }
        let decides: Option<Vec<&Weighed<'_>>> = found.above.iter().find_map(|line| {
            let asked = |(.., symptom): &&Weighed<'_>| asks(symptom, line);
            let (kept, others): (Vec<_>, Vec<_>) = of_line.iter().copied().partition(asked);
            (!kept.is_empty()).then_some(others)
        });
        let others = decides.into_iter().flatten();
        lost.extend(others.map(|(other, ..)| (other.line, other.symptom)));
    }
    hits.retain(|(found, ..)| !lost.contains(&(found.line, found.symptom)));
    hits
}
