//! The host that is meant: this one, or one that is known from files.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::{ArgGroup, Args};

use super::Exit;
use super::input::{open_file, read_file};
use super::output::Terminal;
use bpf_doctor::facts::{self, Facts};
use bpf_doctor::host::{self, Files, Record, Recorder, Role};
use bpf_doctor::probes::{ProbeResult, Underway};
use bpf_doctor::{Labels, report};

/// Where the host to diagnose is read from; this host, if nothing is named.
#[derive(Debug, Clone, Default, Args)]
#[command(group = ArgGroup::new("files").multiple(true))]
#[command(next_help_heading = "Another host, from files (no experiments are made)")]
pub struct SourceArguments {
    /// A root file system or a sosreport, as a directory or an archive; or a bundle that
    /// `bpf-doctor collect` made
    #[arg(long, value_name = "DIR|ARCHIVE", conflicts_with_all = ["from", "files"])]
    root: Option<PathBuf>,
    /// A saved report, in YAML or JSON, to judge again; `-` is standard input
    #[arg(long, value_name = "REPORT", conflicts_with_all = ["files", "release"])]
    from: Option<PathBuf>,
    /// Release of the kernel that is meant, of those installed below --root or of --config
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    release: Option<String>,
    /// A kernel's build configuration, plain, .gz or .xz; here and below, `-` is standard input
    #[arg(long, value_name = "FILE", group = "files")]
    config: Option<PathBuf>,
    /// Its command line, as in /proc/cmdline
    #[arg(long, value_name = "FILE", group = "files")]
    cmdline: Option<PathBuf>,
    /// What `sysctl -a` prints
    #[arg(long, value_name = "FILE", group = "files")]
    sysctl: Option<PathBuf>,
    /// The file /etc/os-release
    #[arg(long, value_name = "FILE", group = "files")]
    os_release: Option<PathBuf>,
    /// The file /proc/filesystems
    #[arg(long, value_name = "FILE", group = "files")]
    filesystems: Option<PathBuf>,
    /// The file /proc/self/mountinfo, or /proc/mounts
    #[arg(long, value_name = "FILE", group = "files")]
    mountinfo: Option<PathBuf>,
    /// The file /sys/kernel/security/lsm
    #[arg(long, value_name = "FILE", group = "files")]
    lsm: Option<PathBuf>,
    /// The file /sys/kernel/security/lockdown
    #[arg(long, value_name = "FILE", group = "files")]
    lockdown: Option<PathBuf>,
    /// The file /sys/kernel/btf/vmlinux
    #[arg(long, value_name = "FILE", group = "files")]
    btf: Option<PathBuf>,
}

/// What is known of a host.
#[derive(Debug)]
pub struct Observed {
    pub facts: Facts,
    pub outcomes: Vec<ProbeResult>,
    /// What was said of it when it was observed.
    pub labels: Labels,
    /// What was asked of it and answered, where it was not a saved report.
    pub record: Option<Record>,
    /// When it was observed, if that was not now; and which file told so, where it was no clock.
    pub observed_at: Option<(String, Option<String>)>,
    /// Whether something that is no file was in the place of one.
    pub has_trouble: bool,
    /// The options that a saved report was made with, where they ask another question than how
    /// all checks come out.
    pub asked: Vec<String>,
}

/// A host that is read.
pub enum Source {
    /// This one, or what `--root` names.
    Opened(host::Opened),
    /// The one that single files are of.
    Files(Box<dyn host::Host>),
}

impl Source {
    /// The host itself.
    pub fn host(&self) -> &dyn host::Host {
        match self {
            Self::Opened(opened) => opened.host.as_ref(),
            Self::Files(host) => host.as_ref(),
        }
    }

    /// Says what was odd in what was read so far; how the program ends by that.
    pub fn end(&self) -> Exit {
        let Self::Opened(opened) = self else {
            return Exit::Status(0);
        };
        let noticed = opened.noticed();
        noticed.iter().for_each(|text| Terminal::warn(text));
        match opened.has_trouble() {
            true => Exit::Trouble,
            false => Exit::Status(0),
        }
    }
}

/// The largest file there is: BTF of a kernel with everything in it.
const FILE_LIMIT: usize = 64 << 20;

impl SourceArguments {
    /// These, and where they are silent those of the command around.
    pub fn or(&self, around: &Self) -> Self {
        let or = |file: fn(&Self) -> &Option<PathBuf>| {
            let own = file(self).as_ref();
            own.or(file(around).as_ref()).cloned()
        };
        Self {
            root: or(|all| &all.root),
            from: or(|all| &all.from),
            release: self.release.clone().or_else(|| around.release.clone()),
            config: or(|all| &all.config),
            cmdline: or(|all| &all.cmdline),
            sysctl: or(|all| &all.sysctl),
            os_release: or(|all| &all.os_release),
            filesystems: or(|all| &all.filesystems),
            mountinfo: or(|all| &all.mountinfo),
            lsm: or(|all| &all.lsm),
            lockdown: or(|all| &all.lockdown),
            btf: or(|all| &all.btf),
        }
    }

    /// Whether it is this host that is meant, whose kernel can be tried.
    pub fn is_this_host(&self) -> bool {
        self.root.is_none() && self.from.is_none() && self.files().is_empty()
    }

