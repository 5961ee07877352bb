//! What holds for all facts together.

use std::io;

use super::{Fact, Facts, Why, collect};
use crate::host::{Host, Kind, Live, Memory, Uname};

/// A host on which every file holds the same bytes, or none can be looked at.
struct Everywhere(io::Result<Vec<u8>>);

impl Everywhere {
    fn bytes(&self) -> io::Result<&[u8]> {
        match &self.0 {
            Ok(bytes) => Ok(bytes),
            Err(error) => Err(error.kind().into()),
        }
    }

    fn text(&self) -> io::Result<String> {
        Ok(String::from_utf8_lossy(self.bytes()?).into_owned())
    }
}

impl Host for Everywhere {
    fn read(&self, _: &str, limit: usize) -> io::Result<Vec<u8>> {
        Ok(self.bytes()?.iter().copied().take(limit).collect())
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Ok(vec![self.text()?])
    }

    fn stat(&self, _: &str) -> io::Result<(Kind, u64)> {
        self.bytes().map(|_| (Kind::File, u64::MAX))
    }

    fn link(&self, _: &str) -> io::Result<String> {
        self.text()
    }

    fn uname(&self) -> io::Result<Uname> {
        Ok(Uname {
            release: self.text()?,
            version: self.text()?,
            machine: self.text()?,
            nodename: self.text()?,
        })
    }

    fn is_live(&self) -> bool {
        false
    }
}

fn round_trip(facts: &Facts) -> Facts {
    serde_yaml::from_str(&serde_yaml::to_string(facts).unwrap()).unwrap()
}

#[test]
fn garbage_in_every_file_is_never_a_panic() {
    let mut garbage: Vec<Vec<u8>> = vec![
        b"".to_vec(),
        b"\n\n\n".to_vec(),
        b"\0".repeat(100),
        b"\xff\xfe\x80 \xc3\x28\n".repeat(40),
        b"\x1b[2J\x1b]0;owned\x07\r\n".repeat(40),
        b"9".repeat(1000),
        b"-9223372036854775808\n".to_vec(),
        b"a".repeat(100_000),
        b"\"\"''\\".to_vec(),
        b"\\04".to_vec(),
        b"\xc3\xa4\\\xc3\xa4\\00\xc3\xa4".to_vec(),
        b"1 1 1:1 / / rw - x x x\n1 1 1:1 / / rw - x x x\n".to_vec(),
        b"= [ ] : . # CONFIG_ is not set\nCONFIG_=\n".to_vec(),
        b"Limit Soft\nMax x\nMax\n".to_vec(),
        b"Uid:\t1\nCapEff:\tfffffffffffffffff\n".to_vec(),
        b"\x1f\x8b\x08\0\0\0\0\0\0\x03".to_vec(),
        b"\x9f\xeb\x01\0\xff\xff\xff\xff".to_vec(),
    ];
    // Bytes without a pattern, the same in each run.
    let mut state = 1_u64;
    for length in [7, 64, 999] {
        let bytes = std::iter::repeat_with(|| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            state.to_be_bytes()[0]
        });
        garbage.push(bytes.take(length).collect());
    }
    for bytes in garbage {
        let facts = collect(&Everywhere(Ok(bytes)));
        assert_eq!(round_trip(&facts), facts);
    }
}

#[test]
fn who_may_not_look_knows_nothing() {
    let facts = collect(&Everywhere(Err(io::ErrorKind::PermissionDenied.into())));
    for (key, fact) in &facts.observed {
        assert_eq!(fact.value(), None, "{key}");
    }
    for key in [
        "kernel.version",
        "config.BPF",
        "mount.bpf",
        "cgroup.mode",
        "btf.vmlinux",
    ] {
        let Fact::Unknown { reason, .. } = facts.get(key) else {
            panic!("{key} is known");
        };
        assert_eq!(reason.unknown, Why::Denied, "{key}");
    }
}

#[test]
fn facts_that_were_written_are_read_back() {
    for facts in [collect(&Memory::new()), collect(&Live), Facts::default()] {
        assert_eq!(round_trip(&facts), facts);
        let json = serde_json::to_string(&facts).unwrap();
        let read: Facts = serde_json::from_str(&json).unwrap();
        assert_eq!(read, facts);
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
}
