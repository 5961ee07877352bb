//! A kernel that runs nowhere: in an image, on a disk of a machine that is off, beside the one that
//! runs. What only a running kernel shows is not there for that reason, and not for want of a mount.

use super::{Fact, Facts, Value, Why, kernel, reader};
use crate::host::{ANOTHER_RUNS, Host};

const NOTHING_RUNS: &str = "nothing runs in this root";
const ANOTHER: &str = "another kernel than this one runs there";
const AT_REST: &str = "kernel.at-rest";

/// Finds out whether the kernel runs nowhere, and gives what it would show the one reason.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let another_runs = host.read(ANOTHER_RUNS, 1).is_ok();
    let is_idle = nothing_runs(host, facts);
    let at_rest = match facts.text("kernel.state").as_deref() {
        Some("running") => Some(false),
        Some("configured") => Some(true),
        Some("installed") if another_runs || is_idle => Some(true),
        // Something ran there, and it may have been this one.
        _ => None,
    };
    let state = facts.get("kernel.state");
    let fact = match at_rest {
        Some(at_rest) => Fact::known(at_rest, state.source()),
        None => Fact::unknown(Why::NotCollected, "", state.source()),
    };
    facts.set(AT_REST, fact);
    if is_idle {
        facts.put_to_rest(NOTHING_RUNS);
    } else if another_runs {
        facts.put_to_rest(ANOTHER);
    }
}

/// Whether no kernel shows itself: /proc and /sys are empty, or not there at all.
fn nothing_runs(host: &dyn Host, facts: &Facts) -> bool {
    let is_empty = |path| match host.list(path) {
        Ok(names) => names.iter().all(|name| name.starts_with('.')),
        // What was not collected may be there.
        Err(error) => reader::why(&error) == Why::Missing,
    };
    !host.is_live()
        && facts.text("kernel.state").as_deref() != Some("running")
        && is_empty("/proc")
        && is_empty("/sys")
}

impl Facts {
    /// Whether the kernel this is about runs nowhere: its config is all that is known of it, or it
    /// is installed where nothing or another kernel runs. What only the host that will run it can
    /// tell is nothing that was to be seen here.
    #[must_use]
    pub fn of_a_kernel_at_rest(&self) -> bool {
        match self.observed.get(AT_REST) {
            Some(fact) => fact.value() == Some(&Value::Bool(true)),
            None => self.was_saved_at_rest(),
        }
    }

    /// The same of a report that was saved before there was a fact for it: reasons tell it there.
    fn was_saved_at_rest(&self) -> bool {
        let is_put_to_rest = |fact: &Fact| match fact {
            Fact::Unknown { reason, .. } => reason.detail.starts_with(NOTHING_RUNS),
            Fact::Known { .. } => false,
        };
        match self.text("kernel.state").as_deref() {
            Some("configured") => true,
            Some("installed") => self.observed.values().any(is_put_to_rest),
            _ => false,
        }
    }

    /// Whether a key is of the kernel itself, by its release, its build or its config, and of
    /// no host that runs it.
    #[must_use]
    pub fn is_of_the_kernel(key: &str) -> bool {
        // It comes with bpf() itself (linux 1be7f75d1668, 4.4): vendors' kernels that brought the call to
        // an older number show by it that they have it.
        let comes_with_bpf = key == "sysctl.kernel.unprivileged_bpf_disabled";
        let is_own = || kernel::KEYS.iter().any(|info| info.key == key);
        comes_with_bpf || key.starts_with("config.") || is_own()
    }

    /// Names the one reason for all that a kernel shows while it runs.
    fn put_to_rest(&mut self, detail: &str) {
        let has_kernel = !kernel::is_none(self);
        for (key, fact) in &mut self.observed {
            if let Fact::Unknown { reason, source } = fact
                && (reason.unknown == Why::Missing
                    || (reason.unknown == Why::NotCollected && reason.detail.is_empty()))
                && ["/proc/", "/sys/", "/run/"].iter().any(|top| source.starts_with(top))
                // Which kernel is meant is told by other places as well.
                && !Self::is_of_the_kernel(key)
            {
                reason.unknown = Why::NotCollected;
                if !has_kernel {
                    reason.detail = kernel::NO_KERNEL.to_owned();
                    continue;
                }
                // What the kernel would be told stays to be said.
                let hint = reason.detail.split_once("; ").map(|(_, hint)| hint);
                reason.detail = match hint {
                    Some(hint) => format!("{detail}; {hint}"),
                    None => detail.to_owned(),
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::facts::{Fact, collect};
    use crate::host::Memory;

    #[test]
    fn of_an_image_it_is_said_that_nothing_runs() {
        let image = Memory::new()
            .with("/etc/os-release", "ID=debian\n")
            .with("/boot/vmlinuz-6.1.0-9-amd64", "")
            .with_uname("6.1.0-9-amd64", "", "x86_64");
        let off = collect(&image);
        let on = collect(&image.with("/proc/uptime", "1 1\n"));
        for key in [
            "security.lockdown",
            "security.lsm",
            "sysctl.net.core.bpf_jit_enable",
            "btf.vmlinux",
        ] {
            for (facts, off) in [(&off, true), (&on, false)] {
                let Fact::Unknown { reason, .. } = facts.get(key) else {
                    panic!("{key} is known");
                };
                let says = reason.detail.starts_with("nothing runs in this root");
                assert_eq!(says, off, "{key}: {}", reason.detail);
            }
        }
    }
}