    /// Reads the host, with the outcomes of the probes that are under way for it; those of
    /// another host come with it, or not at all. What the facts were read from comes with it if
    /// `record` says so.
    pub fn observe(
        &self,
        underway: Option<&mut Underway>,
        record: bool,
    ) -> anyhow::Result<Observed> {
        if let Some(file) = &self.from {
            let (name, bytes) = read_file(file, FILE_LIMIT)?;
            let saved = report::read(&bytes).with_context(|| format!("can't read {name}"))?;
            return Ok(Observed {
                facts: saved.facts,
                outcomes: saved.probes,
                labels: saved.labels,
                record: None,
                observed_at: Some((saved.generated_at, saved.dated_by)),
                has_trouble: false,
                asked: saved.asked,
            });
        }
        let files = self.files();
        if !files.is_empty() {
            let host = self.of_files(&files)?;
            let (facts, record) = collect(host.as_ref(), record);
            return Ok(Observed {
                facts,
                outcomes: Vec::new(),
                labels: Labels::default(),
                record,
                observed_at: None,
                has_trouble: false,
                asked: Vec::new(),
            });
        }
        let opened = self.host()?;
        opened.warnings.iter().for_each(|text| Terminal::warn(text));
        let of_bundle = outcomes_of(&opened)?;
        let (facts, record) = collect(opened.host.as_ref(), record);
        opened
            .noticed()
            .iter()
            .for_each(|text| Terminal::warn(text));
        let outcomes = underway.map_or(of_bundle, Underway::results);
        Ok(Observed {
            has_trouble: opened.has_trouble(),
            facts,
            outcomes,
            labels: opened.labels,
            record,
            observed_at: opened.seen_at,
            asked: Vec::new(),
        })
    }

    /// The host to read, for what asks more of it than facts.
    pub fn to_read(&self) -> anyhow::Result<Source> {
        if self.from.is_some() {
            bail!("a saved report has facts alone: name the host itself, by --root or its files");
        }
        let files = self.files();
        if files.is_empty() {
            let opened = self.host()?;
            opened.warnings.iter().for_each(|text| Terminal::warn(text));
            return Ok(Source::Opened(opened));
        }
        self.of_files(&files).map(Source::Files)
    }

    /// The host that `--root` names, or this one.
    fn host(&self) -> anyhow::Result<host::Opened> {
        let release = self.release.as_deref();
        match &self.root {
            Some(root) if root.as_os_str() == "-" => {
                bail!("--root reads no standard input: save the archive to a file, and name that")
            }
            Some(root) => Ok(host::open(root, release)?),
            None if release.is_some() => {
                bail!("--release chooses a kernel of --root or names that of --config")
            }
            None => Ok(host::Opened::this()),
        }
    }

    fn files(&self) -> Vec<(Role, &PathBuf)> {
        let files = [
            (Role::Config, &self.config),
            (Role::Cmdline, &self.cmdline),
            (Role::Sysctl, &self.sysctl),
            (Role::OsRelease, &self.os_release),
            (Role::Filesystems, &self.filesystems),
            (Role::Mountinfo, &self.mountinfo),
            (Role::Lsm, &self.lsm),
            (Role::Lockdown, &self.lockdown),
            (Role::Btf, &self.btf),
        ];
        let files = files.into_iter();
        files
            .filter_map(|(role, file)| Some((role, file.as_ref()?)))
            .collect()
    }

    fn of_files(&self, files: &[(Role, &PathBuf)]) -> anyhow::Result<Box<dyn host::Host>> {
        let is_input = |(_, file): &&(Role, &PathBuf)| file.as_os_str() == "-";
        if files.iter().filter(is_input).count() > 1 {
            bail!("`-` can be one file only: standard input is read once");
        }
        let mut known = Files::new(self.release.as_deref());
        for (role, file) in files {
            let (name, bytes) = match role {
                // A host with many containers has a hundred thousand mounts.
                Role::Mountinfo => needed_mounts(file)?,
                _ => read_file(file, role.most().saturating_add(1))?,
            };
            known.add(*role, &name, &bytes)?;
        }
        known
            .warnings()
            .iter()
            .for_each(|text| Terminal::warn(text));
        Ok(known.host())
    }
}

/// What was tried on a host when it was packed.
pub(super) fn outcomes_of(opened: &host::Opened) -> anyhow::Result<Vec<ProbeResult>> {
    let outcomes = opened.probes.as_ref().map(|bytes| {
        let outcomes = report::read_outcomes(bytes);
        outcomes.context("can't read the outcomes of probes in the bundle")
    });
    Ok(outcomes.transpose()?.unwrap_or_default())
}

/// The facts of a host, and perhaps what they were read from.
fn collect(host: &dyn host::Host, record: bool) -> (Facts, Option<Record>) {
    if !record {
        return (facts::collect(host), None);
    }
    let recorder = Recorder::new(host);
    let facts = facts::collect(&recorder);
    (facts, Some(recorder.finish()))
}

/// What facts ask for of a list of mounts, and the list's name.
fn needed_mounts(file: &Path) -> anyhow::Result<(String, Vec<u8>)> {
    let (name, input) = open_file(file)?;
    match facts::needed_mounts(input, FILE_LIMIT) {
        Ok(bytes) => Ok((name, bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::FileTooLarge => {
            bail!("{name} is larger than any such file should be")
        }
        Err(error) => Err(error).with_context(|| format!("can't read {name}")),
    }
}

fn release(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_graphic() && c != '/';
    if text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a release is what `uname -r` prints, such as 5.10.0-32-amd64".to_owned())
}
