//! Where a probe runs: what it can use, and how it says what became of it.

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::unistd;
use nix::unistd::Pid;

use super::errno::Code;
use super::filters::Filters;
use super::hooks::Event;
use super::insn::Insn;
use super::kernel_types::KernelTypes;
use super::kernel_types::NoTypes;
use super::kinds::MapType;
use super::kinds::ProgType;
use super::kinds::Recipe;
use super::kinds::Shape;
use super::lanes;
use super::log;
use super::memlock;
use super::outcome::Outcome;
use super::outcome::Stage;
use super::passed;
use super::place::Place;
use super::rights::Capability;
use super::rights::Rights;
use super::sys::Map;
use super::sys::Program;
use super::tracing::Tracing;

/// How often in all a refusal is taken for memory that is about to be given back, and how long
/// to wait for that each time.
const PATIENCE: u32 = 20;
const PAUSE: Duration = Duration::from_millis(5);

/// How the reason begins where a probe was not tried because of an earlier one.
const BUILDS_ON: &str = "it builds on";

/// What a probe comes to: that it got to its end says that it works.
pub(super) type Trial = Result<(), Trouble>;

/// Why a probe did not get to its end.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The kernel refused, or what it did was wrong.
    Failed {
        stage: Stage,
        errno: Option<Code>,
        /// What there is to say besides what kernel and libbpf said.
        remark: String,
    },
    /// It could not be found out, for this reason.
    Skipped(String),
}

impl Trouble {
    /// The kernel answered without an error, and wrongly.
    pub(super) fn wrong(stage: Stage, remark: String) -> Self {
        Self::Failed {
            stage,
            errno: None,
            remark,
        }
    }

    /// As the report has it, with what was said while the probe ran.
    pub(super) fn into_outcome(self, said: &str) -> Outcome {
        match self {
            Self::Skipped(reason) => Outcome::Skipped { reason },
            Self::Failed {
                stage,
                errno,
                remark,
            } => {
                let call = errno.map_or("", |code| code.by().name()).to_owned();
                let errno = errno.map(|code| code.to_string()).unwrap_or_default();
                let lines = [remark, log::shorten(said)];
                let log = lines.into_iter().filter(|text| !text.is_empty());
                Outcome::Fails {
                    stage,
                    errno,
                    call,
                    log: log.collect::<Vec<_>>().join("\n"),
                }
            }
        }
    }
}

/// The id of this process. The kernel always has it: whoever says otherwise is in between.
pub(super) fn own_process() -> Result<Pid, Trouble> {
    own(unistd::getpid())
}

fn own(process: Pid) -> Result<Pid, Trouble> {
    match process.as_raw() {
        1.. => Ok(process),
        _ => Err(Trouble::Skipped(
            "a seccomp filter answers getpid() before the kernel looks at it, so that this process \
             does not know itself by what a program sees; that says nothing of what the kernel has"
                .to_owned(),
        )),
    }
}

/// Says at which stage an error came.
pub(super) trait At<T> {
    /// The error as the end of the probe, at this stage.
    fn at(self, stage: Stage) -> Result<T, Trouble>;
}

/// Errors that know which system call gave them, or that none did.
pub(super) trait Answer: Into<Code> {}

impl Answer for Code {}
impl Answer for libbpf_rs::Error {}

impl<T, E: Answer> At<T> for Result<T, E> {
    fn at(self, stage: Stage) -> Result<T, Trouble> {
        match self {
            Ok(value) => {
                passed::note(stage);
                Ok(value)
            }
            Err(error) => Err(Trouble::Failed {
                stage,
                errno: Some(error.into()),
                remark: String::new(),
            }),
        }
    }
}

/// What the probes of one child process share.
#[derive(Debug)]
pub(super) struct Bench {
    /// The probes that ran before, in this process or in one that ended early.
    settled: Vec<(String, Outcome)>,
    /// Whether BPF memory is charged to RLIMIT_MEMLOCK, once that was asked.
    charged: Option<bool>,
    /// How often it is still worth waiting for memory.
    patience: u32,
    /// Whether there is more than everybody may do, once that was asked.
    privileged: Option<bool>,
    /// What this process may do, once that was asked.
    rights: Option<Rights>,
    /// What a filter answers in the kernel's place, once that was asked.
    filters: Option<Filters>,
    /// What keeps from happening what makes programs run, of each that was tried without one.
    bare: HashMap<Event, Option<String>>,
    /// What was made for the probes that need a place of their own.
    place: Place,
    /// What the kernel's BTF says, once that was asked.
    kernel_types: Option<Result<Rc<KernelTypes>, NoTypes>>,
    /// What the tracing probes share.
    pub(super) tracing: Tracing,
    /// Where what it is about to do is told.
    pub(super) told: Option<OwnedFd>,
    /// One probe was asked for by its name, so that it may do what a diagnosis does not.
    pub(super) alone: bool,
}

