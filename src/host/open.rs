//! What a path holds: the running system, a root file system, a sosreport or a bundle, as a
//! directory or as an archive.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::archive::{self, LIMITS};
use super::directory::Proc;
use super::noticing::{Notices, Noticing};
use super::rooted::{NoSuchKernel, with_kernel};
use super::seen::{self, Dated};
use super::several::{reports_in, reports_within};
use super::wanted::{Wish, is_top, wish};
use super::{Bundle, Directory, Host, Kind, Live, kernels, sosreport, supportconfig};
use crate::labels::Labels;

/// A host that was found at a path.
pub struct Opened {
    /// The host.
    pub host: Box<dyn Host>,
    /// The outcomes of probes that came with it, as they were written down there.
    pub probes: Option<Vec<u8>>,
    /// What was said of it when it was packed.
    pub labels: Labels,
    /// What the reader should know before believing what is missing; sentences.
    pub warnings: Vec<String>,
    /// When the host was seen, RFC 3339, where its files tell; and which of them, where it was no
    /// clock.
    pub seen_at: Option<(String, Option<String>)>,
    notices: Notices,
    has_odd_texts: bool,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let probes = &self.probes.as_ref().map(Vec::len);
        f.debug_struct("Opened")
            .field("probes", probes)
            .finish_non_exhaustive()
    }
}

impl Opened {
    /// The running system.
    #[must_use]
    pub fn this() -> Self {
        plain(Box::new(Live), Notices::default())
    }

    /// What was odd in the files that were read so far; sentences.
    #[must_use]
    pub fn noticed(&self) -> Vec<String> {
        self.notices.sentences()
    }

    /// Whether something that is no file was found in the place of one so far: what was read is
    /// told, and yet not all could be.
    #[must_use]
    pub fn has_trouble(&self) -> bool {
        self.has_odd_texts || self.notices.has_trouble()
    }

    fn doubt(&mut self, doubts: supportconfig::Doubts) {
        self.warnings.extend(doubts.told);
        self.has_odd_texts |= doubts.has_odd;
    }
}

/// Why a path holds no host.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It can't be read.
    #[error("can't read {0}: {1}")]
    Unreadable(String, io::Error),
    /// It is neither a directory nor a regular file.
    #[error("{0} is neither a directory nor an archive")]
    Neither(String),
    /// An archive nothing can be made of.
    #[error("can't read {0}: {1}")]
    Archive(String, String),
    /// A kernel that is not installed there.
    #[error("there is no kernel {asked} in {name}; {}", told(.there))]
    NoSuchKernel {
        /// The place.
        name: String,
        /// The release that was asked for.
        asked: String,
        /// Those that are there, the newest first.
        there: Vec<String>,
    },
    /// The partition below an ostree system, of which each deployment is a root of its own.
    #[error("{name} is a disk of ostree: name one of the systems on it, {}", or(.deployments))]
    Ostree {
        /// The place.
        name: String,
        /// Its deployments, as paths.
        deployments: Vec<String>,
    },
    /// A directory of several hosts' reports.
    #[error("{name} holds {count} hosts: name one of them, {}", or(.choices))]
    Several {
        /// The place.
        name: String,
        /// How many there are.
        count: usize,
        /// What can be named, as paths.
        choices: Vec<String>,
    },
    /// An archive of several hosts' reports.
    #[error("{name} holds {count} hosts: unpack it, and name one of them, {}", or(.choices))]
    SeveralPacked {
        /// The place.
        name: String,
        /// How many there are.
        count: usize,
        /// Their places in it.
        choices: Vec<String>,
    },
    /// An archive of something else.
    #[error(
        "{0} holds no sosreport, no supportconfig, no bundle of bpf-doctor and no root file system"
    )]
    Foreign(String),
}

/// The first few of what can be named instead.
fn or(choices: &[String]) -> String {
    const MOST: usize = 4;
    let shown: Vec<&str> = choices.iter().take(MOST).map(String::as_str).collect();
    shown.join(" or ")
}

/// The releases that can be asked for instead.
fn told(there: &[String]) -> String {
    const MOST: usize = 8;
    let shown: Vec<&str> = there.iter().take(MOST).map(String::as_str).collect();
    match there.len() {
        0 => "it shows no kernel at all".to_owned(),
        count if count > MOST => {
            format!("there are {} and {} more", shown.join(", "), count - MOST)
        }
        _ => format!("there is {}", shown.join(", ")),
    }
}

