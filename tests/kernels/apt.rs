//! Packages of other Debian suites, from the machine's own mirror, through an
//! apt configuration of the bench's own: nothing of the machine's is changed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::cache;

/// Where the machine itself gets packages from: the mirrors to ask for other suites.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    pub uri: String,
    pub suite: String,
    pub signed_by: Option<String>,
}

/// An apt that knows some suites and nothing else of the machine.
pub struct Apt {
    place: PathBuf,
}

impl Apt {
    /// With fresh lists of `suites`.
    pub fn with_suites(suites: &[String]) -> Result<Self> {
        let place = cache::root()?.join("apt").join(suites.join("+"));
        for folder in ["lists/partial", "archives/partial", "state"] {
            fs::create_dir_all(place.join(folder))?;
        }
        fs::write(place.join("state/status"), "")?;
        fs::write(
            place.join("sources.list"),
            sources_list(&machine_sources()?, suites)?,
        )?;
        let apt = Self { place };
        cache::check(apt.command("apt-get").args(["--error-on=any", "update"]))
            .context("reading package lists")?;
        Ok(apt)
    }

    /// The newest version of a package and what it needs in exactly one version.
    pub fn newest(&self, package: &str) -> Result<(String, Vec<String>)> {
        let text =
            cache::check(
                self.command("apt-cache")
                    .args(["show", "--no-all-versions", package]),
            )?;
        let field = |name: &str| {
            text.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
        };
        let version = field("Version").with_context(|| format!("{package} has no version"))?;
        Ok((
            version.to_owned(),
            exact_dependencies(field("Depends").unwrap_or_default()),
        ))
    }

    /// Downloads a package and unpacks it into `into`.
    pub fn unpack(&self, package: &str, version: &str, into: &Path) -> Result<()> {
        let downloads = cache::scratch(&self.place.join("download"))?;
        let done = self.unpack_through(package, version, &downloads, into);
        let _ = fs::remove_dir_all(&downloads);
        done
    }

    fn unpack_through(
        &self,
        package: &str,
        version: &str,
        downloads: &Path,
        into: &Path,
    ) -> Result<()> {
        let wanted = format!("{package}={version}");
        cache::check(
            self.command("apt-get")
                .args(["download", &wanted])
                .current_dir(downloads),
        )
        .with_context(|| format!("downloading {wanted}"))?;
        for file in fs::read_dir(downloads)? {
            cache::check(
                Command::new("dpkg-deb")
                    .arg("-x")
                    .arg(file?.path())
                    .arg(into),
            )?;
        }
        Ok(())
    }

    fn command(&self, program: &str) -> Command {
        let place = self.place.display();
        let mut command = Command::new(program);
        for option in [
            format!("Dir::Etc::SourceList={place}/sources.list"),
            "Dir::Etc::SourceParts=-".to_owned(),
            format!("Dir::State={place}/state"),
            format!("Dir::State::Status={place}/state/status"),
            format!("Dir::State::Lists={place}/lists"),
            format!("Dir::Cache={place}"),
            // The cache folder belongs to whoever runs the bench, not to apt's user.
            "APT::Sandbox::User=".to_owned(),
            "APT::Architecture=amd64".to_owned(),
            "APT::Architectures=amd64".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false".to_owned(),
        ] {
            command.arg("-o").arg(option);
        }
        command
    }
}

/// Names in `a, b (= 1.2), c | d` that are asked for in exactly one version.
pub fn exact_dependencies(field: &str) -> Vec<String> {
    field
        .split(',')
        .filter(|dependency| dependency.contains("(= "))
        .filter_map(|dependency| dependency.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}

/// The lines of a sources.list for `suites`, on the mirrors the machine uses.
pub fn sources_list(machine: &[Source], suites: &[String]) -> Result<String> {
    let mut list = String::new();
    for suite in suites {
        // Security updates lie at another address than the suite itself.
        let source = machine
            .iter()
            .find(|source| {
                if suite.ends_with("-security") {
                    source.suite.ends_with("-security")
                } else {
                    !source.suite.contains('-')
                }
            })
            .with_context(|| {
                format!("no Debian mirror for {suite} among this machine's apt sources")
            })?;
        let signed_by = match &source.signed_by {
            Some(path) => format!("[signed-by={path}] "),
            None => String::new(),
        };
        list.push_str(&format!("deb {signed_by}{} {suite} main\n", source.uri));
    }
    Ok(list)
}

/// The machine's own Debian sources, of both file formats.
fn machine_sources() -> Result<Vec<Source>> {
    let release = fs::read_to_string("/etc/os-release").context("reading /etc/os-release")?;
    let Some(codename) = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_CODENAME="))
    else {
        bail!("/etc/os-release names no VERSION_CODENAME: is this a Debian machine?");
    };
    let mut sources = Vec::new();
    let mut files = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        files.extend(entries.flatten().map(|entry| entry.path()));
    }
    files.sort();
    for file in files {
        let Ok(text) = fs::read_to_string(&file) else {
            continue;
        };
        if file
            .extension()
            .is_some_and(|extension| extension == "sources")
        {
            sources.extend(parse_deb822(&text));
        } else {
            sources.extend(parse_one_line(&text));
        }
    }
    // Third parties have suites too; only the machine's own release counts.
    sources.retain(|source| {
        source
            .suite
            .trim_matches('"')
            .starts_with(codename.trim_matches('"'))
    });
    Ok(sources)
}

/// `deb [signed-by=...] URI SUITE COMPONENTS`.
pub fn parse_one_line(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for line in text.lines() {
        let Some(mut rest) = line.trim().strip_prefix("deb ") else {
            continue;
        };
        let mut signed_by = None;
        if let Some((options, after)) = rest
            .trim_start()
            .strip_prefix('[')
            .and_then(|line| line.split_once(']'))
        {
            signed_by = options
                .split_whitespace()
                .find_map(|option| option.strip_prefix("signed-by="))
                .map(str::to_owned);
            rest = after;
        }
        let mut words = rest.split_whitespace();
        if let (Some(uri), Some(suite)) = (words.next(), words.next()) {
            sources.push(Source {
                uri: uri.to_owned(),
                suite: suite.to_owned(),
                signed_by,
            });
        }
    }
    sources
}

/// Stanzas of `Key: value` lines; comments may stand between them.
pub fn parse_deb822(text: &str) -> Vec<Source> {
    let mut sources = Vec::new();
    for stanza in text.split("\n\n") {
        let field = |name: &str| {
            stanza.lines().find_map(|line| {
                let (key, value) = line.split_once(':')?;
                key.eq_ignore_ascii_case(name)
                    .then(|| value.trim().to_owned())
            })
        };
        let (Some(uri), Some(suites)) = (field("URIs"), field("Suites")) else {
            continue;
        };
        let Some(uri) = uri.split_whitespace().next() else {
            continue;
        };
        for suite in suites.split_whitespace() {
            sources.push(Source {
                uri: uri.to_owned(),
                suite: suite.to_owned(),
                signed_by: field("Signed-By"),
            });
        }
    }
    sources
}
