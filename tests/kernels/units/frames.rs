//! The parser of what the guest sends, above all of what is no result.

use crate::frames::parse;

const GOOD: &[u8] = b"@@begin a 5\nx: 1\n\n@@end a\n@@begin b 0\n\n@@end b\n@@done 2\n";

fn error(bytes: &[u8]) -> String {
    parse(bytes).unwrap_err().to_string()
}

#[test]
fn frames_and_one_marker_are_a_result() {
    let frames = parse(GOOD).unwrap();
    assert_eq!(frames["a"], "x: 1\n");
    assert_eq!(frames["b"], "");
}

#[test]
fn a_body_may_look_like_a_marker() {
    let frames = parse(b"@@begin a 8\n@@done 0\n@@end a\n@@done 1\n").unwrap();
    assert_eq!(frames["a"], "@@done 0");
}

#[test]
fn without_a_marker_there_is_no_result() {
    assert!(error(b"").contains("no end marker after 0"));
    assert!(error(b"@@begin a 1\nx\n@@end a\n").contains("no end marker after 1"));
    // The last byte of the marker is part of it.
    assert!(error(b"@@done 0").contains("no end marker"));
}

#[test]
fn a_second_marker_is_no_result() {
    assert!(error(b"@@done 0\n@@done 0\n").contains("after the end marker"));
}

#[test]
fn a_truncated_frame_is_no_result() {
    assert!(error(b"@@begin a 50\nshort\n@@end a\n@@done 1\n").contains("cut off"));
    assert!(error(b"@@begin a 2\nshort\n@@end a\n@@done 1\n").contains("does not end"));
}

#[test]
fn lost_doubled_and_foreign_frames_are_no_result() {
    assert!(error(b"@@begin a 1\nx\n@@end a\n@@done 2\n").contains("2 frames, 1 arrived"));
    assert!(error(b"@@begin a 0\n\n@@end a\n@@begin a 0\n\n@@end a\n@@done 2\n").contains("twice"));
    assert!(error(b"hello\n@@done 0\n").contains("unexpected line"));
}
