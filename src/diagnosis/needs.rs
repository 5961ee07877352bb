//! What brings about a need of software for which the catalogue names no fix: told by what its
//! condition asks for.

use std::collections::BTreeMap;

use super::evaluate::World;
use super::finding::RenderedFix;
use super::fixes;
use super::tri::Tri;
use crate::catalogue::{
    Catalogue, Condition, FactTest, Fix, PackagedKernel, Remedy, StepsKind, Test, Wanted,
};
use crate::facts::{Fact, Facts, KernelConfig, Why};
use crate::version::KernelVersion;

/// The fact that lists what a process holds.
const CAPABILITIES: &str = "privilege.capabilities";

/// A later kernel where its number is what is missing, a build where its options are, a capability
/// where that is; nothing where the condition asks for something else.
/// `lent` is what else the software has to be lent, in the same step.
pub(super) fn fixes(
    condition: &Condition,
    lent: &[String],
    catalogue: &Catalogue,
    facts: &Facts,
    verify: &str,
) -> Vec<RenderedFix> {
    // What can be lent at once comes before a kernel that no longer asks for it.
    if capability(condition).is_none() && is_of_a_later_kernel(condition, catalogue, facts) {
        let fix = packaged(None, condition, catalogue, facts, verify);
        return fix.into_iter().collect();
    }
    let fix = match (options(condition), capability(condition)) {
        (Some(options), _) if !options.is_empty() => {
            let names: Vec<String> = options
                .keys()
                .map(|name| format!("CONFIG_{name}"))
                .collect();
            let summary = format!("Rebuild the kernel with {}", names.join(", "));
            (summary, Remedy::KernelConfig(options))
        }
        (_, Some(name)) => {
            let others = lent.iter().filter(|other| *other != name);
            let names: Vec<String> = [name.to_owned()]
                .into_iter()
                .chain(others.cloned())
                .collect();
            // The order of the software, so that each need of it is told the same step.
            let names = match lent.iter().any(|other| other == name) {
                true => lent.to_vec(),
                false => names,
            };
            (
                format!("Start it with {}", names.join(", ")),
                Remedy::Capabilities(names),
            )
        }
        _ => return Vec::new(),
    };
    let (summary, remedy) = fix;
    let fix = Fix {
        when: None,
        summary,
        risk: None,
        by_hand: None,
        remedy,
    };
    fixes::rendered([&fix].into_iter(), catalogue, facts, verify)
}

/// The packaged kernel that meets it. `written` is the need's own fix for that, whose words are
/// then told.
fn packaged(
    written: Option<&Fix>,
    condition: &Condition,
    catalogue: &Catalogue,
    facts: &Facts,
    verify: &str,
) -> Option<RenderedFix> {
    // A rebuild that ended may have ended with an older one.
    let text = |key: &str| facts.text(key).unwrap_or_default();
    let ended = catalogue
        .archived_of(&text("os.id"), &text("os.version-id"))
        .is_some();
    let does = |row: &PackagedKernel| {
        let mut there = with_kernel(row.kernel, Some(row), facts);
        if let Some(build) = row.build.filter(|_| !ended) {
            let build = Fact::known(build, "a packaged kernel");
            there.set("kernel.vendor-build", build);
        }
        World::new(catalogue, &there, &[]).answer(condition).tri
    };
    fixes::packaged(written, catalogue, facts, &does, verify)
}

/// Fixes that are written for a need. Where one is a later kernel, and no kernel of this release
/// can meet the condition whatever its vendor brings to its number, it says so.
pub(super) fn written<'a>(
    fixes: impl Iterator<Item = &'a Fix>,
    condition: &Condition,
    catalogue: &Catalogue,
    facts: &Facts,
    verify: &str,
) -> Vec<RenderedFix> {
    let of_number = is_of_a_later_kernel(condition, catalogue, facts);
    let mut all = Vec::new();
    for fix in fixes {
        let told = match &fix.remedy {
            Remedy::Steps(StepsKind::Upgrade, steps)
                if of_number && steps.commands.is_empty() && steps.options.is_empty() =>
            {
                packaged(Some(fix), condition, catalogue, facts, verify)
            }
            _ => None,
        };
        let is_told = |told: &RenderedFix| !told.commands.is_empty();
        match told.filter(is_told) {
            Some(told) => all.push(told),
            None => all.extend(fixes::rendered([fix].into_iter(), catalogue, facts, verify)),
        }
    }
    fixes::in_order(all)
}

/// Whether it asks for the kernel's number, of which another one would change the answer: what is
/// met already is not what is missing, and what a policy refuses comes back with no kernel.
fn is_of_a_later_kernel(condition: &Condition, catalogue: &Catalogue, facts: &Facts) -> bool {
    let newest: Option<KernelVersion> = "99.0.0".parse().ok();
    let running = facts.text("kernel.version");
    let running: Option<KernelVersion> = running.and_then(|text| text.parse().ok());
    let Some((newest, running)) = newest.zip(running) else {
        return false;
    };
    // A vendor whose number counts for nothing is none with another kernel.
    let with = |version| {
        let mut there = with_kernel(version, None, facts);
        there.set(
            "kernel.flavour",
            Fact::unknown(Why::NotCollected, "", "a packaged kernel"),
        );
        there
    };
    let (there, here) = (with(newest), with(running));
    let answer =
        |facts: &Facts, part: &Condition| World::new(catalogue, facts, &[]).answer(part).tri;
    let mut asks = false;
    condition.walk(&mut |part| {
        asks |= matches!(part, Condition::Kernel(_)) && answer(&there, part) != answer(&here, part);
    });
    asks && answer(&there, condition) != Tri::No
}

