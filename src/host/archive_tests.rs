//! Archives in good and in bad faith.

use std::io::Write;

use super::*;
use crate::host::Host;

/// Small, so that a test of what is too much takes no time.
const SMALL: Limits = Limits {
    unpacked: 4 << 20,
    ratio: 50,
    ratio_from: 1 << 20,
    members: 50,
    nodes: 60,
    member: 64 << 10,
    begin: 1000,
    kept: 100 << 10,
    name: 300,
    ..LIMITS
};

fn header(kind: EntryType, name: &[u8], target: &str, size: u64) -> tar::Header {
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_mode(0o644);
    // As bytes: the setters refuse what a stranger may write.
    let bytes = header.as_old_mut();
    bytes.name[..name.len()].copy_from_slice(name);
    bytes.linkname[..target.len()].copy_from_slice(target.as_bytes());
    header.set_cksum();
    header
}

fn member(kind: EntryType, name: &str, target: &str, content: &[u8]) -> Vec<u8> {
    let size = content.len() as u64;
    let mut bytes = header(kind, name.as_bytes(), target, size)
        .as_bytes()
        .to_vec();
    bytes.extend(content);
    bytes.resize(bytes.len().next_multiple_of(512), 0);
    bytes
}

/// What archives end with.
fn ended(members: Vec<u8>) -> Vec<u8> {
    [members, vec![0; 1024]].concat()
}

fn file(name: &str, content: &[u8]) -> Vec<u8> {
    member(EntryType::Regular, name, "", content)
}

fn gz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8], preset: u32) -> Vec<u8> {
    let options = lzma_rust2::XzOptions::with_preset(preset);
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn unpack(packed: &[u8], limits: Limits, wanted: &dyn Fn(&str) -> Wish) -> Result<Tree, Problem> {
    read(&|| Ok(packed), limits, wanted)
}

fn problem(packed: &[u8]) -> String {
    unpack(packed, SMALL, &|_| Wish::Bytes).unwrap_err()
}

#[test]
fn members_are_read_however_they_are_packed() {
    let inner = "n".repeat(150);
    let long = format!("top/{inner}");
    let record = format!("path={long}-pax\n");
    let pax = format!("{} {record}", record.len() + 4);
    let archive = [
        member(EntryType::Directory, "top/", "", b""),
        file("./top/proc/version", b"Linux\n"),
        member(EntryType::Symlink, "top/link", "proc/version", b""),
        member(EntryType::Link, "top/hard", "top/proc/version", b""),
        member(EntryType::Char, "top/null", "", b""),
        file("top/var/log", &[b'x'; 70_000]),
        file("top/not-wanted", b"x"),
        member(EntryType::GNULongName, "././@LongLink", "", long.as_bytes()),
        file("short", b"gnu"),
        member(EntryType::XHeader, "x", "", pax.as_bytes()),
        file("short", b"pax"),
        vec![0; 1024],
    ]
    .concat();
    for packed in [archive.clone(), gz(&archive), xz(&archive, 9)] {
        let wanted = |path: &str| match path.contains("not-wanted") {
            true => Wish::Presence,
            false => Wish::Bytes,
        };
        let tree = unpack(&packed, SMALL, &wanted).unwrap();
        for path in ["/proc/version", "/link", "/hard"] {
            assert_eq!(tree.read(path, 100).unwrap(), b"Linux\n", "{path}");
        }
        assert_eq!(tree.stat("/var/log").unwrap().1, 70_000);
        for (path, limit) in [("/var/log", 70_000), ("/not-wanted", 1)] {
            let kind = tree.read(path, limit).unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::Unsupported);
        }
        assert_eq!(tree.read("/var/log", 2).unwrap(), b"xx");
        assert_eq!(tree.read(&format!("/{inner}"), 9).unwrap(), b"gnu");
        assert_eq!(tree.read(&format!("/{inner}-pax"), 9).unwrap(), b"pax");
    }
}

