//! Which stages the experiment under way has passed.
//!
//! Noted where every step says at which stage it is ([`super::bench::At`]), so that what is told
//! of an experiment is what it did. Experiments run one after another in the thread that takes
//! this down.

use std::cell::Cell;

use super::outcome::Outcome;
use super::outcome::Stage;

thread_local! {
    /// A bit for each stage.
    static PASSED: Cell<u8> = const { Cell::new(0) };
}

/// Notes that a step of this stage went well.
pub(super) fn note(stage: Stage) {
    PASSED.with(|passed| passed.set(passed.get() | bit(stage)));
}

/// The stages noted since the last call, in the order of [`Stage::ALL`].
pub(super) fn take() -> Vec<Stage> {
    let passed = PASSED.with(|passed| passed.replace(0));
    let was_passed = |stage: &Stage| passed & bit(*stage) != 0;
    Stage::ALL.into_iter().filter(was_passed).collect()
}

/// Those of these stages that were passed before the one that failed: an experiment may do a step
/// of a stage twice, and fail the second time, or prepare what comes later.
pub(super) fn before(passed: Vec<Stage>, outcome: &Outcome) -> Vec<Stage> {
    match outcome {
        Outcome::Fails { stage: failed, .. } => {
            let earlier = passed.into_iter().filter(|stage| stage < failed);
            earlier.collect()
        }
        Outcome::Works => passed,
        // How far it came is not known.
        Outcome::Skipped { .. } => Vec::new(),
    }
}

fn bit(stage: Stage) -> u8 {
    1 << stage as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_taken_down_once_and_in_their_order() {
        take();
        for stage in [Stage::Read, Stage::Load, Stage::Load, Stage::Open] {
            note(stage);
        }
        assert_eq!(take(), [Stage::Open, Stage::Load, Stage::Read]);
        assert!(take().is_empty());
        for stage in Stage::ALL {
            note(stage);
        }
        assert_eq!(take(), Stage::ALL);
    }

    #[test]
    fn no_stage_is_told_as_passed_that_failed_or_comes_after() {
        let fails = |stage| Outcome::Fails {
            stage,
            errno: String::new(),
            call: String::new(),
            log: String::new(),
        };
        let all = || Stage::ALL.to_vec();
        let kept = before(all(), &fails(Stage::Load));
        assert_eq!(kept, [Stage::Open, Stage::Create, Stage::BtfLoad]);
        assert!(before(all(), &fails(Stage::Open)).is_empty());
        assert_eq!(before(all(), &Outcome::Works), Stage::ALL);
        let skipped = Outcome::Skipped {
            reason: String::new(),
        };
        assert!(before(all(), &skipped).is_empty());
    }
}
