//! The experiments themselves: what each would do, and what one came to with all that was said.

use serde::Serialize;

use super::style::{Detail, Style, clean};
use super::text::broken;
use crate::probes::{Alone, Outcome, Probe, ProbeResult, Stage};
use crate::yaml;

/// The shape of the list for programs.
const LIST_SCHEMA: &str = "bpf-doctor/probes/v1";
/// The shape of results for programs.
const RUNS_SCHEMA: &str = "bpf-doctor/probe-runs/v1";
/// Columns of text.
const ROOM: usize = 96;

#[derive(Debug, Serialize)]
struct List<'a> {
    schema: &'static str,
    probes: Vec<Row<'a>>,
}

#[derive(Debug, Serialize)]
struct Row<'a> {
    probe: &'a str,
    area: &'a str,
    title: &'a str,
    about: &'a str,
    since: Option<&'a str>,
    privilege: &'a str,
    effects: &'a str,
    stages: &'a [Stage],
    needs: &'a [&'a str],
}

fn rows<'a>(probes: &[&'a Probe]) -> List<'a> {
    let row = |probe: &&'a Probe| Row {
        probe: probe.id,
        area: probe.area,
        title: probe.title,
        about: probe.about,
        since: probe.since,
        privilege: probe.privilege,
        effects: probe.effects,
        stages: probe.stages,
        needs: probe.needs,
    };
    List {
        schema: LIST_SCHEMA,
        probes: probes.iter().map(row).collect(),
    }
}

/// The list in YAML.
///
/// # Errors
/// None that a list can cause; the serializer's signature asks for it.
pub fn probes_yaml(probes: &[&Probe]) -> Result<String, yaml::Error> {
    yaml::to_string(&rows(probes))
}

/// The list in JSON, indented, with a newline at the end.
///
/// # Errors
/// None that a list can cause; the serializer's signature asks for it.
pub fn probes_json(probes: &[&Probe]) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(&rows(probes)).map(|text| text + "\n")
}

/// The list for people, by areas: quiet the ids alone, verbose with what each does.
#[must_use]
pub fn probes_text(probes: &[&Probe], style: Style) -> String {
    let mut out = String::new();
    if style.detail == Detail::Quiet {
        for probe in probes {
            out += &format!("{}\n", probe.id);
        }
        return out;
    }
    let width = probes.iter().map(|probe| probe.id.len()).max().unwrap_or(0);
    let mut area = "";
    for probe in by_areas(probes) {
        if probe.area != area {
            area = probe.area;
            let gap = if out.is_empty() { "" } else { "\n" };
            out += &format!("{gap}{}\n", style.bold(area));
        }
        let id = format!("{:width$}", probe.id);
        let since = probe
            .since
            .map_or("never".to_owned(), |since| format!("{since}+"));
        out += &format!("  {}  {since:5}  {}\n", style.bold(&id), probe.title);
        let indent = width + 11;
        if style.detail == Detail::Verbose {
            out += &paragraph("", probe.about, indent, style);
            if !probe.needs.is_empty() {
                out += &paragraph("after: ", &probe.needs.join(", "), indent, style);
            }
        }
        let stages = Stage::in_words(probe.stages);
        out += &paragraph("stages: ", &stages, indent, style);
        out += &paragraph("takes: ", probe.privilege, indent, style);
        out += &paragraph("leaves: ", probe.effects, indent, style);
    }
    out += &format!(
        "\n{} experiments; the version is the first mainline kernel, distributions backport.\n\
         bpf-doctor probes run ID   tries one alone and shows all that was said\n",
        probes.len()
    );
    out
}

/// The probes of an area one after another, areas in the order of their first ones.
fn by_areas<'a>(probes: &[&'a Probe]) -> Vec<&'a Probe> {
    let place = |probe: &&Probe| probes.iter().position(|other| other.area == probe.area);
    let mut sorted = probes.to_vec();
    sorted.sort_by_key(place);
    sorted
}

/// A text under an indent, in the background.
fn paragraph(what: &str, text: &str, indent: usize, style: Style) -> String {
    let whole = format!("{what}{text}");
    let lines = broken(&whole, ROOM.saturating_sub(indent).max(30));
    let lines = lines
        .iter()
        .map(|line| format!("{:indent$}{}\n", "", style.dim(line)));
    lines.collect()
}