#[test]
fn hostile_archives_end_in_a_clear_line() {
    let zeros = vec![0; 3 << 20];
    let endless = header(EntryType::Regular, b"x", "", u64::MAX / 2)
        .as_bytes()
        .to_vec();
    let many = file("x", b"").repeat(60);
    let big = (0..3)
        .flat_map(|i| file(&format!("{i}"), &[b'x'; 60_000]))
        .collect::<Vec<_>>();
    let name = member(EntryType::GNULongName, "l", "", &[b'n'; 400]);
    let mut broken = gz(&file("x", b"abc"));
    broken.truncate(broken.len() / 2);
    let mut wrong = file("x", b"abc");
    wrong[0] = b'y';
    let disk = |at: usize, mark: &[u8]| [&vec![0; at], mark, &[0; 900]].concat();
    for (packed, says) in [
        (Vec::new(), "it is empty"),
        (b"nothing of an archive".to_vec(), "it is no archive"),
        (vec![0; 2000], "it is no archive"),
        (
            b"QFI\xfb\x00\x00\x00\x03".to_vec(),
            "it is the image of a disk",
        ),
        (disk(510, &[0x55, 0xaa]), "it is the image of a disk"),
        (disk(1080, &[0x53, 0xef]), "it is the image of a disk"),
        (disk(32769, b"CD001"), "it is the image of a CD"),
        (b"7z\xbc\xaf\x27\x1c\0\x04".to_vec(), "packed with 7-Zip"),
        (
            b"\x8c\x0d\x04\x09\x03\x02".to_vec(),
            "encrypted with OpenPGP",
        ),
        (
            b"\x85\x01\x0c\x03abcdefgh".to_vec(),
            "encrypted with OpenPGP",
        ),
        (
            b"\xc1\xc0\x4c\x03abcdefgh".to_vec(),
            "encrypted with OpenPGP",
        ),
        (
            b"-----BEGIN PGP MESSAGE-----\n\nhQ".to_vec(),
            "encrypted with OpenPGP",
        ),
        (
            b"PK\x03\x04abc".to_vec(),
            "it is packed with zip: unpack it",
        ),
        (
            b"schema: bpf-doctor/report/v1\n".to_vec(),
            "it is a saved report: --from reads those",
        ),
        (
            gz(b"schema: bpf-doctor/report/v1\n"),
            "it is a saved report: --from reads those",
        ),
        (
            gz(b"{\n  \"schema\": \"bpf-doctor/report/v1\"\n}"),
            "it is a saved report: --from reads those",
        ),
        (
            xz(b"schema: bpf-doctor/report/v1\n", 1),
            "it is a saved report: unpack it, and --from reads it",
        ),
        (b"BZh91AY".to_vec(), "bzip2"),
        (
            file("../../etc/passwd", b"x"),
            "`../../etc/passwd` leads out",
        ),
        (file("a/../../b", b"x"), "leads out"),
        (file("/etc/passwd", b"x"), "`/etc/passwd` leads out"),
        (
            member(EntryType::Link, "x", "/etc/passwd", b""),
            "leads out",
        ),
        (
            gz(&file("zeros", &zeros)),
            "more than 50 times its size, in its member `zeros` of 3 MiB; unpack it",
        ),
        (xz(&file("zeros", &zeros), 1), "more than 50 times its size"),
        (
            [file("x", b"x"), file("zeros", &vec![0; 5 << 20])].concat(),
            "more than 4 MiB, in its member `zeros` of 5 MiB; unpack it, and name the directory",
        ),
        (endless.repeat(2), "it is "),
        (many.repeat(2), "more than 50 members"),
        (big, "files to read in it"),
        (name, "a name in it has more than 300 bytes"),
        (broken, "it is cut short"),
        (
            gz(b"no tar inside"),
            "what is packed in it is no tar archive",
        ),
        (
            gz(b"#\n# Linux/x86 6.1.0 Kernel Configuration\n"),
            "it is a kernel config: --config reads those",
        ),
        (
            b"CONFIG_A=y\n".to_vec(),
            "it is a kernel config: --config reads those",
        ),
        (
            file("x", b"abc"),
            "it is cut short: the mark at the end of an archive is missing",
        ),
        (wrong, "it is damaged"),
    ] {
        let said = problem(&packed);
        assert!(said.contains(says), "{said} instead of {says}");
        assert_eq!(said.lines().count(), 1);
    }
}

#[test]
fn a_host_with_very_many_files_is_read_for_the_few_that_matter() {
    let many: Vec<u8> = (0..49)
        .flat_map(|number| file(&format!("usr/share/{number}"), b""))
        .collect();
    let few = Limits { nodes: 3, ..SMALL };
    let packed = ended([many, file("etc/os-release", b"ID=x")].concat());
    let tree = unpack(&packed, few, &crate::host::wanted::wish).unwrap();
    assert_eq!(tree.list("/").unwrap(), ["etc"]);
    let all = unpack(&packed, few, &|_| Wish::Presence).unwrap_err();
    assert_eq!(
        all,
        "it has more than 3 members to keep; unpack it, and name the directory"
    );
}

#[test]
fn the_root_itself_may_be_a_member() {
    for name in ["/", "./", ".", "//"] {
        let root = member(EntryType::Directory, name, "", b"");
        let packed = ended([root, file("./etc/os-release", b"ID=x")].concat());
        let tree = unpack(&packed, SMALL, &|_| Wish::Bytes).unwrap();
        assert_eq!(tree.read("/etc/os-release", 9).unwrap(), b"ID=x", "{name}");
        assert_eq!(tree.list("/").unwrap(), ["etc"], "{name}");
    }
}