impl Bench {
    /// A bench that knows what earlier probes came to.
    pub(super) fn new(settled: &[(String, Outcome)]) -> Self {
        Self {
            settled: settled.to_vec(),
            charged: None,
            patience: PATIENCE,
            privileged: None,
            rights: None,
            filters: None,
            bare: HashMap::new(),
            place: Place::default(),
            kernel_types: None,
            tracing: Tracing::default(),
            told: None,
            alone: false,
        }
    }

    /// Tells the doctor what this process is about to do, where it may be killed for that.
    pub(super) fn about_to(&self, what: &str) {
        let Some(told) = &self.told else {
            return;
        };
        let line = [lanes::ABOUT, what.as_bytes(), b"\n"].concat();
        // A doctor that is gone needs no telling.
        let _gone = unistd::write(told, &line);
    }

    /// Remembers what a probe came to, for those that build on it.
    pub(super) fn settle(&mut self, probe: &str, outcome: Outcome) {
        self.settled.push((probe.to_owned(), outcome));
    }

    /// Why a probe that builds on these need not be tried.
    pub(super) fn obstacle(&self, needs: &[&str]) -> Option<String> {
        needs.iter().find_map(|need| {
            let (_, outcome) = self.settled.iter().find(|(probe, _)| probe == need)?;
            match outcome {
                Outcome::Works => None,
                // That a command no kernel has was refused says nothing of those there are;
                // what they answer themselves is the better evidence.
                Outcome::Fails { .. }
                    if *need == "bpf-syscall" && !outcome.is_conclusive_of(need) =>
                {
                    None
                }
                Outcome::Fails { errno, .. } if errno.is_empty() => {
                    Some(format!("{BUILDS_ON} {need}, which failed"))
                }
                Outcome::Fails { errno, .. } => {
                    Some(format!("{BUILDS_ON} {need}, which failed with {errno}"))
                }
                // The first obstacle of several in a row is the one to know of.
                Outcome::Skipped { reason } if reason.starts_with(BUILDS_ON) => {
                    Some(reason.clone())
                }
                Outcome::Skipped { .. } => Some(format!("{BUILDS_ON} {need}, which was skipped")),
            }
        })
    }

    /// Ends a probe that has no answer without CAP_BPF (before 5.8: CAP_SYS_ADMIN): the verifier
    /// tells whoever lacks it that it knows neither a loop nor a helper which it knows well.
    pub(super) fn takes_privilege(&mut self) -> Trial {
        let privileged = match self.privileged {
            Some(known) => known,
            // EPERM: this type of map is not for everybody. What else goes wrong says nothing.
            None => !matches!(
                self.patiently(|| Map::create(&Shape::of(MapType::LruHash))),
                Err(code) if code == Errno::EPERM
            ),
        };
        self.privileged = Some(privileged);
        if privileged {
            return Ok(());
        }
        Err(Trouble::Skipped(
            "it takes CAP_BPF (before 5.8: CAP_SYS_ADMIN), which this process does not have"
                .to_owned(),
        ))
    }

    /// What this process may do.
    pub(super) fn rights(&mut self) -> &Rights {
        self.rights.get_or_insert_with(Rights::read)
    }

    /// What a filter answers in the kernel's place.
    pub(super) fn filters(&mut self) -> &mut Filters {
        let rights = *self.rights();
        self.filters.get_or_insert_with(|| Filters::of(&rights))
    }

    /// What keeps an event from happening where no program is attached; tried once.
    pub(super) fn bare(
        &mut self,
        event: Event,
        tried: impl FnOnce() -> Option<String>,
    ) -> Option<String> {
        self.bare.entry(event).or_insert_with(tried).clone()
    }

    /// Whether it is sure that this process lacks a capability.
    pub(super) fn lacks(&mut self, capability: Capability) -> bool {
        self.rights().lacks(capability)
    }

    /// The place of the probes' own.
    pub(super) fn place(&mut self) -> &mut Place {
        &mut self.place
    }

