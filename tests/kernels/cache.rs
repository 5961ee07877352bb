//! What is expensive is kept outside the checkout, by the digest of its recipe.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use nix::fcntl::{Flock, FlockArg};

/// The folder of everything kept: kernels, guest userland, package lists.
pub fn root() -> Result<PathBuf> {
    let base = if let Some(path) = std::env::var_os("BPF_DOCTOR_CACHE") {
        PathBuf::from(path)
    } else if let Some(path) = std::env::var_os("XDG_CACHE_HOME") {
        PathBuf::from(path).join("bpf-doctor")
    } else {
        let home = std::env::var_os("HOME")
            .context("none of BPF_DOCTOR_CACHE, XDG_CACHE_HOME and HOME is set")?;
        PathBuf::from(home).join(".cache/bpf-doctor")
    };
    let root = base.join("kernels");
    fs::create_dir_all(&root).with_context(|| format!("creating {}", root.display()))?;
    Ok(root)
}

/// A digest of what makes a thing what it is.
pub fn digest(parts: &[&str]) -> Result<String> {
    let mut child = Command::new("sha256sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .context("starting sha256sum")?;
    if let Some(mut input) = child.stdin.take() {
        for part in parts {
            // The length keeps ["ab", "c"] apart from ["a", "bc"].
            writeln!(input, "{}", part.len())?;
            input.write_all(part.as_bytes())?;
        }
    }
    let output = child.wait_with_output()?;
    let text = String::from_utf8(output.stdout)?;
    match text.get(..20) {
        Some(digest) if output.status.success() => Ok(digest.to_owned()),
        _ => bail!("sha256sum gave no digest"),
    }
}

/// The folder `place`, made by `make` unless it is there already.
///
/// It is made beside its place and moved there whole, so that neither a kill
/// nor a second bench at the same time can leave half of it.
pub fn once(place: &Path, make: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    if place.is_dir() {
        return Ok(());
    }
    sweep(place);
    let staging = scratch(place)?;
    let made = make(&staging);
    if made.is_ok() && fs::rename(&staging, place).is_err() && !place.is_dir() {
        bail!("cannot move {} to {}", staging.display(), place.display());
    }
    // Gone already when it was moved.
    let _ = fs::remove_dir_all(&staging);
    made
}

/// Removes what a killed bench left half made: a kernel's tree is gigabytes.
fn sweep(place: &Path) {
    for entry in place
        .parent()
        .map(fs::read_dir)
        .into_iter()
        .flatten()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        let maker = name
            .split('.')
            .nth(1)
            .and_then(|pid| pid.parse::<u32>().ok());
        if maker.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// A new empty folder beside `place`.
pub fn scratch(place: &Path) -> Result<PathBuf> {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = place
        .file_name()
        .context("a place needs a name")?
        .to_string_lossy();
    let staging = place.with_file_name(format!("{name}.{}.{count}", std::process::id()));
    fs::create_dir_all(&staging).with_context(|| format!("creating {}", staging.display()))?;
    Ok(staging)
}

/// Held until it is dropped: nobody else does the same meanwhile, whatever container they are in.
#[derive(Debug)]
pub struct Alone(#[expect(dead_code, reason = "it is there to be dropped")] Flock<fs::File>);

/// Waits until nobody else has `folder`; `why` is told when that takes time.
pub fn alone(folder: &Path, why: &str) -> Result<Alone> {
    let path = folder.join("lock");
    let open = || {
        let mut options = fs::OpenOptions::new();
        let file = options.create(true).append(true).open(&path);
        file.with_context(|| format!("opening {}", path.display()))
    };
    let lock = match Flock::lock(open()?, FlockArg::LockExclusiveNonblock) {
        Ok(lock) => lock,
        Err(_) => {
            println!("{why}: waiting for {}", path.display());
            Flock::lock(open()?, FlockArg::LockExclusive)
                .map_err(|(_, error)| error)
                .with_context(|| format!("locking {}", path.display()))?
        }
    };
    Ok(Alone(lock))
}

/// The file with these bytes: whole, or as it was.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    fs::write(&new, bytes).with_context(|| format!("writing {}", new.display()))?;
    fs::rename(&new, path).with_context(|| format!("writing {}", path.display()))
}

/// A digest of a file's bytes.
pub fn digest_of(path: &Path) -> Result<String> {
    let text = check(Command::new("sha256sum").arg("--").arg(path))?;
    let digest = text.split_whitespace().next();
    digest
        .map(str::to_owned)
        .context("sha256sum gave no digest")
}

/// Runs a command to its end; on failure the error carries the end of its output.
pub fn check(command: &mut Command) -> Result<String> {
    let what = format!("{command:?}");
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("starting {what}"))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let tail: Vec<&str> = errors.lines().rev().take(15).collect();
        let tail: Vec<&str> = tail.into_iter().rev().collect();
        bail!("{what}: {}\n{}", output.status, tail.join("\n"));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
