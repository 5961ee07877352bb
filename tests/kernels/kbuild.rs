//! Builds a kernel from Debian's source with a minimal configuration, and
//! proves option by option that the result is what was asked for.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::apt::Apt;
use crate::cache;
use crate::kernel::{Built, write_meta};

/// Common to all built kernels.
const MINIMAL: &str = include_str!("minimal.config");

/// Part of the recipe's digest: change it when the commands below change.
const STEPS: &str = "allnoconfig with fragment; bzImage; 1";

/// Everything a build depends on except the version of the source.
pub fn recipe(kernel: &Built) -> String {
    format!(
        "{STEPS}\n{}\n{}\n{}",
        kernel.source,
        kernel.suites.join(" "),
        fragment(kernel)
    )
}

/// The options asked for, as a file for Kconfig.
fn fragment(kernel: &Built) -> String {
    let mut options: BTreeSet<&str> = MINIMAL
        .lines()
        .filter_map(|line| line.strip_prefix("CONFIG_")?.strip_suffix("=y"))
        .collect();
    options.extend(kernel.with.iter().map(String::as_str));
    let mut text = String::new();
    for option in options {
        if !kernel.without.iter().any(|without| without == option) {
            text.push_str(&format!("CONFIG_{option}=y\n"));
        }
    }
    for option in &kernel.without {
        text.push_str(&format!("# CONFIG_{option} is not set\n"));
    }
    text
}

/// Builds it, unless this very recipe was built from this very source before.
pub fn build(name: &str, kernel: &Built, recipe: &str, home: &Path) -> Result<PathBuf> {
    let apt = Apt::with_suites(&kernel.suites)?;
    let (version, _) = apt.newest(&kernel.source)?;
    let place = home.join(cache::digest(&[recipe, &version])?);
    cache::once(&place, |staging| {
        println!("{name}: building {} {version}, some minutes", kernel.source);
        let begin = Instant::now();
        let work = staging.join("work");
        apt.unpack(&kernel.source, &version, &work)?;
        let archive = work.join(format!("usr/src/{}.tar.xz", kernel.source));
        cache::check(
            Command::new("tar")
                .arg("-xf")
                .arg(&archive)
                .arg("-C")
                .arg(&work),
        )?;
        let tree = work.join(&kernel.source);

        let wanted = fragment(kernel);
        fs::write(work.join("fragment"), &wanted)?;
        make(
            &tree,
            &[
                &format!("KCONFIG_ALLCONFIG={}", work.join("fragment").display()),
                "allnoconfig",
            ],
        )?;
        let config = fs::read_to_string(tree.join(".config"))?;
        let unmet = unmet(&wanted, &config);
        if !unmet.is_empty() {
            bail!(
                "the final .config does not have what was asked for: {}",
                unmet.join(", ")
            );
        }
        make(&tree, &["bzImage"])?;

        let release = fs::read_to_string(tree.join("include/config/kernel.release"))
            .context("the build left no release")?;
        fs::rename(tree.join("arch/x86/boot/bzImage"), staging.join("vmlinuz"))?;
        fs::write(staging.join("config"), config)?;
        fs::remove_dir_all(&work)?;
        println!("{name}: built in {:.0} s", begin.elapsed().as_secs_f64());
        write_meta(staging, release.trim(), &version)
    })?;
    Ok(place)
}

fn make(tree: &Path, arguments: &[&str]) -> Result<()> {
    let jobs = std::thread::available_parallelism().map_or(1, |n| n.get());
    let mut command = Command::new("nice");
    // The bench runs under make and cargo, whose job servers are no business of this make.
    for variable in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CARGO_MAKEFLAGS"] {
        command.env_remove(variable);
    }
    command
        .args(["make", "-s", &format!("-j{jobs}"), "-C"])
        .arg(tree)
        .args(arguments);
    cache::check(&mut command)?;
    Ok(())
}

/// Options of the fragment that the configuration contradicts.
///
/// Kconfig silently drops an option whose dependencies are not met, and
/// silently adds one that another selects.
pub fn unmet(fragment: &str, config: &str) -> Vec<String> {
    let set: BTreeSet<&str> = config
        .lines()
        .filter(|line| line.starts_with("CONFIG_"))
        .collect();
    let mut unmet = Vec::new();
    for line in fragment.lines() {
        if let Some(option) = line
            .strip_prefix("# ")
            .and_then(|line| line.strip_suffix(" is not set"))
        {
            if set
                .iter()
                .any(|line| line.split_once('=').is_some_and(|(name, _)| name == option))
            {
                unmet.push(format!("{option} off"));
            }
        } else if line.starts_with("CONFIG_") && !set.contains(line) {
            unmet.push(line.to_owned());
        }
    }
    unmet
}
