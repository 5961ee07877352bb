//! Which stages the experiment under way has passed.
//!
//! Noted where every step says at which stage it is ([`super::bench::At`]), so that what is told
//! of an experiment is what it did. Experiments run one after another in the thread that takes
//! this down.

use std::cell::Cell;

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
}
