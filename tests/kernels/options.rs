//! The bench's own command line.

use std::path::PathBuf;

use anyhow::{Context, Result, bail};

pub const HELP: &str = "\
Boots real kernels under QEMU and lets them judge the doctor.

tests/kernels/run [OPTIONS]

  --kernel NAME      only this kernel (may be given again)
  --condition NAME   only this condition (may be given again)
  --self-test        only the trials of the bench itself (also part of a run of all)
  --list             print the cells and trials, and stop
  --shell            a prompt in the guest of one cell instead of a verdict
  --doctor FILE      the static doctor (default: target/dist/bpf-doctor)
  --jobs N           guests at a time (default: 2, or 1 with one processor)
  --prepare          only get and build the kernels
  --refresh          look for newer kernels although the cache has some
  --verbose          console, report and comparison of every cell

One --kernel with one --condition shows everything of that cell.
";

/// What the command line asks for.
#[derive(Debug, Default)]
pub struct Options {
    pub kernels: Vec<String>,
    pub conditions: Vec<String>,
    pub list: bool,
    pub self_test: bool,
    pub shell: bool,
    pub prepare: bool,
    pub refresh: bool,
    pub jobs: usize,
    verbose: bool,
    doctor: Option<PathBuf>,
}

impl Options {
    /// None when help was asked for.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Option<Self>> {
        let processors = std::thread::available_parallelism().map_or(1, |n| n.get());
        let mut options = Self {
            jobs: processors.min(2),
            ..Self::default()
        };
        while let Some(argument) = arguments.next() {
            let mut value = || {
                arguments
                    .next()
                    .with_context(|| format!("{argument} needs a value"))
            };
            match argument.as_str() {
                "--kernel" => options.kernels.push(value()?),
                "--condition" => options.conditions.push(value()?),
                "--doctor" => options.doctor = Some(value()?.into()),
                "--jobs" => options.jobs = value()?.parse().context("--jobs needs a number")?,
                "--self-test" => options.self_test = true,
                "--list" => options.list = true,
                "--shell" => options.shell = true,
                "--prepare" => options.prepare = true,
                "--refresh" => options.refresh = true,
                "--verbose" => options.verbose = true,
                "--help" | "-h" => return Ok(None),
                other => bail!("unknown option {other}; see --help"),
            }
        }
        if options.shows_everything() {
            // Two guests would talk at the same time.
            options.jobs = 1;
        }
        if options.self_test && !(options.kernels.is_empty() && options.conditions.is_empty()) {
            bail!("--self-test chooses its kernels and conditions itself");
        }
        if options.jobs == 0 {
            bail!("--jobs needs at least 1");
        }
        Ok(Some(options))
    }

    /// The whole table is meant.
    pub fn is_full(&self) -> bool {
        self.kernels.is_empty() && self.conditions.is_empty() && !self.self_test
    }

    /// Console, report and comparison are wanted, also of cells that pass.
    pub fn shows_everything(&self) -> bool {
        self.verbose || (self.kernels.len() == 1 && self.conditions.len() == 1)
    }

    /// The doctor to judge.
    pub fn doctor(&self) -> Result<PathBuf> {
        let path = match &self.doctor {
            Some(path) => path.clone(),
            None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/dist/bpf-doctor"),
        };
        if !path.is_file() {
            bail!(
                "there is no doctor at {}; `make dist` builds it",
                path.display()
            );
        }
        Ok(path)
    }
}
