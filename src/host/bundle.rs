//! A bundle: what was asked of a host and what it answered, packed to be judged elsewhere.
//!
//! A tar archive packed with gzip: `manifest.yaml` with all answers, below `files` the bytes
//! of files at their own paths, and `probes.yaml` as whoever packed it gave it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::{Deserialize, Serialize};

use super::recorder::{Answer, Record, is_refusal, refused};
use super::stored::{digest, name_in_bundle};
use super::{Conflict, Host, Kind, Uname, in_a_line};
use crate::labels::Labels;

const SCHEMA: &str = "bpf-doctor/bundle/v1";
const MANIFEST: &str = "manifest.yaml";
const PROBES: &str = "probes.yaml";

/// More than a manifest with the paths of some ten thousand questions.
const MANIFEST_LIMIT: usize = 8 << 20;
/// More than any file a bundle has.
const FILE_LIMIT: usize = 64 << 20;

#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    schema: String,
    tool: String,
    collected_at: String,
    /// What told that time, where it was not the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dated_by: Option<String>,
    redacted: bool,
    #[serde(default, skip_serializing_if = "Labels::is_empty")]
    labels: Labels,
    #[serde(default)]
    uname: Option<Told<Uname>>,
    #[serde(default)]
    read: BTreeMap<String, Told<Stored>>,
    /// Single bytes of files that are not in here as a whole.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    byte: BTreeMap<String, BTreeMap<u64, Told<u8>>>,
    #[serde(default)]
    list: BTreeMap<String, Told<Vec<String>>>,
    #[serde(default)]
    stat: BTreeMap<String, Told<(Kind, u64)>>,
    #[serde(default)]
    link: BTreeMap<String, Told<String>>,
    #[serde(default)]
    origin: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    conflicts: Vec<Conflict>,
    /// Size and SHA-256 of files that are not in here as a whole.
    #[serde(default)]
    digest: BTreeMap<String, (usize, String)>,
    /// The last word, so that one that was cut short is known as such.
    #[serde(default)]
    complete: bool,
}

/// An answer, or a refusal: exactly one of them.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Told<T> {
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    is: Option<T>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
}

fn none<T>() -> Option<T> {
    None
}

/// Where the bytes of a file are.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Stored {
    /// The name in the bundle.
    file: String,
    bytes: usize,
    sha256: String,
    /// Whether the host has more of it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

impl Manifest {
    /// The first answer that is none, in words.
    fn wrong_answer(&self) -> Option<String> {
        fn of<'a, T>(
            kind: &'static str,
            told: impl IntoIterator<Item = (&'a String, &'a Told<T>)>,
        ) -> Option<String>
        where
            T: 'a,
        {
            told.into_iter().find_map(|(path, told)| {
                let problem = told.problem()?;
                Some(format!("{kind} of `{path}`: {problem}"))
            })
        }
        let uname = self.uname.iter().find_map(Told::problem);
        let byte = self.byte.iter().find_map(|(path, bytes)| {
            let problem = bytes.values().find_map(Told::problem)?;
            Some(format!("byte of `{path}`: {problem}"))
        });
        uname
            .map(|problem| format!("uname: {problem}"))
            .or_else(|| of("read", &self.read))
            .or(byte)
            .or_else(|| of("list", &self.list))
            .or_else(|| of("stat", &self.stat))
            .or_else(|| of("link", &self.link))
    }
}

impl<T> Told<T> {
    /// What is wrong with it, if anything is.
    fn problem(&self) -> Option<String> {
        match (&self.is, &self.refused) {
            (Some(_), None) => None,
            (None, Some(words)) if is_refusal(words) => None,
            (None, Some(words)) => {
                let shown: String = words.chars().take(40).collect();
                Some(format!(
                    "`refused` can't be `{shown}`: it is absent, denied, ended, malformed, no regular \
                     file, not held, or errno and a number"
                ))
            }
            (Some(_), Some(_)) => Some("it has both `is` and `refused`".to_owned()),
            (None, None) => Some("it has neither `is` nor `refused`".to_owned()),
        }
    }
}

impl<T: Clone> Told<T> {
    fn of(answer: &Answer<T>) -> Self {
        Self {
            is: answer.as_ref().ok().cloned(),
            refused: answer.as_ref().err().cloned(),
        }
    }

    fn answer(&self) -> io::Result<&T> {
        match (&self.is, &self.refused) {
            (Some(value), _) => Ok(value),
            (None, words) => Err(refused(words.as_deref().unwrap_or("not held"))),
        }
    }
}

