//! What is said of a cause: the catalogue's sentences with the names of this log in them, and
//! what to type next.

use std::collections::BTreeMap;

use super::clean::quotable;
use super::filled::named;
use super::numbers;
use crate::catalogue::{About, Check};

/// How a log can be right although the host it is held against does not have the failure.
pub(super) fn remains(known_from: &str) -> String {
    let host = match known_from {
        "live" => "this host",
        "report" => "the host of the report",
        _ => "the host the log describes",
    };
    format!(
        "Nothing is to be changed on {host} for this. The log can be right and come from another \
         machine, from before a reboot or an update, or from a container that sees less; otherwise \
         one of the other causes is behind it."
    )
}

/// What is said where all that the failed process may have lacked is held by the one that was
/// looked at.
pub(super) fn is_held_here(known_from: &str) -> String {
    let here = match known_from {
        "live" => "This process, on this host,",
        "report" => "The process that made the report",
        _ => "The process that the log describes",
    };
    format!(
        "{here} holds what is asked for: this is not what is missing here. The program that failed \
         ran with less, if it ran here: as another user, in a container, in a unit that limits it \
         or in a user namespace of its own."
    )
}

/// What is said where the host as a whole does not have the failure, and the line is about one
/// thing on it.
pub(super) fn is_beyond(about: About, known_from: &str) -> String {
    let host = match known_from {
        "live" => "this host",
        "report" => "the host of the report",
        _ => "the host the log describes",
    };
    let (there, one) = match about {
        About::Device => (
            "That other devices take it",
            "the device that the log is about",
        ),
        About::Name => (
            "That others of its kind are there",
            "the name that the log has",
        ),
        About::Cgroup => (
            "That other cgroups take it",
            "the cgroup that the log is about",
        ),
        About::Program => (
            "That it is there for others",
            "the program that the log is about",
        ),
        About::Process => (
            "What another process may do",
            "the rights of the one that failed",
        ),
    };
    format!("{there} on {host} says nothing of {one}.")
}

/// What is said of a cause that a line names and that this host can't have.
pub(super) fn is_of_another(known_from: &str) -> String {
    let here = match known_from {
        "live" => "This host",
        "report" => "The host of the report",
        _ => "The host that the log describes",
    };
    format!("{here} can't say this: the line is of another host, or of another kernel of this one.")
}

/// What to type to see more of a refusal, or of a host that can't be looked at from here.
pub(super) fn look_closer(is_verifier: bool, program: Option<&str>, check: &Check) -> Vec<String> {
    if !is_verifier {
        return check.confirm.clone();
    }
    let plain = |name: &&str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let name = program.filter(plain).unwrap_or("NAME");
    vec![
        "llvm-objdump -S --no-show-raw-insn OBJECT.o   # instructions beside their source, if built with -g".to_owned(),
        format!("bpftool -d prog load OBJECT.o /sys/fs/bpf/{name}   # the verifier's whole log; as root"),
    ]
}

/// A sentence of the catalogue with what this line has in the place of `{name}`, or with the words
/// behind the bar where it has nothing: `{function|this function}`.
pub(super) fn told(says: &str, names: &BTreeMap<String, String>) -> String {
    let mut pieces = says.split('{');
    let mut text = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let Some((name, rest)) = piece.split_once('}') else {
            text.push('{');
            text.push_str(piece);
            continue;
        };
        let (name, otherwise) = name.split_once('|').unwrap_or((name, "…"));
        let value = named(names, name).map(quotable);
        match name {
            "helper" => {
                let number = value.as_deref().and_then(|value| value.parse().ok());
                let known = number.and_then(numbers::helper);
                let known = known.or_else(|| value.as_deref().and_then(numbers::helper_named));
                text.push_str(&known.or(value).unwrap_or_else(|| "a helper".to_owned()));
            }
            "kind" => {
                let number = value.as_deref().and_then(|value| value.parse().ok());
                let known = number.and_then(numbers::btf_kind);
                let value = value.map(|value| format!("kind {value}"));
                text.push_str(&known.or(value).unwrap_or_else(|| "a kind".to_owned()));
            }
            "relocation" => text.push_str(value.as_deref().unwrap_or(
                "a type or field that the program reads (the loader names it at its debug level)",
            )),
            _ => text.push_str(value.as_deref().unwrap_or(otherwise)),
        }
        text.push_str(rest);
    }
    text
}
