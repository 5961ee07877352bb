//! Compiles the BPF programs of `probes/` with clang into `OUT_DIR`, from where
//! `src/probes` includes them, and makes JSON of checks.yaml, which a parser reads faster.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a build script talks to cargo on standard output, reads cargo's environment and runs clang"
)]

use std::env;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context as _;
use anyhow::Result;
use anyhow::bail;
use libbpf_cargo::SkeletonBuilder;

/// What every program is compiled with, besides what libbpf-cargo adds by itself
/// (`-g -O2 -target bpf` and libbpf's own headers).
const CLANG_ARGS: [&str; 3] = [
    // The first instruction set: what it compiles to loads on every kernel, while clang 20
    // and later take one by default that needs Linux 5.1.
    "-mcpu=v1",
    "-Wall",
    // Only probes/probe.h and libbpf's headers are included, none of the system's: the
    // programs compile on a machine without kernel headers.
    "-nostdinc",
];

fn main() {
    if let Err(error) = build() {
        // Cargo shows each of these as an error of its own and ends the build.
        for line in format!("{error:#}").lines() {
            println!("cargo::error={line}");
        }
    }
}

/// Compiles every program.
fn build() -> Result<()> {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").context("cargo sets it")?);
    let out = PathBuf::from(env::var_os("OUT_DIR").context("cargo sets it")?);
    let clang = env::var_os("CLANG").unwrap_or_else(|| "clang".into());
    println!("cargo::rerun-if-env-changed=CLANG");
    // A folder stands for all files in it, so that a changed header counts as well.
    println!("cargo::rerun-if-changed=probes");
    println!("cargo::rerun-if-changed=checks.yaml");
    convert(&root.join("checks.yaml"), &out.join("checks.json"))?;

    let version = Command::new(&clang)
        .arg("--version")
        .stdout(Stdio::null())
        .status();
    if version.is_err() {
        bail!(
            "`{}`, which compiles the BPF programs of probes/, is missing: install it with \
             `apt-get install clang` or `make setup`, or name another one in CLANG",
            clang.to_string_lossy()
        );
    }
    for source in programs(&root.join("probes"))? {
        let name = source.file_name().context("a listed file has a name")?;
        SkeletonBuilder::new()
            .source(&source)
            .obj(out.join(name).with_extension("o"))
            .clang(&clang)
            .clang_args(CLANG_ARGS)
            .build()?;
    }
    Ok(())
}

/// Makes JSON of a file of YAML, its aliases replaced by what they stand for. Whether it is a
/// catalogue is looked at by who reads it.
fn convert(yaml: &Path, json: &Path) -> Result<()> {
    let text = fs::read_to_string(yaml).with_context(|| yaml.display().to_string())?;
    let value: serde_json::Value =
        serde_yaml::from_str(&text).with_context(|| yaml.display().to_string())?;
    fs::write(json, value.to_string()).with_context(|| json.display().to_string())
}

/// The BPF programs in `folder`, in a fixed order.
fn programs(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in folder
        .read_dir()
        .with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry?.path();
        if path.to_string_lossy().ends_with(".bpf.c") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