/// What one experiment came to, with all that kernel and libbpf said meanwhile.
#[derive(Debug, Serialize)]
pub struct ProbeRun<'a> {
    #[serde(flatten)]
    result: ProbeResult,
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
    /// Who may have refused it, and who did not.
    #[serde(skip_serializing_if = "Option::is_none")]
    suspects: Option<String>,
    /// Whether the outcome speaks of the kernel.
    conclusive: bool,
    /// The stages it passed.
    passed: Vec<Stage>,
    said: String,
    /// The checks whose answer rests on it, among others.
    checks: Vec<&'a str>,
    #[serde(skip)]
    probe: &'a Probe,
}

#[derive(Debug, Serialize)]
struct Runs<'a> {
    schema: &'static str,
    runs: &'a [ProbeRun<'a>],
}

impl<'a> ProbeRun<'a> {
    /// The run of a probe.
    #[must_use]
    pub fn new(probe: &'a Probe, alone: Alone, checks: Vec<&'a str>) -> Self {
        let Alone {
            result,
            passed,
            said,
            suspects,
        } = alone;
        Self {
            meaning: result.outcome.meaning(probe.id),
            conclusive: result.outcome.is_conclusive_of(probe.id),
            suspects,
            result,
            passed,
            said,
            checks,
            probe,
        }
    }

    /// 0: it works; 1: the kernel does not have it; 3: it could not be found out.
    fn status(&self) -> u8 {
        match &self.result.outcome {
            Outcome::Works => 0,
            Outcome::Fails { .. } if self.conclusive => 1,
            Outcome::Fails { .. } | Outcome::Skipped { .. } => 3,
        }
    }

    /// For people.
    fn text(&self, style: Style) -> String {
        let (probe, id) = (self.probe, style.bold(self.probe.id));
        let (word, why) = match &self.result.outcome {
            Outcome::Works => (style.green("works"), String::new()),
            Outcome::Skipped { reason } => (
                style.yellow("not found out"),
                format!(": {}", clean(reason)),
            ),
            outcome @ Outcome::Fails { stage, .. } => {
                let why = format!(" at {stage}{}", clean(&outcome.with_errno()));
                match self.conclusive {
                    true => (style.red("fails"), why),
                    false => (style.yellow("refused"), why),
                }
            }
        };
        let mut out = format!("{id}: {word}{why}\n");
        if style.detail == Detail::Quiet {
            return out;
        }
        // Who is left of those who may refuse is more than who may.
        let meaning = self.suspects.as_deref().or(self.meaning);
        out += &meaning.map(lines).unwrap_or_default();
        if !self.passed.is_empty() {
            let passed = Stage::in_words(&self.passed);
            out += &format!("  {} {passed}\n", style.dim("passed the stages"));
        }
        out += &format!("  {}\n", style.dim("what it does"));
        out += &lines(probe.about);
        if !matches!(self.result.outcome, Outcome::Works) {
            let since = probe
                .since
                .map_or("no mainline kernel has it".to_owned(), |since| {
                    format!("mainline has it since {since}; distributions backport")
                });
            out += &lines(&format!("{since}; it takes: {}", probe.privilege));
        }
        let log = match &self.result.outcome {
            // What the probe itself remarked is in the short log alone.
            Outcome::Fails { log, .. } if self.said.is_empty() => log,
            _ => &self.said,
        };
        if !log.trim().is_empty() {
            out += &format!("  {}\n", style.dim("what was said"));
            for line in log.lines() {
                out += &format!("    {}\n", clean(line));
            }
        }
        out += &format!("  {} {} µs\n", style.dim("took"), self.result.micros);
        match self.checks.as_slice() {
            [] => out += &format!("  {}\n", style.dim("no check rests on it")),
            checks => {
                out += &format!("  {}\n", style.dim("checks that rest on it"));
                for check in checks {
                    out += &format!("    bpf-doctor check --only {check}\n");
                }
            }
        }
        out
    }
}

/// A text in lines under an indent.
fn lines(text: &str) -> String {
    let lines = broken(text, ROOM - 4);
    lines.iter().map(|line| format!("    {line}\n")).collect()
}

