//! Kinds of BTF, by giving the kernel a type of each.

use std::os::fd::OwnedFd;

use super::Reply;
use super::programs::Desk;
use crate::probes::errno::Code;
use crate::probes::sys::plain;

/// The strings of each blob: the name of a type, that of a section.
const STRINGS: &[u8] = b"\0a\0.bss\0";
const NAME: u32 = 1;
const SECTION: u32 = 3;

/// A number of four bytes, the first type of each blob.
const NUMBER: [u32; 4] = [NAME, 1 << 24, 4, 32];

/// Tries a kind, by its number (`BTF_KIND_*` in include/uapi/linux/btf.h).
pub(super) fn try_kind(desk: &mut Desk, kind: u32) -> Reply {
    if !desk.takes_btf {
        if let Err(code) = of_a_number() {
            return Reply::refused(code, |code| Reply::No(code.to_string()));
        }
        desk.takes_btf = true;
    }
    let Some(words) = types(kind) else {
        return Reply::Unknown("no type of this kind is known".to_owned());
    };
    match plain::load_btf(&blob(&words)) {
        Ok(_btf) => Reply::Yes,
        Err(code) => Reply::refused(code, |code| Reply::No(code.to_string())),
    }
}

/// Gives the kernel BTF of a number alone, its type 1.
pub(super) fn of_a_number() -> Result<OwnedFd, Code> {
    plain::load_btf(&blob(&[]))
}

/// The types from 2 on, the last of which has this kind.
fn types(kind: u32) -> Option<Vec<u32>> {
    let head = |name: u32, count: u32, size_or_type: u32| [name, kind << 24 | count, size_or_type];
    let with = |head: [u32; 3], rest: &[u32]| [&head[..], rest].concat();
    let prototype = [0, 13 << 24, 0];
    Some(match kind {
        // INT
        1 => NUMBER.to_vec(),
        // PTR, VOLATILE, CONST, RESTRICT: of the number.
        2 | 9 | 10 | 11 => head(0, 0, 1).to_vec(),
        // ARRAY of one.
        3 => with(head(0, 0, 0), &[1, 1, 1]),
        // STRUCT, UNION: of the number.
        4 | 5 => with(head(NAME, 1, 4), &[NAME, 1, 0]),
        // ENUM
        6 => with(head(NAME, 1, 4), &[NAME, 0]),
        // FWD
        7 => head(NAME, 0, 0).to_vec(),
        // TYPEDEF
        8 => head(NAME, 0, 1).to_vec(),
        // FUNC of a FUNC_PROTO without arguments.
        12 => [prototype, head(NAME, 0, 2)].concat(),
        13 => prototype.to_vec(),
        // VAR, static.
        14 => with(head(NAME, 0, 1), &[0]),
        // DATASEC of a VAR.
        15 => [
            &[NAME, 14 << 24, 1, 0][..],
            &head(SECTION, 1, 4),
            &[2, 0, 4],
        ]
        .concat(),
        // FLOAT
        16 => head(NAME, 0, 4).to_vec(),
        // DECL_TAG at a struct.
        17 => [
            &[NAME, 4 << 24 | 1, 4, NAME, 1, 0][..],
            &head(NAME, 0, 2),
            &[u32::MAX],
        ]
        .concat(),
        // TYPE_TAG
        18 => head(NAME, 0, 1).to_vec(),
        // ENUM64
        19 => with(head(NAME, 1, 8), &[NAME, 0, 0]),
        _ => return None,
    })
}

/// BTF of the number and these types (`struct btf_header`).
fn blob(types: &[u32]) -> Vec<u8> {
    let length = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
    let types: Vec<u8> = NUMBER
        .iter()
        .chain(types)
        .flat_map(|word| word.to_ne_bytes())
        .collect();
    let mut bytes = 0xeb9f_u16.to_ne_bytes().to_vec();
    bytes.extend([1, 0]);
    let end = length(types.len());
    for word in [24, 0, end, end, length(STRINGS.len())] {
        bytes.extend(word.to_ne_bytes());
    }
    bytes.extend(types);
    bytes.extend(STRINGS);
    bytes
}
