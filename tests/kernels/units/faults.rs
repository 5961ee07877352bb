//! What counts as noticed.

use crate::faults::Fault;

fn fault(says: &str) -> Fault {
    serde_yaml::from_str(&format!(
        "{{why: w, kernel: k, at: before, do: exit, says: {says}}}"
    ))
    .unwrap()
}

fn problems(list: &[&str]) -> Vec<String> {
    list.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_is_said_must_be_all_and_nothing_else() {
    let fault = fault("[panicked, a trace]");
    let noticed = problems(&["the kernel panicked", "it leaves a trace: x"]);
    assert!(fault.unexpected(&noticed).is_empty());
    let half = problems(&["the kernel panicked"]);
    assert_eq!(fault.unexpected(&half), ["the bench does not say: a trace"]);
    let more = problems(&["the kernel panicked", "it leaves a trace: x", "odd"]);
    assert_eq!(fault.unexpected(&more), ["the bench also says: odd"]);
}

#[test]
fn a_trial_must_know_what_it_waits_for() {
    assert!(fault("[x]").lint().is_ok());
    assert!(fault("[]").lint().is_err());
    assert!(fault("['']").lint().is_err());
    let never = "{why: w, kernel: k, at: noon, do: exit, says: [x]}";
    let never: Fault = serde_yaml::from_str(never).unwrap();
    assert!(never.lint().is_err());
}