/// What a bundle is made of, besides the answers.
#[derive(Debug, Clone)]
pub struct Packed<'a> {
    /// Version of the doctor.
    pub version: &'a str,
    /// When it was collected, RFC 3339, and in seconds.
    pub collected_at: (&'a str, u64),
    /// What told that time, where it was not the clock.
    pub dated_by: Option<&'a str>,
    /// Whether names were replaced.
    pub redacted: bool,
    /// What was said of the host.
    pub labels: &'a Labels,
    /// The outcomes of probes.
    pub probes: &'a str,
}

impl Packed<'_> {
    /// The bundle of these answers; the same bytes for the same answers.
    ///
    /// # Errors
    /// None that a record can cause; the writers' signatures ask for it.
    pub fn pack(&self, record: &Record) -> io::Result<Vec<u8>> {
        let mut files = BTreeMap::new();
        let manifest = self.manifest(record, &mut files);
        let manifest = crate::yaml::to_string(&manifest).map_err(io::Error::other)?;
        let packer = flate2::GzBuilder::new();
        let packer = packer.write(Vec::new(), flate2::Compression::best());
        let mut archive = tar::Builder::new(packer);
        self.append(&mut archive, MANIFEST, manifest.as_bytes())?;
        self.append(&mut archive, PROBES, self.probes.as_bytes())?;
        for (name, bytes) in files {
            self.append(&mut archive, &name, bytes)?;
        }
        archive.into_inner()?.finish()
    }

    fn append<W: Write>(
        &self,
        archive: &mut tar::Builder<W>,
        name: &str,
        bytes: &[u8],
    ) -> io::Result<()> {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.collected_at.1);
        archive.append_data(&mut header, format!("bpf-doctor-bundle/{name}"), bytes)
    }

    fn manifest<'r>(&self, record: &'r Record, files: &mut BTreeMap<String, &'r [u8]>) -> Manifest {
        let mut read = BTreeMap::new();
        for (number, (path, answer)) in record.reads.iter().enumerate() {
            let stored = answer.as_ref().map(|(bytes, cut)| {
                let file = name_in_bundle(path, number);
                files.insert(file.clone(), bytes);
                Stored {
                    file,
                    bytes: bytes.len(),
                    sha256: digest(bytes),
                    cut: *cut,
                }
            });
            let stored = stored.map_err(String::clone);
            read.insert(path.clone(), Told::of(&stored));
        }
        Manifest {
            schema: SCHEMA.to_owned(),
            tool: format!("bpf-doctor {}", self.version),
            collected_at: self.collected_at.0.to_owned(),
            dated_by: self.dated_by.map(str::to_owned),
            redacted: self.redacted,
            labels: self.labels.clone(),
            uname: record.uname.as_ref().map(Told::of),
            read,
            byte: record
                .bytes
                .iter()
                .map(|(path, bytes)| {
                    let bytes = bytes.iter().map(|(at, byte)| (*at, Told::of(byte)));
                    (path.clone(), bytes.collect())
                })
                .collect(),
            list: told(&record.lists),
            stat: told(&record.stats),
            link: told(&record.links),
            origin: record.origins.clone(),
            conflicts: record.conflicts.clone(),
            digest: record.digests.clone(),
            complete: true,
        }
    }
}

fn told<T: Clone>(answers: &BTreeMap<String, Answer<T>>) -> BTreeMap<String, Told<T>> {
    let answers = answers.iter();
    answers
        .map(|(path, answer)| (path.clone(), Told::of(answer)))
        .collect()
}

/// A host as a bundle has it. What was not asked when it was packed is not known.
pub struct Bundle {
    manifest: Manifest,
    files: Box<dyn Host>,
}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bundle").finish_non_exhaustive()
    }
}

impl Bundle {
    /// Whether the files of this host are a bundle.
    pub(super) fn is_one(files: &dyn Host) -> bool {
        let begin = files.read(&format!("/{MANIFEST}"), 100);
        begin.is_ok_and(|bytes| bytes.starts_with(b"schema: bpf-doctor/bundle/"))
    }

