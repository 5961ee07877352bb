//! The command line: one file per command, each of which reads its arguments, calls the
//! library and prints. Nothing is decided here.

mod check;
mod checks;
mod collect;
mod exit;
mod explain;
mod features;
mod feed;
mod fleet;
mod input;
mod limits;
mod output;
mod paths;
mod place;
mod probes;
mod progress;
mod remarks;
mod source;

use std::ffi::OsString;

use clap::{Parser, Subcommand};
use nix::sys::signal::{SigSet, Signal};

pub use exit::Exit;
use output::Terminal;

/// Says whether eBPF can do its job on this host and, where it can't, what to type to fix it.
#[derive(Debug, Parser)]
#[command(
    version,
    about,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  bpf-doctor                            diagnose this host
  bpf-doctor --format yaml              the same as a report for programs
  bpf-doctor check --only btf           one area, or one check by its id
  bpf-doctor check --fail-on warning    let warnings count, too
  bpf-doctor explain error.log          what an error log means, and what cures it
  bpf-doctor features                   what this kernel's BPF has
  bpf-doctor fleet reports/             how many hosts are ready, and what the others lack
  bpf-doctor collect -o host.tar.gz     what is known of this host, to judge it elsewhere
  bpf-doctor check --root host.tar.gz   there; or a sosreport, an image, a container's /host

Exit status: 0 ready, 1 not ready, 2 wrong usage or an operational error, 3 undetermined."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    check: check::CheckArguments,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Diagnose a host: this one, or one that is known from files (the default)
    #[command(after_help = check::EXAMPLES)]
    Check(Box<check::CheckArguments>),
    /// Say what an error log means, what is behind it and what cures it
    #[command(after_help = explain::EXAMPLES)]
    Explain(explain::ExplainArguments),
    /// What this kernel's BPF has: map types, program types, hooks, helpers, functions, limits
    #[command(after_help = features::EXAMPLES)]
    Features(Box<features::FeaturesArguments>),
    /// Audit many hosts from their reports: how many are ready, what keeps the others from it
    #[command(after_help = fleet::EXAMPLES)]
    Fleet(Box<fleet::FleetArguments>),
    /// The catalogue of failures: list it, read it, check a file of your own
    Checks(checks::ChecksArguments),
    /// The experiments: what each does, and single ones with all that was said
    Probes(probes::ProbesArguments),
    /// Pack what is known of this host, to diagnose it elsewhere
    Collect(collect::CollectArguments),
}

/// The arguments with `--color WHEN` behind the names of commands: all commands take it, and none
/// for those below it.
fn colour_last(arguments: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let mut arguments = arguments.peekable();
    let mut words: Vec<OsString> = arguments.next().into_iter().collect();
    let mut colour = Vec::new();
    while let Some(next) = arguments.peek().and_then(|next| next.to_str()) {
        let values = match next {
            "--color" => 2,
            _ if next.starts_with("--color=") => 1,
            _ if next.starts_with('-') => break,
            _ => 0,
        };
        match values {
            0 => words.extend(arguments.next()),
            values => colour.extend(arguments.by_ref().take(values)),
        }
    }
    words.append(&mut colour);
    words.extend(arguments);
    words
}

/// Reads the arguments, runs the command and says how it ended.
pub fn run() -> Exit {
    // Over the limit for the size of files, writing is to fail with an error, of which one can
    // tell and after which one can clean up, rather than to kill the doctor in the middle.
    let mut too_large = SigSet::empty();
    too_large.add(Signal::SIGXFSZ);
    let _killed_by_it_otherwise = too_large.thread_block();
    if let Some(limit) = limits::too_low() {
        return Terminal::complain(&anyhow::Error::msg(limit));
    }
    let arguments = std::env::args_os();
    let cli = match Cli::try_parse_from(colour_last(arguments)) {
        Ok(cli) => cli,
        Err(error) => return output::usage(&error),
    };
    let outcome = match cli.command {
        Some(Command::Check(arguments)) => check::run(&arguments),
        Some(Command::Explain(arguments)) => explain::run(&arguments),
        Some(Command::Features(arguments)) => features::run(&arguments),
        Some(Command::Fleet(arguments)) => fleet::run(&arguments),
        Some(Command::Checks(arguments)) => checks::run(&arguments),
        Some(Command::Probes(arguments)) => probes::run(&arguments),
        Some(Command::Collect(arguments)) => collect::run(&arguments),
        None => check::run(&cli.check),
    };
    outcome.unwrap_or_else(|error| Terminal::complain(&error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_taken_before_the_command_as_well() {
        for (given, taken) in [
            (
                "d --color never features show x",
                "d features show x --color never",
            ),
            (
                "d features --color=always show x",
                "d features show x --color=always",
            ),
            (
                "d features show x --color never",
                "d features show x --color never",
            ),
            ("d --color never", "d --color never"),
            ("d --color", "d --color"),
            // What follows an option may be its value.
            (
                "d explain --text --color never",
                "d explain --text --color never",
            ),
            ("d explain -- --color", "d explain -- --color"),
            ("d", "d"),
            ("", ""),
        ] {
            let given = given.split_whitespace().map(OsString::from);
            let taken: Vec<OsString> = taken.split_whitespace().map(OsString::from).collect();
            assert_eq!(colour_last(given), taken);
        }
        let arguments = ["d", "--color", "never", "features", "show", "hash"].map(OsString::from);
        assert!(Cli::try_parse_from(colour_last(arguments.into_iter())).is_ok());
    }
}
