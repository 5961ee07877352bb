//! The report for programs: YAML and JSON of the same data.

use super::model::Report;
use crate::yaml::{self, Error};

/// The report in YAML.
///
/// # Errors
/// None that a report can cause; the serializer's signature asks for it.
pub fn yaml(report: &Report) -> Result<String, Error> {
    yaml::to_string(report)
}

/// The report in JSON, indented, with a newline at the end.
///
/// # Errors
/// None that a report can cause; the serializer's signature asks for it.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Severity;
    use crate::diagnosis::{Evidence, Finding, Status};
    use crate::facts::{self, Fact, Value, Why};
    use crate::host::Memory;
    use crate::probes::{Outcome, ProbeResult, Stage};
    use crate::report::{Origin, Threshold};

    fn report() -> Report {
        let host = Memory::new()
            .with_uname("5.10.0-32-amd64", "#1 SMP Debian 5.10.218-1", "x86_64")
            .with(
                "/boot/config-5.10.0-32-amd64",
                "CONFIG_BPF=y\n# CONFIG_BPF_LSM is not set\n",
            )
            .refusing("/proc/cmdline", std::io::ErrorKind::PermissionDenied);
        let fails = Outcome::Fails {
            stage: Stage::Create,
            errno: "EINVAL".to_owned(),
            call: String::new(),
            log: "a line\nand: another \"one\"".to_owned(),
        };
        let evidence = [
            Fact::known("n", "/boot/config"),
            Fact::known(Value::Absent, "/boot/config"),
            Fact::known(vec!["a".to_owned(), "true".to_owned()], "x"),
            Fact::known(false, "x"),
            Fact::known(-1, "x"),
            Fact::unknown(Why::Denied, "", "/proc/cmdline"),
        ];
        let mut evidence: Vec<Evidence> = evidence
            .into_iter()
            .map(|known| Evidence::Fact {
                fact: "key".to_owned(),
                known,
                disagrees: true,
                against: vec!["probe p works".to_owned()],
                asked: vec!["a".to_owned()],
            })
            .collect();
        evidence.push(Evidence::Probe {
            probe: "p".to_owned(),
            outcome: fails.clone(),
            disagrees: false,
            against: Vec::new(),
        });
        let finding = Finding {
            check: "some-failure".to_owned(),
            area: "maps".to_owned(),
            status: Status::Fail,
            severity: Severity::Error,
            title: "It fails: badly".to_owned(),
            because: "# no comment".to_owned(),
            evidence,
            fixes: Vec::new(),
        };
        let skipped = Outcome::Skipped {
            reason: "no".to_owned(),
        };
        let probes = [Outcome::Works, fails, skipped].map(|outcome| ProbeResult {
            probe: "p".to_owned(),
            outcome,
            micros: 7,
        });
        let origin = Origin {
            version: "0".to_owned(),
            catalogue: "digest".to_owned(),
            generated_at: "2026-01-01T00:00:00Z".to_owned(),
        };
        let facts = facts::collect(&host);
        Report::new(
            origin,
            vec![finding],
            Threshold::Error,
            probes.into(),
            facts,
        )
    }

    #[test]
    fn a_report_read_back_is_the_report_written() {
        let report = report();
        let text = yaml(&report).unwrap();
        let back: Report = serde_yaml::from_str(&text).unwrap();
        assert_eq!(back, report);
        assert_eq!(yaml(&back).unwrap(), text);
        let from_json: Report = serde_json::from_str(&json(&report).unwrap()).unwrap();
        assert_eq!(from_json, report);
    }

    #[test]
    fn json_and_yaml_carry_the_same_data() {
        let report = report();
        let from_yaml: serde_json::Value = serde_yaml::from_str(&yaml(&report).unwrap()).unwrap();
        let from_json: serde_json::Value = serde_json::from_str(&json(&report).unwrap()).unwrap();
        assert_eq!(from_yaml, from_json);
    }
}
