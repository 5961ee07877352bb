//! Which of the many places of a symptom are kept, and which of them the verifier went on
//! from: of what it says of one program, the last is its verdict.

use std::collections::BTreeMap;

use super::found::Hit;

/// So many places of one symptom are kept; the first ones tell.
const MOST: usize = 6;
/// After so many a symptom is no longer looked for.
const ENOUGH: u32 = 500;

/// What was kept so far.
#[derive(Default)]
pub(super) struct Places {
    counts: BTreeMap<(usize, usize), u32>,
    /// What the verifier said of the program at hand: places among the hits, each with the
    /// number of the saying it is from.
    verdicts: Vec<(usize, u64)>,
    sayings: u64,
}

impl Places {
    /// Something else is said.
    pub(super) fn next(&mut self) {
        self.sayings += 1;
    }

    /// The verifier is done with a program.
    pub(super) fn end_program(&mut self) {
        self.verdicts.clear();
    }

    /// Whether a symptom was found often enough.
    pub(super) fn are_enough(&self, check: usize, symptom: usize) -> bool {
        self.counts
            .get(&(check, symptom))
            .is_some_and(|count| *count > ENOUGH)
    }

    /// Whether a symptom that says this, below these lines, is to be kept, as the next of the hits.
    pub(super) fn admit(
        &mut self,
        hits: &mut [Hit],
        (check, symptom): (usize, usize),
        is_verdict: bool,
        (text, above): (&str, &[String]),
    ) -> bool {
        let count = self.counts.entry((check, symptom)).or_default();
        *count = count.saturating_add(1);
        if *count > ENOUGH {
            return false;
        }
        if is_verdict {
            self.overrule(hits);
        }
        let mut same = 0;
        let mut again = None;
        for (place, hit) in hits.iter_mut().enumerate() {
            if (hit.check, hit.symptom) == (check, symptom) {
                same += 1;
                if hit.text == text && hit.above == above {
                    hit.overruled = false;
                    again = Some(place);
                    break;
                }
            }
        }
        let admitted = again.is_none() && same < MOST;
        if is_verdict && (admitted || again.is_some()) {
            let place = again.unwrap_or(hits.len());
            self.verdicts.push((place, self.sayings));
        }
        admitted
    }

    /// What the verifier said of this program on other lines was not its last word.
    fn overrule(&mut self, hits: &mut [Hit]) {
        let sayings = self.sayings;
        for (place, saying) in &self.verdicts {
            if *saying != sayings
                && let Some(hit) = hits.get_mut(*place)
            {
                hit.overruled = true;
            }
        }
        self.verdicts.retain(|(_, saying)| *saying == sayings);
    }
}
