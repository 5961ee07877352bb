//! Trials on this machine: what they may and may not say.

use nix::errno::Errno;

use super::*;
use crate::probes::Limits;

fn tried(trials: &[Trial]) -> Vec<Vec<Reply>> {
    start(trials, Kernel::default(), &Limits::default()).replies()
}

#[test]
fn every_trial_is_answered_whoever_asks() {
    let trials = [
        Trial::Map(2),
        Trial::Map(9999),
        Trial::Program(1),
        Trial::Helpers {
            program: 1,
            helpers: vec![1, 9999],
        },
        Trial::Hook(0, HookTrial::Detach),
        Trial::Hook(4, HookTrial::Sockmap),
        Trial::Hook(42, HookTrial::Link),
        Trial::Command(1, CommandTrial::Descriptor(0)),
        Trial::Command(11, CommandTrial::Id),
        Trial::Command(7, CommandTrial::Nothing),
        Trial::Command(0, CommandTrial::Make),
        Trial::Kind(1),
        Trial::Code(Extension::MayGoto),
    ];
    let replies = tried(&trials);
    assert_eq!(replies.len(), trials.len());
    for (trial, replies) in trials.iter().zip(&replies) {
        assert_eq!(replies.len(), trial.replies(), "{trial:?}");
    }
    // No kernel has these; one that won't say so must not say the contrary.
    let of = |at: usize| replies[at].last().unwrap();
    assert!(!matches!(of(1), Reply::Yes), "{:?}", of(1));
    assert!(!matches!(of(3), Reply::Yes), "{:?}", of(3));
    if replies[0] == [Reply::Yes] {
        assert_eq!(of(1), &Reply::No("EINVAL".to_owned()));
    }
    if replies[2] == [Reply::Yes] {
        assert_eq!(replies[3][0], Reply::Yes);
        assert_eq!(of(3), &Reply::No("no kernel function".to_owned()));
    }
}

#[test]
fn the_time_for_all_trials_is_a_limit() {
    let limits = Limits {
        all: std::time::Duration::ZERO,
        ..Limits::default()
    };
    let trial = Trial::Helpers {
        program: 1,
        helpers: vec![1, 2, 3],
    };
    let replies = start(&[trial], Kernel::default(), &limits).replies();
    assert_eq!(replies[0].len(), 3);
    assert!(matches!(&replies[0][0], Reply::Unknown(why) if why.contains("time")));
}

#[test]
fn rights_and_the_moment_say_nothing_of_the_kernel() {
    let read = |errno: Errno| Reply::refused(errno.into(), |code| Reply::No(code.to_string()));
    for errno in [Errno::EPERM, Errno::ENOMEM, Errno::EAGAIN, Errno::EMFILE] {
        assert_eq!(
            read(errno),
            Reply::Unknown(format!("trying it answers {errno:?}"))
        );
    }
    assert_eq!(read(Errno::EINVAL), Reply::No("EINVAL".to_owned()));
    assert_eq!(read(Errno::E2BIG), Reply::No("E2BIG".to_owned()));
}

#[test]
fn commands_that_would_do_something_are_not_given() {
    // BPF_ENABLE_STATS is asked for by nobody; one from the future can't be given at all.
    let replies = tried(&[
        Trial::Command(39, CommandTrial::Nothing),
        Trial::Command(6, CommandTrial::Descriptor(0)),
    ]);
    assert_eq!(
        replies.concat(),
        [(); 2].map(|()| Reply::Unknown("trying it answers ENOSYS".to_owned()))
    );
}

#[test]
fn a_struct_ops_and_what_replaces_have_helpers_of_their_own() {
    let helpers = |program| Trial::Helpers {
        program,
        helpers: vec![1],
    };
    for replies in tried(&[helpers(27), helpers(28)]) {
        assert!(matches!(replies[..], [Reply::Unknown(_)]), "{replies:?}");
    }
}
