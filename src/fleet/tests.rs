//! What several tests read.

use crate::facts;
use crate::host::Memory;
use crate::probes::{Outcome, ProbeResult, Stage};
use crate::report::{Origin, Report, Threshold};

/// A report with findings of each kind, and texts that need care.
pub(super) fn report() -> Report {
    let host = Memory::new()
        .with_uname("5.10.0-32-amd64", "#1 SMP Debian 5.10.218-1", "x86_64")
        .with(
            "/boot/config-5.10.0-32-amd64",
            "CONFIG_BPF=y\n# CONFIG_BPF_LSM is not set\n",
        )
        .with("/proc/cmdline", "quiet rd.x=\"a: b\" #c 'd'\n")
        .refusing("/proc/filesystems", std::io::ErrorKind::PermissionDenied);
    let mut facts = facts::collect(&host);
    let catalogue = crate::built_in_catalogue().unwrap();
    facts.keep(["config.BPF"].into_iter());
    let outcome = |outcome| ProbeResult {
        probe: "p".to_owned(),
        outcome,
        micros: 7,
    };
    let probes = vec![
        outcome(Outcome::Works),
        outcome(Outcome::Fails {
            stage: Stage::Load,
            errno: "EINVAL".to_owned(),
            call: String::new(),
            log: "0: (b7) r0 = 0\n\n  # 'it': \"\nend".to_owned(),
        }),
    ];
    let mut findings = crate::diagnosis::diagnose(&catalogue, &facts, &probes);
    findings.sort_by_key(|finding| finding.status);
    let mut kept = Vec::new();
    for finding in findings {
        let alike = kept
            .iter()
            .filter(|one: &&crate::diagnosis::Finding| one.status == finding.status);
        if alike.count() < 3 {
            kept.push(finding);
        }
    }
    let origin = Origin {
        version: "1".to_owned(),
        catalogue: "x".to_owned(),
        generated_at: "2026-01-01T00:00:00Z".to_owned(),
    };
    let mut report = Report::new(origin, kept, Threshold::Error, probes, facts);
    report.host.hostname = Some("web-17".to_owned());
    report
}

/// Numbers below a limit, the same ones each time.
pub(super) fn random(seed: u64) -> impl FnMut(usize) -> usize {
    let mut state = seed;
    move |limit| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % limit
    }
}