    /// Reads the manifest, and sees that all files are there as it tells.
    pub(super) fn open(files: Box<dyn Host>) -> Result<Self, String> {
        let bytes = files.read(&format!("/{MANIFEST}"), MANIFEST_LIMIT);
        let bytes = bytes.map_err(|error| format!("its {MANIFEST}: {error}"))?;
        let text = String::from_utf8_lossy(&bytes);
        let schema = text.lines().next().unwrap_or_default();
        let schema = schema.trim_start_matches("schema: ").trim();
        if schema != SCHEMA {
            let shown = in_a_line(schema, 60);
            return Err(format!(
                "it is a `{shown}`, made by a newer bpf-doctor; this one reads `{SCHEMA}`"
            ));
        }
        let manifest: Manifest = crate::yaml::from_str(&text).map_err(|error| {
            let error = error.to_string();
            let line = error.lines().next().unwrap_or_default();
            let line: String = line.chars().take(200).collect();
            format!("its {MANIFEST}: {line}")
        })?;
        if !manifest.complete {
            return Err(format!(
                "its {MANIFEST} has no `complete: true` at its end, so it was cut off"
            ));
        }
        if let Some(wrong) = manifest.wrong_answer() {
            return Err(format!("its {MANIFEST}: {wrong}"));
        }
        if crate::time::seconds(&manifest.collected_at).is_none() {
            let shown = in_a_line(&manifest.collected_at, 60);
            return Err(format!(
                "its {MANIFEST}: collected_at is no time: `{shown}`"
            ));
        }
        for stored in manifest.read.values().filter_map(|told| told.is.as_ref()) {
            let bytes = files.read(&format!("/{}", stored.file), FILE_LIMIT);
            let bytes = bytes.map_err(|error| format!("its file {}: {error}", stored.file))?;
            if digest(&bytes) != stored.sha256 {
                return Err(format!("its file {} was changed", stored.file));
            }
        }
        Ok(Self { manifest, files })
    }

    /// When it was collected, RFC 3339.
    pub(super) fn collected_at(&self) -> String {
        self.manifest.collected_at.clone()
    }

    /// What told that time, where it was not the clock.
    pub(super) fn dated_by(&self) -> Option<String> {
        self.manifest.dated_by.clone()
    }

    /// What was said of the host.
    pub(super) fn labels(&self) -> Labels {
        self.manifest.labels.clone()
    }

    /// The outcomes of probes, as they were written down.
    pub(super) fn probes(&self) -> Option<Vec<u8>> {
        self.files.read(&format!("/{PROBES}"), MANIFEST_LIMIT).ok()
    }
}

fn answer<'a, T: Clone>(answers: &'a BTreeMap<String, Told<T>>, path: &str) -> io::Result<&'a T> {
    match answers.get(path) {
        Some(told) => told.answer(),
        None => Err(io::ErrorKind::Unsupported.into()),
    }
}

impl Host for Bundle {
    fn conflicts(&self) -> Vec<Conflict> {
        self.manifest.conflicts.clone()
    }

    fn read(&self, path: &str, limit: usize) -> io::Result<Vec<u8>> {
        let stored = answer(&self.manifest.read, path)?;
        if stored.cut && stored.bytes < limit {
            return Err(io::ErrorKind::Unsupported.into());
        }
        self.files.read(&format!("/{}", stored.file), limit)
    }