/// The host at `path`; of several kernels installed there, `release` is meant.
///
/// # Errors
/// If nothing can be made of what is there.
pub fn open(path: &Path, release: Option<&str>) -> Result<Opened, OpenError> {
    let name = path.display().to_string();
    let unreadable = |error| OpenError::Unreadable(name.clone(), error);
    #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
    let meta = fs::metadata(path).map_err(unreadable)?;
    let rooted = |host: NoSuchKernel| OpenError::NoSuchKernel {
        name: name.clone(),
        asked: release.unwrap_or_default().to_owned(),
        there: host.there,
    };
    if meta.is_dir() {
        let runs = || Live.uname().map(|uname| uname.release).ok();
        if is_running_root(&meta) && (release.is_none() || release == runs().as_deref()) {
            return Ok(Opened::this());
        }
        let directory = Directory::open(path).map_err(unreadable)?;
        // A folder around what was unpacked, as its archive has one; as there, files beside it,
        // such as its checksum, do not count.
        let top = directory.only_directory().filter(|top| !is_top(top));
        let top = top.and_then(|top| {
            let path = path.join(top);
            Some((Directory::open(&path).ok()?, path.display().to_string()))
        });
        let (directory, name) = top.unwrap_or((directory, name.clone()));
        if Bundle::is_one(&directory) {
            return bundled(directory, &name, release);
        }
        if sosreport::is_one(&directory) {
            let warning = not_readable(&directory);
            let mut opened = report(directory, BTreeSet::new(), release).map_err(rooted)?;
            opened.warnings.extend(warning);
            return Ok(opened);
        }
        if supportconfig::is_one(&directory) {
            let (texts, doubts) = supportconfig::as_sosreport(directory);
            let mut opened = report(texts, BTreeSet::new(), release).map_err(rooted)?;
            opened.doubt(doubts);
            return Ok(opened);
        }
        if let Some(choices) = reports_in(&directory, &name) {
            return match choices.as_slice() {
                [one] => open(Path::new(one), release),
                _ => Err(OpenError::Several {
                    name,
                    count: choices.len(),
                    choices,
                }),
            };
        }
        let proc = directory.proc();
        return root(directory, BTreeSet::new(), name, release, proc);
    }
    if !meta.is_file() {
        return Err(OpenError::Neither(name));
    }
    let file = || {
        let mut options = fs::OpenOptions::new();
        let options = options.read(true);
        options
            .custom_flags(libc::O_NONBLOCK | libc::O_CLOEXEC)
            .open(path)
    };
    file().map_err(unreadable)?;
    let tree = archive::read(&file, LIMITS, &wish);
    let tree = tree.map_err(|problem| OpenError::Archive(name.clone(), problem))?;
    if Bundle::is_one(&tree) {
        if let Some(odd) = tree.odd_member() {
            let problem = format!("its member `{odd}` is no file");
            return Err(OpenError::Archive(name, problem));
        }
        return bundled(tree, &name, release);
    }
    let twice = tree.twice();
    if sosreport::is_one(&tree) {
        return report(tree, twice, release).map_err(rooted);
    }
    if supportconfig::is_one(&tree) {
        let (texts, doubts) = supportconfig::as_sosreport(tree);
        let mut opened = report(texts, twice, release).map_err(rooted)?;
        opened.doubt(doubts);
        return Ok(opened);
    }
    if let Some(choices) = reports_within(&tree) {
        let count = choices.len();
        return Err(OpenError::SeveralPacked {
            name,
            count,
            choices,
        });
    }
    root(tree, twice, name, release, Proc::Files)
}

/// The root file system these files are.
fn root<H: Host + 'static>(
    files: H,
    twice: BTreeSet<String>,
    name: String,
    release: Option<&str>,
    proc: Proc,
) -> Result<Opened, OpenError> {
    let deployments = deployments(&files, &name);
    if !deployments.is_empty() {
        return Err(OpenError::Ostree { name, deployments });
    }
    if !looks_like_root(&files) {
        return Err(OpenError::Foreign(name));
    }
    let (files, notices) = Noticing::new(files, twice);
    let stranger = kernels::stranger(&files);
    let stranger = stranger.filter(|_| release.is_none() && proc == Proc::Kernels);
    let told = stranger.into_iter().chain(kernels::unmounted(&files));
    let warnings = told.map(|told| format!("{name}: {told}")).collect();
    with_kernel(files, release, proc != Proc::Others)
        .map(|host| Opened {
            warnings,
            ..plain(host, notices)
        })
        .map_err(|host| OpenError::NoSuchKernel {
            name,
            asked: release.unwrap_or_default().to_owned(),
            there: host.there,
        })
}

