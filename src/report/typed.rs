//! Which fixes a script types as they stand, and which take a person.

use crate::diagnosis::RenderedFix;

/// Whether a fix is something to type as it stands, and to take back.
pub(super) fn runs_by_itself(fix: &RenderedFix) -> bool {
    let kind = match fix.kind.as_str() {
        "sysctl" | "mount" | "kernel-arguments" => true,
        "setting" => !fix.undo.is_empty(),
        _ => installs(fix),
    };
    let typed = || fix.commands.iter().filter(|line| !is_remark(line));
    let whole = |line: &String| !line.contains(char::is_control) && !has_gap(line);
    // A remark among the commands asks a person to do something in between; beside a kernel's
    // package it does so where it leads to what follows, and behind a mount, which is there then,
    // it does not.
    let asks = |(index, line): (usize, &String)| {
        let is_last = fix.kind == "mount" && index + 1 == fix.commands.len();
        is_remark(line) && !is_last && (fix.kind != "upgrade" || line.ends_with(':'))
    };
    let alone = !fix.commands.iter().enumerate().any(asks);
    let alone =
        alone && (!installs(fix) || typed().all(|line| line == "reboot" || is_installing(line)));
    let here = typed().all(|line| !goes_beyond(line));
    fix.by_hand.is_none()
        && kind
        && alone
        && here
        && typed().all(whole)
        && typed().any(|line| line != "reboot")
}

/// Whether a fix is packages to install, be they of a kernel.
pub(super) fn installs(fix: &RenderedFix) -> bool {
    matches!(fix.kind.as_str(), "package" | "upgrade")
}

/// Whether a command installs packages, and no more than the ones it names; or chooses the kernel
/// of one. What upgrades a whole system is more than a fix.
fn is_installing(line: &str) -> bool {
    const BEGINNINGS: &[&str] = &[
        "apt-get update",
        "apt-get install ",
        "dnf install ",
        "dnf upgrade kernel",
        "dnf config-manager --enable ",
        "yum install ",
        "yum update kernel",
        "tdnf install ",
        "tdnf update kernel",
        "amazon-linux-extras install ",
        "zypper refresh",
        "zypper install ",
        "zypper update ",
        "transactional-update --continue pkg install ",
        "transactional-update pkg install ",
        "apk update",
        "apk add ",
        "pacman -S ",
        "grubby --set-default",
        "subscription-manager repos --enable ",
        "ls /usr/lib/linux-tools/",
    ];
    // What installs a package once more does so each time that the script runs.
    let again = ["--reinstall", "--force"];
    BEGINNINGS.iter().any(|begin| line.starts_with(begin))
        && !again.iter().any(|option| line.contains(option))
}

/// Programs that speak to a cluster, a cloud or another machine.
const ELSEWHERE: &[&str] = &[
    "oc", "kubectl", "helm", "talosctl", "gcloud", "aws", "az", "eksctl", "ssh", "wsl.exe",
];

/// Programs that stop the machine, but for `reboot` alone on its line, which is left to a person.
const STOPPING: &[&str] = &["shutdown", "poweroff", "halt", "kexec", "telinit"];

/// Whether a command reaches beyond this host, or stops it: nobody expects that of a script for
/// one host that says it does not.
fn goes_beyond(line: &str) -> bool {
    if line == "reboot" {
        return false;
    }
    let mut words = line.split(|c: char| c.is_whitespace() || ";&|(){}".contains(c));
    words.any(|word| {
        let program = word.rsplit('/').next().unwrap_or_default();
        ELSEWHERE.contains(&program)
            || STOPPING.contains(&program)
            || matches!(program, "reboot" | "--reboot")
    })
}

pub(super) fn is_remark(line: &str) -> bool {
    line.trim_start().starts_with('#')
}

/// Whether a command has a place to be filled in: `<fact>`, `…`, a word in capitals.
fn has_gap(line: &str) -> bool {
    line.contains('…') || line.contains("/path/to/") || (line.contains('<') && line.contains('>'))
}

/// A command of a package manager that asks nothing.
pub(super) fn unasked(command: &str) -> String {
    for (asking, unasked) in [
        (
            "apt-get install ",
            "DEBIAN_FRONTEND=noninteractive apt-get install -y ",
        ),
        ("dnf install ", "dnf install -y "),
        ("dnf upgrade ", "dnf upgrade -y "),
        ("yum install ", "yum install -y "),
        ("yum update ", "yum update -y "),
        ("tdnf install ", "tdnf install -y "),
        ("tdnf update ", "tdnf update -y "),
        (
            "amazon-linux-extras install ",
            "amazon-linux-extras install -y ",
        ),
        ("zypper ", "zypper --non-interactive "),
        (
            "transactional-update ",
            "transactional-update --non-interactive ",
        ),
        ("pacman -S ", "pacman -S --needed --noconfirm "),
        ("pacman -Syu ", "pacman -Syu --needed --noconfirm "),
    ] {
        if let Some(rest) = command.strip_prefix(asking) {
            return format!("{unasked}{rest}");
        }
    }
    command.to_owned()
}

/// Whether a step does all that these commands do, but for what is said of them and the reading of
/// lists of packages, which changes nothing.
pub(super) fn takes_in(step: &[String], commands: &[String]) -> bool {
    const LISTS: &[&str] = &["apt-get update", "zypper refresh", "apk update", "reboot"];
    let counts = |line: &&String| !is_remark(line) && !LISTS.contains(&line.as_str());
    let mut done = commands.iter().filter(counts).peekable();
    step == commands || (done.peek().is_some() && done.all(|line| step.contains(line)))
}

/// A word of the host in single quotes, without control characters.
pub(super) fn in_quotes(word: &str) -> String {
    let word: String = word.chars().filter(|c| !c.is_control()).collect();
    format!("'{}'", word.replace('\'', "'\\''"))
}