    fn byte(&self, path: &str, at: u64) -> io::Result<u8> {
        let of_file = self.manifest.byte.get(path);
        match of_file.and_then(|bytes| bytes.get(&at)) {
            Some(told) => told.answer().copied(),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        answer(&self.manifest.list, path).cloned()
    }

    fn stat(&self, path: &str) -> io::Result<(Kind, u64)> {
        answer(&self.manifest.stat, path).copied()
    }

    fn link(&self, path: &str) -> io::Result<String> {
        answer(&self.manifest.link, path).cloned()
    }

    fn uname(&self) -> io::Result<Uname> {
        match &self.manifest.uname {
            Some(told) => told.answer().cloned(),
            None => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn is_live(&self) -> bool {
        false
    }

    fn origin(&self, path: &str) -> Option<String> {
        self.manifest.origin.get(path).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::archive;
    use crate::host::wanted::Wish;
    use crate::host::{Memory, Recorder};

    fn host() -> Memory {
        Memory::new()
            .with("/proc/cmdline", "ro quiet")
            .with("/odd/../x\n", "odd")
            .with("/sys/kernel/btf/vmlinux", [0x9f; 500])
            .with_link("/proc/self/ns/pid", "pid:[1]")
            .refusing("/proc/kcore", io::ErrorKind::PermissionDenied)
            .with_uname("6.1.0", "#1", "x86_64")
    }

    fn labels() -> Labels {
        let mut labels = Labels::default();
        labels.add("role=web").unwrap();
        labels
    }

    fn packed(host: &dyn Host) -> Vec<u8> {
        let recorder = Recorder::new(host);
        let _ = recorder.read("/proc/cmdline", 99);
        let _ = recorder.read("/odd/../x\n", 99);
        let _ = recorder.read("/sys/kernel/btf/vmlinux", 64);
        let _ = recorder.read("/proc/kcore", 64);
        let _ = recorder.read("/nowhere", 64);
        let _ = recorder.stat("/sys/kernel/btf/vmlinux");
        let _ = recorder.byte("/sys/kernel/btf/vmlinux", 400);
        let _ = recorder.byte("/sys/kernel/btf/vmlinux", 600);
        let _ = recorder.list("/sys/kernel");
        let _ = recorder.link("/proc/self/ns/pid");
        let _ = recorder.uname();
        let packed = Packed {
            version: "1",
            collected_at: ("1970-01-01T00:00:07Z", 7),
            dated_by: Some("sos_commands/date/date"),
            redacted: false,
            labels: &labels(),
            probes: "[]",
        };
        packed.pack(&recorder.finish()).unwrap()
    }

    fn unpacked(bytes: &[u8]) -> Result<Bundle, String> {
        let tree = archive::read(&|| Ok(bytes), archive::LIMITS, &|_| Wish::Bytes)?;
        assert!(Bundle::is_one(&tree));
        Bundle::open(Box::new(tree))
    }

    #[test]
    fn a_bundle_answers_as_the_host_did() {
        let bytes = packed(&host());
        assert_eq!(bytes, packed(&host()), "the same each time");
        let bundle = unpacked(&bytes).unwrap();
        assert_eq!(bundle.read("/proc/cmdline", 2).unwrap(), b"ro");
        assert_eq!(bundle.read("/odd/../x\n", 99).unwrap(), b"odd");
        let btf = "/sys/kernel/btf/vmlinux";
        assert_eq!(bundle.read(btf, 64).unwrap().len(), 64);
        assert_eq!(bundle.stat(btf).unwrap(), (Kind::File, 500));
        assert_eq!(bundle.byte(btf, 400).unwrap(), 0x9f);
        assert!(bundle.byte(btf, 600).is_err());
        let kind = bundle.byte(btf, 1).unwrap_err().kind();
        assert_eq!(kind, io::ErrorKind::Unsupported);
        assert_eq!(bundle.list("/sys/kernel").unwrap(), ["btf"]);
        assert_eq!(bundle.link("/proc/self/ns/pid").unwrap(), "pid:[1]");
        assert_eq!(bundle.uname().unwrap(), host().uname().unwrap());
        assert_eq!(bundle.probes().unwrap(), b"[]");
        assert_eq!(bundle.labels(), labels());
        assert_eq!(bundle.dated_by().as_deref(), Some("sos_commands/date/date"));
        for (path, limit, kind) in [
            ("/proc/kcore", 9, io::ErrorKind::PermissionDenied),
            ("/nowhere", 9, io::ErrorKind::NotFound),
            ("/never/asked", 9, io::ErrorKind::Unsupported),
            // More than was packed.
            (btf, 65, io::ErrorKind::Unsupported),
        ] {
            assert_eq!(bundle.read(path, limit).unwrap_err().kind(), kind, "{path}");
        }
        assert!(bundle.stat("/proc/cmdline").is_err());
    }

    #[test]
    fn a_bundle_that_was_changed_or_is_newer_is_refused() {
        let manifest = |schema: &str| format!("schema: {schema}\n");
        let read = "tool: x\ncollected_at: 2026-01-01T00:00:00Z\nredacted: false\nread: {/x: {is: {file: x, bytes: 1, sha256: '00'}}}\ncomplete: true\n";
        let v1 = manifest(SCHEMA);
        for (text, says) in [
            (manifest("bpf-doctor/bundle/v2"), "newer bpf-doctor"),
            (v1.clone(), "there is no `tool`"),
            (
                format!("{v1}{}", read.replace("complete: true\n", "")),
                "it was cut off",
            ),
            (format!("{v1}{read}"), "its file x: "),
            (
                format!("{v1}{}", read.replace("2026-01-01T00", "2026-02-30T00")),
                "collected_at is no time: `2026-02-30T00:00:00Z`",
            ),
            (
                format!("{v1}{}", read.replace("2026-01-01T00:00:00Z", "never")),
                "collected_at is no time: `never`",
            ),
            (
                format!("{v1}{}", read.replace("file: x", "file: manifest.yaml")),
                "was changed",
            ),
            (
                format!(
                    "{v1}{}link: {{/x: {{refused: nonsense}}}}\n",
                    read.replace("read", "list")
                        .replace("{file: x, bytes: 1, sha256: '00'}", "[x]")
                ),
                "link of `/x`: `refused` can't be `nonsense`",
            ),
            (
                format!("{v1}{read}link: {{/x: {{}}}}\n"),
                "link of `/x`: it has neither",
            ),
            (format!("{v1}a: &a [1]\nread: *a\n"), "manifest.yaml"),
        ] {
            let files = Memory::new().with("/manifest.yaml", &text);
            assert!(Bundle::is_one(&files));
            let problem = Bundle::open(Box::new(files)).unwrap_err();
            assert!(problem.contains(says), "{problem} instead of {says}");
        }
    }
}