#[test]
fn what_was_damaged_behind_the_end_of_an_archive_is_noticed() {
    let mut plain = file("etc/os-release", b"ID=x");
    plain.resize(10240, 0);
    let all = |_: &str| Wish::Bytes;
    for (name, packed) in [("gzip", gz(&plain)), ("xz", xz(&plain, 1))] {
        assert!(unpack(&packed, SMALL, &all).is_ok(), "{name}");
        let cut = &packed[..packed.len() - 6];
        assert_eq!(problem(cut), "it is cut short", "{name}");
    }
    let mut packed = gz(&plain);
    let sum = packed.len() - 8;
    packed[sum] ^= 1;
    assert!(problem(&packed).starts_with("it is damaged"), "gzip");
    // Stored, so that a changed byte is a changed file, and nothing else.
    let mut stored = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    stored.write_all(&plain).unwrap();
    let mut stored = stored.finish().unwrap();
    let at = stored
        .windows(4)
        .position(|bytes| bytes == b"ID=x")
        .unwrap();
    stored[at + 3] = b'y';
    assert!(problem(&stored).starts_with("it is damaged"), "stored");
}

#[test]
fn a_decoder_that_asks_for_much_memory_gets_none() {
    let limits = Limits {
        xz_memory: 100,
        ..SMALL
    };
    let packed = xz(&file("x", b"abc"), 6);
    let said = unpack(&packed, limits, &|_| Wish::Bytes).unwrap_err();
    assert!(said.starts_with("unpacking it takes more memory"), "{said}");
}

#[test]
fn zeros_may_stand_behind_what_is_packed_and_nothing_else_may() {
    let all = |_: &str| Wish::Bytes;
    let whole = ended(file("etc/os-release", b"ID=x"));
    let (first, second) = whole.split_at(700);
    let padded = |packed: Vec<u8>| [packed, vec![0; 70_000]].concat();
    for packed in [
        padded(gz(&whole)),
        [gz(first), gz(second)].concat(),
        [padded(gz(first)), gz(second)].concat(),
    ] {
        let tree = unpack(&packed, SMALL, &all).unwrap();
        assert_eq!(tree.read("/etc/os-release", 9).unwrap(), b"ID=x");
    }
    let said = problem(&[gz(&whole), b"garbage".to_vec()].concat());
    assert!(said.contains("something else stands behind"), "{said}");
}

#[test]
fn the_end_of_an_archive_has_its_mark_or_a_packer_to_prove_it() {
    let whole = file("etc/os-release", b"ID=x");
    let all = |_: &str| Wish::Bytes;
    for (packed, is_whole) in [
        (whole.clone(), false),
        // One block of two is what some programs write.
        ([whole.clone(), vec![0; 512]].concat(), true),
        (ended(whole.clone()), true),
        (gz(&whole), true),
        (xz(&whole, 1), true),
        ([whole.clone(), vec![0; 100]].concat(), false),
    ] {
        assert_eq!(unpack(&packed, SMALL, &all).is_ok(), is_whole);
    }
}

#[test]
fn lists_of_holes_that_make_no_sense_end_in_a_clear_line() {
    let record = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        format!("{}{rest}", rest.len() + 2)
    };
    let pax = |inside: &[u8]| {
        let records = record("GNU.sparse.major", "1") + &record("GNU.sparse.realsize", "9");
        ended(
            [
                member(EntryType::XHeader, "x", "", records.as_bytes()),
                file("x", inside),
            ]
            .concat(),
        )
    };
    for (inside, says) in [
        (&b"x"[..], "it is cut short"),
        (&[b'x'; 512], "its list of holes makes no sense"),
        (&[b'9'; 512], "its list of holes makes no sense"),
        (b"99999999\n", "it is cut short"),
    ] {
        let said = problem(&pax(inside));
        assert!(said.contains(says), "{said} instead of {says}");
    }
    let mut many = b"99999999\n".to_vec();
    many.resize(512, b'0');
    assert!(problem(&pax(&many)).contains("too many holes"));
    let mut backwards = b"2\n5\n2\n1\n2\n".to_vec();
    backwards.resize(1024, b'0');
    assert!(problem(&pax(&backwards)).contains("makes no sense"));
}

#[test]
fn the_oldest_format_has_no_mark_but_its_check_sum() {
    let mut header = tar::Header::new_old();
    header.set_path("etc/os-release").unwrap();
    header.set_size(4);
    header.set_cksum();
    let mut packed = header.as_bytes().to_vec();
    packed.extend(b"ID=x");
    packed.resize(1024, 0);
    let tree = unpack(&ended(packed), SMALL, &|_| Wish::Bytes).unwrap();
    assert_eq!(tree.read("/etc/os-release", 9).unwrap(), b"ID=x");
}
