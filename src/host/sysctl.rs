//! Settings as `sysctl -a` prints them, as files below /proc/sys.

use super::Host;
use super::overlay::Overlay;

/// Lays the settings over a host. Where the list goes on to the last part of /proc/sys, it
/// has them all.
pub(super) fn lay_over<H: Host>(host: &mut Overlay<H>, text: &str, origin: &str) {
    let mut goes_on = false;
    for line in text.lines() {
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let name = name.trim();
        let word = |c: char| c.is_ascii_graphic() && c != '=';
        if name.is_empty() || !name.chars().all(word) || name.contains("..") {
            continue;
        }
        goes_on |= name.starts_with("vm.");
        // A dot in the name of a network interface is written as a slash.
        let swapped = |c| match c {
            '.' => '/',
            '/' => '.',
            c => c,
        };
        let path: String = name.chars().map(swapped).collect();
        let value = value.trim();
        host.put(&format!("/proc/sys/{path}"), format!("{value}\n"), origin);
    }
    if goes_on {
        host.complete("/proc/sys", origin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::overlay::Nothing;

    #[test]
    fn settings_become_files() {
        let mut host = Overlay::new(Nothing);
        let text = "kernel.unprivileged_bpf_disabled = 2\nnet.ipv4.conf.eth0/5.forwarding = 1\n\
                    sysctl: permission denied on key 'x'\nkernel.domainname =\n";
        lay_over(&mut host, text, "sysctl.txt");
        let read = |path| host.read(path, 99).map_err(|error| error.kind());
        let bpf = "/proc/sys/kernel/unprivileged_bpf_disabled";
        assert_eq!(read(bpf).unwrap(), b"2\n");
        assert_eq!(host.origin(bpf).unwrap(), "sysctl.txt");
        let forwarding = read("/proc/sys/net/ipv4/conf/eth0.5/forwarding");
        assert_eq!(forwarding.unwrap(), b"1\n");
        let other = "/proc/sys/net/core/bpf_jit_enable";
        assert_eq!(read(other).unwrap_err(), std::io::ErrorKind::Unsupported);
        lay_over(&mut host, "vm.swappiness = 60\n", "sysctl.txt");
        let other = host.read(other, 9).unwrap_err();
        assert_eq!(other.kind(), std::io::ErrorKind::NotFound);
    }
}