/// The host as it would be with another kernel, as far as is known of that.
fn with_kernel(version: KernelVersion, row: Option<&PackagedKernel>, facts: &Facts) -> Facts {
    let mut there = facts.clone();
    there.set(
        "kernel.version",
        Fact::known(version.to_string(), "a packaged kernel"),
    );
    there.set(
        "kernel.vendor-build",
        Fact::unknown(Why::NotCollected, "", "a packaged kernel"),
    );
    there.set_config(KernelConfig::default());
    // What somebody built is not what its distribution has.
    let flavour = facts.text("kernel.flavour").unwrap_or_default();
    if let Some(row) = row
        && let Some(os) = row.os.as_deref()
        && (matches!(flavour.as_str(), "vanilla" | "other") || flavour.starts_with("rhel"))
    {
        let major = row.release.as_deref().and_then(|own| own.split('.').next());
        let flavour = match os {
            "rhel" => format!("rhel{}", major.unwrap_or_default()),
            "sles" => "suse".to_owned(),
            "amzn" => "amazon".to_owned(),
            os => os.to_owned(),
        };
        there.set("kernel.flavour", Fact::known(flavour, "a packaged kernel"));
    }
    there
}

/// The options a kernel would have to be built with; `None` where that is not all it asks for.
fn options(condition: &Condition) -> Option<BTreeMap<String, String>> {
    match condition {
        Condition::Fact(FactTest {
            key,
            test: Test::Is(values),
        }) => {
            let option = key.strip_prefix("config.")?;
            let value = ["m", "y"].into_iter().find(|value| {
                let wanted = Wanted::Text((*value).to_owned());
                values.contains(&wanted)
            })?;
            Some([(option.to_owned(), value.to_owned())].into())
        }
        Condition::All(parts) => {
            let mut all = BTreeMap::new();
            for part in parts {
                all.extend(options(part)?);
            }
            Some(all)
        }
        Condition::Any(parts) | Condition::Prefer(parts) => {
            let tells =
                |part: &Condition| options(part).is_some() || matches!(part, Condition::Probe(_));
            let mut parts = parts.iter().filter(|_| parts.iter().all(tells));
            parts.find_map(options)
        }
        _ => None,
    }
}

