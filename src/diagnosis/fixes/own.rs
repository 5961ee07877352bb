//! A packaged kernel in the place of one that somebody built.

use super::platform::{BootLoader, Platform};
use super::remark;
use crate::facts::Facts;

/// Commands that bring a packaged kernel up to date as such that install it, and boot it
/// though one of a higher number may be there.
pub(super) fn installing(lines: Vec<String>, facts: &Facts, platform: &Platform) -> Vec<String> {
    let by_grubby = platform.loader == BootLoader::Grubby;
    // Why the machine has a kernel of its own, and whether it boots with another, a person
    // knows: a line that leads to what follows keeps a script from it.
    let release = facts.text("kernel.release").unwrap_or_default();
    let told = format!(
        "somebody built {release} for this machine; where the distribution's kernel will do:"
    );
    let mut typed = vec![remark(&told)];
    for line in lines {
        let line = line
            .replace("dnf upgrade ", "dnf install ")
            .replace("yum update ", "yum install ")
            .replace("tdnf update ", "tdnf install ")
            .replace("apk upgrade", "apk add linux-lts");
        let line = match line.starts_with("zypper update ") {
            true => "zypper install kernel-default".to_owned(),
            false => line,
        };
        let chosen = typed
            .iter()
            .any(|line: &String| line.starts_with("grubby "));
        if line == "reboot" && !chosen {
            typed.push(match by_grubby {
                true => boot_packaged(&typed),
                false => {
                    remark("choose it in the boot menu: the loader begins with the highest number")
                }
            });
        }
        typed.push(line);
    }
    typed
}

/// The newest that came in a package, whichever was made the default since. A kernel's own build
/// makes a package `kernel` as well, and none of its core.
fn boot_packaged(typed: &[String]) -> String {
    let by_dnf = typed.iter().any(|line| line == "dnf install kernel");
    let package = if by_dnf { "kernel-core" } else { "kernel" };
    format!(
        "grubby --set-default \"/boot/vmlinuz-$(rpm -q --qf '%{{version}}-%{{release}}.%{{arch}}\\n' \
         {package} | sort -V | tail -n 1)\""
    )
}