fn bundled<H: Host + 'static>(
    files: H,
    name: &str,
    release: Option<&str>,
) -> Result<Opened, OpenError> {
    let bundle = Bundle::open(Box::new(files));
    let bundle = bundle.map_err(|problem| OpenError::Archive(name.to_owned(), problem))?;
    // It holds what was asked about one kernel.
    let of = bundle
        .uname()
        .map(|uname| uname.release)
        .unwrap_or_default();
    if let Some(asked) = release.filter(|asked| *asked != of) {
        return Err(OpenError::NoSuchKernel {
            name: name.to_owned(),
            asked: asked.to_owned(),
            there: vec![of],
        });
    }
    let probes = bundle.probes();
    let without = probes
        .is_none()
        .then(|| format!("{name} has no probes.yaml: what was tried on the host is not known"));
    Ok(Opened {
        probes,
        labels: bundle.labels(),
        seen_at: Some((bundle.collected_at(), bundle.dated_by())),
        warnings: without.into_iter().collect(),
        notices: Notices::default(),
        has_odd_texts: false,
        host: Box::new(bundle),
    })
}

/// What of a sosreport may not be read is pointed out, since root packs it, and others unpack it.
fn not_readable(directory: &Directory) -> Option<String> {
    let asked =
        |path: &str| path.starts_with("sos_commands/") && wish(&format!("/{path}")) == Wish::Bytes;
    let (directories, files, first) = directory.refused(&asked);
    let first = first?;
    let directories = match directories {
        0 => None,
        1 => Some("a directory".to_owned()),
        count => Some(format!("{count} directories")),
    };
    let files = match files {
        0 => None,
        1 => Some("a file".to_owned()),
        count => Some(format!("{count} files")),
    };
    let count: Vec<String> = directories.into_iter().chain(files).collect();
    let count = count.join(" and ");
    Some(format!(
        "{count} of this sosreport may not be read, first of all {first}: what is in there is not known"
    ))
}

fn report<H: Dated + 'static>(
    files: H,
    twice: BTreeSet<String>,
    release: Option<&str>,
) -> Result<Opened, NoSuchKernel> {
    let (files, notices) = Noticing::new(files, twice);
    let seen = seen::seen(files.inner());
    let host = with_kernel(sosreport::open(files), release, true)?;
    Ok(Opened {
        seen_at: seen.map(|(time, by)| (crate::time::time(time), Some(by))),
        ..plain(host, notices)
    })
}

/// The deployments of an ostree disk whose own root this is not, as paths below `name`.
fn deployments(host: &dyn Host, name: &str) -> Vec<String> {
    const SYSTEMS: &str = "/ostree/deploy";
    // A system that runs from one of them has its files here, and the disk at /sysroot.
    let is_system = ["/usr/lib/os-release", "/etc/os-release"];
    if is_system.iter().any(|path| host.stat(path).is_ok()) {
        return Vec::new();
    }
    let list = |path: &str| host.list(path).unwrap_or_default();
    let of_system = |system: String| {
        let place = format!("{SYSTEMS}/{system}/deploy");
        let names = list(&place).into_iter();
        let trees = names.filter(|name| !name.ends_with(".origin"));
        let top = name.trim_end_matches('/');
        trees
            .map(|tree| format!("{top}{place}/{tree}"))
            .collect::<Vec<_>>()
    };
    list(SYSTEMS).into_iter().flat_map(of_system).collect()
}

/// Whether a directory has any of what a root file system has.
pub(super) fn looks_like_root(host: &dyn Host) -> bool {
    let mut signs = ["/etc", "/proc", "/sys", "/boot", "/usr", "/lib"].into_iter();
    signs.any(|sign| matches!(host.stat(sign), Ok((Kind::Directory, _))))
}

fn plain(host: Box<dyn Host>, notices: Notices) -> Opened {
    Opened {
        host,
        probes: None,
        labels: Labels::default(),
        warnings: Vec::new(),
        seen_at: None,
        notices,
        has_odd_texts: false,
    }
}

/// Whether a directory is the root of the running system, by whatever name.
fn is_running_root(meta: &fs::Metadata) -> bool {
    #[expect(clippy::disallowed_methods, reason = "this is the trait's own door")]
    let root = fs::metadata("/");
    root.is_ok_and(|root| (root.dev(), root.ino()) == (meta.dev(), meta.ino()))
}