    /// What the kernel's BTF says of the names probes ask for.
    pub(super) fn kernel_types(&mut self) -> Result<Rc<KernelTypes>, NoTypes> {
        let find = || KernelTypes::find().map(Rc::new);
        self.kernel_types.get_or_insert_with(find).clone()
    }

    /// The id of what a program is attached to, a function or a tracepoint's prototype; where the
    /// kernel has none, it fails as libbpf does (`find_kernel_btf_id` in tools/lib/bpf/libbpf.c).
    pub(super) fn target(&mut self, name: &str) -> Result<u32, Trouble> {
        let types = self.kernel_types()?;
        let target = types.known(name).ok_or_else(|| Trouble::Failed {
            stage: Stage::Open,
            errno: Some(Errno::ESRCH.into()),
            remark: format!("{name} is not in the kernel's BTF"),
        })?;
        passed::note(Stage::Open);
        Ok(target.id)
    }

    /// Creates a map.
    pub(super) fn map(&mut self, shape: &Shape<'_>) -> Result<Map, Trouble> {
        self.patiently(|| Map::create(shape)).at(Stage::Create)
    }

    /// Loads a program that needs nothing but its type and its instructions.
    pub(super) fn program(&mut self, of: ProgType, code: &[Insn]) -> Result<Program, Trouble> {
        self.load(&Recipe::of(of, code))
    }

    /// Loads a program; where it is refused, what the verifier says of it is noted.
    pub(super) fn load(&mut self, recipe: &Recipe<'_>) -> Result<Program, Trouble> {
        // A log costs the verifier time, so it is asked for only when there is a reason.
        match self.patiently(|| Program::load(recipe, &mut [])) {
            Ok(program) => {
                passed::note(Stage::Load);
                Ok(program)
            }
            Err(refused) => {
                let mut text = vec![0; 64 << 10];
                // Refused again, most likely; the first answer is the one to report.
                let _again = Program::load(recipe, &mut text);
                let text = text.split(|byte| *byte == 0).next().unwrap_or_default();
                log::note_verifier(&String::from_utf8_lossy(text));
                // Whoever lacks CAP_PERFMON is kept from what a processor may do on a guess, so
                // the verifier follows paths no program takes and forbids more on them
                // (`env->bypass_spec_v1` and its kin in kernel/bpf/verifier.c), and does not show
                // such programs all helpers (`bpf_base_func_proto()`).
                if refused != Errno::EPERM && !text.is_empty() && self.lacks(Capability::Perfmon) {
                    return Err(Trouble::Skipped(format!(
                        "the verifier refused the program ({refused}), and is stricter with who \
                         lacks CAP_PERFMON (before 5.8: CAP_SYS_ADMIN), as this process does"
                    )));
                }
                Err(refused).at(Stage::Load)
            }
        }
    }

    /// Tries again what may have been refused only because the memory of an earlier map or
    /// program is still charged to RLIMIT_MEMLOCK: before 5.11 the kernel takes a charge back
    /// some time after the last descriptor was closed.
    fn patiently<T>(&mut self, make: impl Fn() -> Result<T, Code>) -> Result<T, Code> {
        let mut answer = make();
        let refused =
            |answer: &Result<T, Code>| answer.as_ref().is_err_and(|code| *code == Errno::EPERM);
        while refused(&answer) && self.patience > 0 && self.memory_is_charged() {
            self.patience -= 1;
            thread::sleep(PAUSE);
            answer = make();
        }
        answer
    }

    /// Whether a refusal may be about RLIMIT_MEMLOCK. Where not even a plain map could be
    /// made, nothing of ours is charged, and waiting is in vain.
    fn memory_is_charged(&mut self) -> bool {
        let plain = self.settled.iter().find(|(probe, _)| probe == "map-create");
        matches!(plain, Some((_, Outcome::Works)))
            && *self
                .charged
                .get_or_insert_with(|| memlock::is_charged() == Ok(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_without_an_id_was_answered_by_somebody_else() {
        for (id, is_own) in [(1, true), (4711, true), (0, false), (-1, false)] {
            match own(Pid::from_raw(id)) {
                Ok(process) => assert!(is_own && process.as_raw() == id, "{id}"),
                Err(Trouble::Skipped(why)) => {
                    assert!(!is_own && why.contains("seccomp filter"), "{id}: {why}");
                }
                Err(trouble) => panic!("{id}: {trouble:?}"),
            }
        }
        assert!(own_process().is_ok());
    }
}
