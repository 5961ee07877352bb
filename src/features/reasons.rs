//! What there is to say of an answer, and what it rests on.

use super::gate::Gate;
use super::judge::Known;
use super::model::{Asked, Available, Row, Source};
use super::names::Missing;
use super::sections::Sections;
use super::table::Table;
use crate::facts::Facts;
use crate::probes::trials::Reply;

/// An answer in the making.
pub(super) struct Answer {
    pub(super) available: Available,
    pub(super) known_by: Vec<Source>,
    pub(super) because: String,
}

impl Answer {
    pub(super) fn new(
        available: Available,
        known_by: &[Source],
        because: impl Into<String>,
    ) -> Self {
        Self {
            available,
            known_by: known_by.to_vec(),
            because: because.into(),
        }
    }

    pub(super) fn unknown(because: impl Into<String>) -> Self {
        Self::new(Available::Unknown, &[], because)
    }
}

/// What was asked, and what came of it.
pub(super) fn sources(known: &Known<'_>) -> Vec<Asked> {
    let facts = known.facts;
    let asked = |source, told, what: &str| Asked {
        source,
        told,
        what: what.to_owned(),
    };
    let btf = match &known.names.missing {
        None => asked(Source::Btf, true, "/sys/kernel/btf"),
        Some(Missing::Absent(why) | Missing::Unread(why)) => asked(Source::Btf, false, why),
    };
    let replies = known.tried.iter().flat_map(|(_, replies)| replies);
    let (all, unknown) = replies.fold((0_usize, 0_usize), |(all, unknown), reply| {
        let open = usize::from(matches!(reply, Reply::Unknown(_)));
        (all + 1, unknown + open)
    });
    let experiments = match all {
        0 => asked(Source::Experiment, false, "none were made"),
        all => asked(
            Source::Experiment,
            unknown < all,
            &format!("{all} made, {unknown} of them without an answer"),
        ),
    };
    let config = match facts.text("config-file") {
        Some(file) => asked(Source::Config, true, &file),
        None => asked(Source::Config, false, "the kernel's options are not known"),
    };
    vec![btf, experiments, config]
}

/// The answer where an experiment was refused: who refuses it is said, as far as that is known.
///
/// `asked` are the capabilities that it takes; `passes` says that a seccomp filter lets it through.
pub(super) fn by_policy(
    why: &str,
    facts: &Facts,
    asked: &[&str],
    passes: bool,
    judge: impl FnOnce(&str) -> Answer,
) -> Answer {
    let refused = refused(why, facts, asked, passes);
    let told = refused.as_ref().map_or(why, |(told, _)| told.as_str());
    let mut answer = judge(told);
    if let Some((_, policy)) = refused
        && answer.available == Available::Yes
    {
        // It is read behind a yes.
        answer.because = format!("the kernel has it, and {}", answer.because);
        if policy {
            answer.known_by.push(Source::Policy);
        }
    }
    answer
}

/// Who refuses what was tried, and whether it is a policy that does: to whoever may do everything.
fn refused(why: &str, facts: &Facts, asked: &[&str], passes: bool) -> Option<(String, bool)> {
    if ![" EPERM", " EACCES"]
        .iter()
        .any(|errno| why.ends_with(errno))
    {
        return None;
    }
    let held = facts.list("privilege.capabilities")?;
    let holds = |name: &str| {
        held.iter()
            .any(|held| held == name || held == "CAP_SYS_ADMIN")
    };
    let lacking: Vec<&str> = asked.iter().copied().filter(|name| !holds(name)).collect();
    let filtered = !passes && facts.text("privilege.seccomp").as_deref() == Some("filter");
    let (who, policy) = match facts.text("privilege.user-namespace")?.as_str() {
        "initial" if lacking.is_empty() && filtered => (
            "a seccomp filter or another policy refuses it here".to_owned(),
            true,
        ),
        "initial" if lacking.is_empty() => ("a policy refuses it here".to_owned(), true),
        "initial" => {
            let filter = if filtered {
                ", and has a seccomp filter"
            } else {
                ""
            };
            (
                format!("this process lacks {}{filter}", lacking.join(", ")),
                false,
            )
        }
        _ => (
            "this process is in a user namespace, whose capabilities BPF does not count".to_owned(),
            false,
        ),
    };
    Some((format!("{who}: {why}"), policy))
}

/// A hook is of no use without the programs for it.
pub(super) fn follow(row: &mut Row, sections: &Sections, programs: &[Row]) {
    if row.available == Available::No {
        return;
    }
    let types = sections.programs_at(&row.name);
    let needed = types
        .iter()
        .filter_map(|of| programs.iter().find(|program| program.name == *of));
    let needed: Vec<&Row> = needed.collect();
    let lacking = needed
        .iter()
        .all(|program| program.available == Available::No);
    if let Some(program) = needed.first().filter(|_| lacking) {
        row.available = Available::No;
        row.known_by.clone_from(&program.known_by);
        row.because = format!("its program type {}: {}", program.name, program.because);
        return;
    }
    // Programs that can't be loaded here can't be attached either, whatever the kernel has.
    let refused = |program: &&&Row| program.because.contains(" answers E");
    let all = !needed.is_empty() && needed.iter().all(|program| refused(&program));
    if let Some(program) = needed.first().filter(|_| all) {
        let policy = program.known_by.contains(&Source::Policy);
        if policy && !row.known_by.contains(&Source::Policy) {
            row.known_by.push(Source::Policy);
        }
        let of = format!("its program type {}: {}", program.name, program.because);
        // The hook was refused for the same reason, if it was tried: once is enough.
        let own = row.because.split("; ");
        let own = own.filter(|part| !part.contains(" answers E"));
        let own: Vec<String> = own.map(str::to_owned).collect();
        row.because = joined(&[vec![of], own].concat());
    }
}

/// Whether two gates are both open or both shut.
pub(super) fn same(one: &Gate, other: &Gate) -> bool {
    matches!(
        (one, other),
        (Gate::Open(_), Gate::Open(_)) | (Gate::Shut(_), Gate::Shut(_))
    )
}

/// That an option is off.
pub(super) fn off(option: &str) -> String {
    format!("CONFIG_{option} is not set")
}

/// `NET && INET` as people read it.
pub(super) fn in_words(options: &str) -> String {
    let options = options
        .split("&&")
        .map(|option| format!("CONFIG_{}", option.trim()));
    options.collect::<Vec<_>>().join(", ")
}

/// What there is to say, in one line.
pub(super) fn joined(parts: &[String]) -> String {
    let parts = parts.iter().filter(|part| !part.is_empty()).cloned();
    parts.collect::<Vec<_>>().join("; ")
}

/// Whether a kernel is of those whose version proves nothing.
pub(super) fn backports(table: &Table, facts: &Facts) -> bool {
    let release = facts.text("kernel.release").unwrap_or_default();
    table.backports.iter().any(|part| release.contains(part))
}