/// The capability that alone would do.
pub(super) fn capability(condition: &Condition) -> Option<&str> {
    match condition {
        Condition::Fact(FactTest {
            key,
            test: Test::Has(name),
        }) if key == CAPABILITIES => Some(name),
        Condition::Any(parts) => parts.iter().find_map(capability),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Value;

    /// What is told for a host of this distribution, where this is needed.
    fn told(host: &[(&str, &str)], condition: &str) -> Vec<(String, String)> {
        let catalogue = crate::built_in_catalogue().unwrap();
        let condition: Condition = crate::yaml::from_str(condition).unwrap();
        let mut facts = Facts::default();
        for (key, value) in host {
            facts.set(key, Fact::known(*value, "x"));
        }
        facts.set(CAPABILITIES, Fact::known(Value::List(Vec::new()), "x"));
        let fixes = fixes(&condition, &[], &catalogue, &facts, "v");
        let line = |fix: &RenderedFix| fix.commands.join("\n");
        fixes
            .iter()
            .map(|fix| (fix.kind.clone(), line(fix)))
            .collect()
    }

    const DEBIAN: &[(&str, &str)] = &[
        ("os.id", "debian"),
        ("os.family", "debian"),
        ("os.version-id", "11"),
        ("kernel.release", "5.10.0-46-amd64"),
        ("kernel.version", "5.10.250"),
        ("kernel.flavour", "debian"),
    ];
    const RHEL: &[(&str, &str)] = &[
        ("os.id", "rocky"),
        ("os.family", "rhel"),
        ("os.version-id", "8.4"),
        ("kernel.release", "4.18.0-305.el8.x86_64"),
        ("kernel.version", "4.18.0"),
        ("kernel.flavour", "rhel8"),
    ];
    const OWN: &[(&str, &str)] = &[
        ("os.id", "centos"),
        ("os.family", "rhel"),
        ("os.version-id", "8"),
        ("kernel.release", "4.10.9"),
        ("kernel.version", "4.10.9"),
        ("kernel.flavour", "vanilla"),
    ];

    #[test]
    fn a_need_is_mended_by_what_its_condition_asks_for() {
        let build = "{any: [{all: [{not: {fact: kernel.flavour, is: rhel8}}, {kernel: '>=5.10'}]}, \
                     {all: [{fact: kernel.flavour, is: rhel8}, {fact: kernel.vendor-build, at-least: 372}]}]}";
        let later = &build.replace("372", "900");
        for (host, condition, kind, says) in [
            (
                DEBIAN,
                "{kernel: '>=6.1'}",
                "upgrade",
                "linux-image-6.1-amd64",
            ),
            (
                DEBIAN,
                "{kernel: '>=6.6'}",
                "program",
                "# no kernel of Debian 11 is that new: 6.1 is the newest",
            ),
            (
                DEBIAN,
                "{kernel: '>=6.6'}",
                "program",
                "# Debian 12 has 6.12",
            ),
            // Of a vendor that builds features into an old number the build tells, and the number
            // where that alone is asked for does not.
            (RHEL, build, "upgrade", "dnf upgrade kernel\nreboot"),
            (RHEL, later, "program", "# no kernel of RHEL 8 is that new"),
            // Whose rebuild ended may have ended with an older build.
            (OWN, build, "upgrade", "may do\n"),
            (OWN, build, "upgrade", "dnf install kernel"),
            (
                DEBIAN,
                "{capability: CAP_SYS_RESOURCE}",
                "capabilities",
                "ap_sys_resource",
            ),
            (
                DEBIAN,
                "{any: [{capability: CAP_BPF}, {capability: CAP_SYS_ADMIN}]}",
                "capabilities",
                "ap_bpf",
            ),
            (
                DEBIAN,
                "{config: VXLAN, is: [y, m]}",
                "kernel-config",
                "--module VXLAN",
            ),
            (
                DEBIAN,
                "{prefer: [{probe: xskmap, outcome: works}, {config: XDP_SOCKETS, is: y}]}",
                "kernel-config",
                "--enable XDP_SOCKETS",
            ),
        ] {
            let told = told(host, condition);
            let found = told.iter().any(|(of, lines)| {
                of == kind && lines.to_lowercase().contains(&says.to_lowercase())
            });
            assert!(found, "{condition}: {told:#?}");
        }
    }

    /// What is met already by the kernel's number is not mended by another one, nor is what a
    /// policy refuses; and nobody goes back to an older kernel.
    #[test]
    fn a_number_that_is_met_takes_no_kernel() {
        let mut newer = DEBIAN.to_vec();
        newer.push(("kernel.version", "6.18.4"));
        newer.push(("kernel.release", "6.18.4"));
        newer.push(("kernel.flavour", "vanilla"));
        for (condition, fixed) in [
            (
                "{prefer: [{not: {probe: load-tracing, outcome: fails, errno: [EPERM]}}, {kernel: '>=3.0'}]}",
                "",
            ),
            (
                "{any: [{kernel: '>=6.1'}, {capability: CAP_SYS_RESOURCE}]}",
                "capabilities",
            ),
            ("{kernel: '>=6.19'}", "program"),
        ] {
            let told = told(&newer, condition);
            let kinds: Vec<&str> = told.iter().map(|(kind, _)| kind.as_str()).collect();
            let expected: Vec<&str> = Some(fixed)
                .filter(|one| !one.is_empty())
                .into_iter()
                .collect();
            assert_eq!(kinds, expected, "{condition}: {told:#?}");
        }
    }

    /// Where the number itself is asked for, a vendor that keeps it has no kernel to go to.
    #[test]
    fn a_written_upgrade_says_where_there_is_none() {
        let catalogue = crate::built_in_catalogue().unwrap();
        let profile = catalogue
            .profiles
            .iter()
            .find(|one| one.id == "otel-profiler");
        let need = profile
            .unwrap()
            .requires
            .iter()
            .find_map(|need| match need {
                crate::catalogue::Need::Condition {
                    condition, fixes, ..
                } if !fixes.is_empty() => Some((condition, fixes)),
                _ => None,
            });
        let (condition, written_for) = need.unwrap();
        let mut facts = Facts::default();
        for (key, value) in RHEL {
            facts.set(key, Fact::known(*value, "x"));
        }
        let told = written(written_for.iter(), condition, &catalogue, &facts, "v");
        assert!(
            told[0].summary.contains("no-kernel-version-check"),
            "{told:#?}"
        );
        assert_eq!(told[1].kind, "program");
        assert_eq!(told[1].needs, crate::diagnosis::Needs::Nothing);
        assert_eq!(
            told[1].commands,
            [
                "# no kernel of RHEL 8 is that new: 4.18 is the newest",
                "# RHEL 9 has 5.14"
            ]
        );
    }

    /// Another kernel does not change a processor, nor what is set.
    #[test]
    fn what_no_kernel_brings_has_no_fix() {
        for condition in [
            "{fact: kernel.arch, is: mips}",
            "{any: [{lockdown: none}, {kernel: '<5.4'}]}",
            "{all: [{kernel: '>=4.1'}, {sysctl: kernel.kptr_restrict, is: 0}]}",
        ] {
            let mut host = DEBIAN.to_vec();
            host.push(("security.lockdown", "integrity"));
            host.push(("kernel.arch", "x86_64"));
            host.push(("sysctl.kernel.kptr_restrict", "2"));
            let told = told(&host, condition);
            assert_eq!(told, [], "{condition}");
        }
    }
}
