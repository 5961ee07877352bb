//! Whose way a fix is, where it is not known which system a host has.

use super::evaluate::World;
use super::tri::Tri;
use crate::catalogue::{Condition, FactTest, Test, Wanted};

/// Words of os-release and of kernels' flavours, and what people call the system.
const NAMES: &[(&str, &str)] = &[
    ("almalinux", "AlmaLinux"),
    ("alpine", "Alpine"),
    ("amazon", "Amazon Linux"),
    ("amzn", "Amazon Linux"),
    ("arch", "Arch Linux"),
    ("azure-linux", "Azure Linux"),
    ("azurelinux", "Azure Linux"),
    ("bottlerocket", "Bottlerocket"),
    ("centos", "CentOS"),
    ("cos", "Container-Optimized OS"),
    ("debian", "Debian"),
    ("elrepo", "ELRepo's kernels"),
    ("fedora", "Fedora"),
    ("flatcar", "Flatcar"),
    ("gentoo", "Gentoo"),
    ("nixos", "NixOS"),
    ("ol", "Oracle Linux"),
    ("ostree", "systems made of images (ostree)"),
    ("proxmox", "Proxmox VE"),
    ("raspbian", "Raspberry Pi OS"),
    ("rhcos", "RHEL CoreOS"),
    ("rhel", "RHEL"),
    ("rhel7", "RHEL 7 and its rebuilds"),
    ("rhel8", "RHEL 8 and its rebuilds"),
    ("rhel9", "RHEL 9 and its rebuilds"),
    ("rhel10", "RHEL 10 and its rebuilds"),
    ("rocky", "Rocky Linux"),
    ("sles", "SLES"),
    ("suse", "SUSE"),
    ("talos", "Talos"),
    ("ubuntu", "Ubuntu"),
    ("uek", "Oracle Linux (UEK)"),
    ("wsl", "WSL"),
];

/// The systems that a condition asks for, where nothing tells whether the host is one of them, in
/// the words of people; `None` where it asks for none, or the host has told.
pub(super) fn systems(condition: &Condition, world: &World<'_>) -> Option<String> {
    let mut asked = Vec::new();
    wanted(condition, &mut asked);
    // A distribution says more than the kernel it builds.
    let of_os = asked.iter().any(|test| test.key.starts_with("os."));
    asked.retain(|test| !of_os || test.key.starts_with("os."));
    let untold = |test: &FactTest| {
        let leaf = Condition::Fact(test.clone());
        world.answer(&leaf).tri == Tri::Unknown
    };
    if !asked.iter().copied().any(untold) {
        return None;
    }
    let mut names: Vec<&str> = Vec::new();
    for word in asked.iter().flat_map(|test| words(&test.test)) {
        let known = NAMES.iter().find(|(id, _)| *id == word);
        let name = known.map_or(word, |(_, name)| name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let last = names.pop()?;
    Some(match names.is_empty() {
        true => last.to_owned(),
        false => format!("{} and {last}", names.join(", ")),
    })
}

/// The tests of systems that must come out well for a condition to hold.
fn wanted<'a>(condition: &'a Condition, asked: &mut Vec<&'a FactTest>) {
    match condition {
        Condition::All(parts) | Condition::Any(parts) | Condition::Prefer(parts) => {
            parts.iter().for_each(|part| wanted(part, asked));
        }
        Condition::Fact(test) => {
            let keys = [
                "os.id",
                "os.family",
                "os.id-like",
                "os.image",
                "kernel.flavour",
            ];
            if keys.contains(&test.key.as_str()) {
                asked.push(test);
            }
        }
        // What is not to be is no system's name.
        Condition::Not(_) | Condition::Kernel(_) | Condition::Same(..) | Condition::Probe(_) => {}
    }
}

/// The names a test asks for. `other` is a kernel of one's own, and the rest no name at all.
fn words(test: &Test) -> Vec<&str> {
    let mut words: Vec<&str> = match test {
        Test::Is(wanted) => wanted.iter().filter_map(name_in).collect(),
        Test::Has(word) => vec![word.as_str()],
        Test::AtLeast(_) | Test::AtMost(_) | Test::Some => Vec::new(),
    };
    words.retain(|word| !["other", "set", "unset", "absent"].contains(word));
    words
}

fn name_in(wanted: &Wanted) -> Option<&str> {
    match wanted {
        Wanted::Text(word) => Some(word),
        Wanted::Bool(_) | Wanted::Number(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Vocabulary};
    use crate::facts::{Fact, Facts};

    #[test]
    fn a_system_is_named_until_the_host_tells() {
        type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], Option<&'a str>);
        let rows: &[Row<'_>] = &[
            ("{fact: os.family, is: nixos}", &[], Some("NixOS")),
            (
                "{fact: os.family, is: nixos}",
                &[("os.family", "nixos")],
                None,
            ),
            (
                "{all: [{fact: os.id, is: [centos, rocky, almalinux]}, {fact: kernel.flavour, is: rhel8}]}",
                &[],
                Some("CentOS, Rocky Linux and AlmaLinux"),
            ),
            // The system is known; what else is asked for makes it no other one's way.
            (
                "{all: [{fact: os.id, is: rhel}, {fact: tool.dnf, is: set}]}",
                &[("os.id", "rhel")],
                None,
            ),
            ("{os: ubuntu}", &[], Some("Ubuntu")),
            (
                "{fact: kernel.flavour, is: rhel8}",
                &[],
                Some("RHEL 8 and its rebuilds"),
            ),
            ("{not: {fact: os.id, is: rhcos}}", &[], None),
            ("{kernel: '>=5.8'}", &[], None),
            ("{fact: kernel.flavour, is: other}", &[], None),
        ];
        for (when, known, name) in rows {
            let file = format!(
                "areas: [{{id: a, title: A}}]\nchecks: [{{id: c, area: a, kind: host, severity: \
                 error, title: t, ok: o, why: w, causes: [{{because: b}}], fails: {when}}}]"
            );
            let catalogue = Catalogue::parse("test", &file, Vocabulary::OPEN).unwrap();
            let mut facts = Facts::default();
            for (key, value) in *known {
                facts.set(key, Fact::known(*value, "x"));
            }
            let world = World::new(&catalogue, &facts, &[]);
            let fails = catalogue.checks[0].fails.as_ref().unwrap();
            assert_eq!(systems(fails, &world).as_deref(), *name, "{when}");
        }
    }
}
