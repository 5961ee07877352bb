//! Files and times that come from whoever runs the program.

use std::io::Read;
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::{Context, bail};
use clap::Args;

use super::output::env;
use bpf_doctor::Labels;
use bpf_doctor::host::{Host, Live};

/// What is said of a host, besides what the doctor finds.
#[derive(Debug, Clone, Default, Args)]
pub struct LabelArguments {
    /// Say this of the host, to group hosts by: role=web, site=fra (may be repeated)
    #[arg(long, value_name = "KEY=VALUE")]
    label: Vec<String>,
}

impl LabelArguments {
    /// These labels over those the host came with.
    pub fn over(&self, known: Labels) -> anyhow::Result<Labels> {
        let mut labels = Labels::default();
        for text in &self.label {
            let added = labels.add(text);
            added.with_context(|| format!("can't take --label `{text}`"))?;
        }
        Ok(known.with(&labels)?)
    }
}

/// The name a host goes by.
#[derive(Debug, Clone, Default, Args)]
pub struct NameArguments {
    /// Name the host so, and not as it names itself: a pod's name is another one each time,
    /// its node's is not
    #[arg(long, value_name = "NAME", value_parser = hostname, conflicts_with = "redact")]
    pub hostname: Option<String>,
}

fn hostname(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_alphanumeric() || "-._:".contains(c);
    if !text.is_empty() && text.len() <= 253 && text.chars().all(fits) {
        return Ok(text.to_owned());
    }
    Err("a host's name has letters, digits and `- . _ :`, 253 at most".to_owned())
}

/// A file that was named on the command line, and its name for people; `-` is standard input.
pub fn read_file(file: &Path, limit: usize) -> anyhow::Result<(String, Vec<u8>)> {
    let mut name = file.display().to_string();
    let bytes = if name == "-" {
        "standard input".clone_into(&mut name);
        let mut bytes = Vec::new();
        let mut input = std::io::stdin().lock().take(limit as u64);
        input.read_to_end(&mut bytes).map(|_| bytes)
    } else if is_pipe(&name) {
        read_pipe(file, limit)
    } else {
        let path = std::path::absolute(file).with_context(|| format!("can't find {name}"))?;
        Live.read(&path.to_string_lossy(), limit)
    };
    let bytes = bytes.with_context(|| format!("can't read {name}"))?;
    if bytes.len() >= limit {
        bail!("{name} is larger than any such file should be");
    }
    Ok((name, bytes))
}

/// A file that was named on the command line, opened, and its name for people.
pub fn open_file(file: &Path) -> anyhow::Result<(String, Box<dyn Read>)> {
    let name = file.display().to_string();
    if name == "-" {
        return Ok(("standard input".to_owned(), Box::new(std::io::stdin())));
    }
    let input: std::io::Result<Box<dyn Read>> = if is_pipe(&name) {
        let pipe = std::fs::OpenOptions::new().read(true).open(file);
        pipe.map(|pipe| Box::new(pipe) as Box<dyn Read>)
    } else {
        let file = Live.open(file);
        file.map(|file| Box::new(file) as Box<dyn Read>)
    };
    let input = input.with_context(|| format!("can't read {name}"))?;
    Ok((name, input))
}

/// `--config <(zcat config.gz)`: a pipe that the shell made, and feeds.
fn is_pipe(name: &str) -> bool {
    name.starts_with("/dev/fd/") || name == "/dev/stdin"
}

fn read_pipe(file: &Path, limit: usize) -> std::io::Result<Vec<u8>> {
    let pipe = std::fs::OpenOptions::new().read(true).open(file)?;
    let mut bytes = Vec::new();
    pipe.take(limit as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The seconds since 1970 of an RFC 3339 time in UTC.
pub fn seconds_of(time: &str) -> Option<u64> {
    let time = humantime::parse_rfc3339(time).ok()?;
    let since = time.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

/// The time, or the one that SOURCE_DATE_EPOCH asks for: RFC 3339, and in seconds.
pub fn now() -> anyhow::Result<(String, u64)> {
    let since = match env("SOURCE_DATE_EPOCH") {
        None => SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default(),
        Some(seconds) => {
            let number = seconds.parse().ok();
            let number = number.filter(|seconds| *seconds < 253_402_300_800);
            Duration::from_secs(number.with_context(|| {
                format!("SOURCE_DATE_EPOCH is `{seconds}`, not a number of seconds")
            })?)
        }
    };
    let time = SystemTime::UNIX_EPOCH + since;
    let text = humantime::format_rfc3339_seconds(time).to_string();
    Ok((text, since.as_secs()))
}