/// The status to exit with: what failed goes before what could not be found out.
#[must_use]
pub fn runs_status(runs: &[ProbeRun<'_>]) -> u8 {
    let has = |status| runs.iter().any(|run| run.status() == status);
    [1, 3].into_iter().find(|status| has(*status)).unwrap_or(0)
}

/// Runs for people.
#[must_use]
pub fn runs_text(runs: &[ProbeRun<'_>], style: Style) -> String {
    let gap = if style.detail == Detail::Quiet {
        ""
    } else {
        "\n"
    };
    let texts = runs.iter().map(|run| run.text(style));
    texts.collect::<Vec<_>>().join(gap)
}

/// Runs in YAML.
///
/// # Errors
/// None that a run can cause; the serializer's signature asks for it.
pub fn runs_yaml(runs: &[ProbeRun<'_>]) -> Result<String, yaml::Error> {
    yaml::to_string(&Runs {
        schema: RUNS_SCHEMA,
        runs,
    })
}

/// Runs in JSON, indented, with a newline at the end.
///
/// # Errors
/// None that a run can cause; the serializer's signature asks for it.
pub fn runs_json(runs: &[ProbeRun<'_>]) -> Result<String, serde_json::Error> {
    let runs = Runs {
        schema: RUNS_SCHEMA,
        runs,
    };
    serde_json::to_string_pretty(&runs).map(|text| text + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::probes::{Stage, table};

    fn run(outcome: Outcome) -> ProbeRun<'static> {
        let probe = table().first().unwrap();
        let result = ProbeResult {
            probe: probe.id.to_owned(),
            outcome,
            micros: 7,
        };
        let alone = Alone {
            result,
            passed: vec![Stage::Open],
            said: String::new(),
            suspects: Some("here it may be a witch".to_owned()),
        };
        ProbeRun::new(probe, alone, vec!["one-check", "another"])
    }

    fn fails(stage: Stage, errno: &str) -> ProbeRun<'static> {
        run(Outcome::Fails {
            stage,
            errno: errno.to_owned(),
            call: String::new(),
            log: "a \u{1b}[31mremark".to_owned(),
        })
    }

    #[test]
    fn a_refusal_is_no_failure_and_says_what_it_means() {
        let mut refused = fails(Stage::Load, "EPERM");
        assert_eq!(refused.status(), 3);
        let text = refused.text(Style::default());
        assert!(
            text.starts_with("bpf-syscall: refused at load with EPERM\n"),
            "{text}"
        );
        assert!(text.contains("\n    here it may be a witch\n"), "{text}");
        assert!(!text.contains("capability"), "{text}");
        refused.suspects = None;
        let text = refused.text(Style::default());
        assert!(text.contains("capability"), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
    }

    #[test]
    fn a_run_tells_its_stages_and_ends_with_the_checks_that_rest_on_it() {
        let text = run(Outcome::Works).text(Style::default());
        assert!(text.contains("passed the stages open\n"), "{text}");
        let end = "bpf-doctor check --only one-check\n    bpf-doctor check --only another\n";
        assert!(text.ends_with(end), "{text}");
        let json = runs_json(&[run(Outcome::Works)]).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["runs"][0]["passed"], serde_json::json!(["open"]));
        assert_eq!(json["runs"][0]["checks"][1], "another");
    }

    #[test]
    fn the_worst_run_decides_the_status() {
        let skipped = || {
            run(Outcome::Skipped {
                reason: "x".to_owned(),
            })
        };
        let failed = || fails(Stage::Create, "ENOSYS");
        assert_eq!(runs_status(&[run(Outcome::Works)]), 0);
        assert_eq!(runs_status(&[run(Outcome::Works), skipped()]), 3);
        assert_eq!(runs_status(&[skipped(), failed()]), 1);
    }

    #[test]
    fn the_list_names_every_probe_in_every_format() {
        let (text, json) = (
            probes_text(table(), Style::default()),
            probes_json(table()).unwrap(),
        );
        let yaml = probes_yaml(table()).unwrap();
        for probe in table() {
            assert!(text.contains(probe.id) && json.contains(probe.id) && yaml.contains(probe.id));
            let stages = Stage::in_words(probe.stages);
            assert!(
                text.contains(&format!("stages: {stages}\n")),
                "{}",
                probe.id
            );
            let heading = format!("{}\n", probe.area);
            let headings = text.split_inclusive('\n').filter(|line| *line == heading);
            assert_eq!(headings.count(), 1, "{}", probe.area);
        }
        let from_json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let from_yaml: serde_json::Value = serde_yaml::from_str(&yaml).unwrap();
        assert_eq!(from_json, from_yaml);
    }
}
