//! Where the kernel's own BTF names what programs are attached to: one look through it for all
//! names at once, because it is megabytes long.

use std::collections::HashMap;

use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat::Mode;
use nix::unistd;

/// Where the kernel shows its types.
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// More than this no kernel's BTF has been seen to take (6 MB with debug options), by far.
const MOST_BYTES: usize = 64 << 20;

/// The kinds that are looked for (`include/uapi/linux/btf.h`).
const KIND_TYPEDEF: u32 = 8;
const KIND_FUNC: u32 = 12;

/// The kernel's functions and typedefs of some names, by name.
#[derive(Debug)]
pub(super) struct KernelTypes(HashMap<&'static str, u32>);

/// Why nothing is known of the kernel's types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NoTypes {
    /// The file could not be opened or read.
    Unreadable(Errno),
    /// It is not BTF of this machine's byte order, or ends too early.
    Malformed,
}

impl KernelTypes {
    /// Reads the kernel's BTF and looks for these names.
    pub(super) fn read(names: &[&'static str]) -> Result<Self, NoTypes> {
        let btf = whole_file(VMLINUX).map_err(NoTypes::Unreadable)?;
        Self::parse(&btf, names).ok_or(NoTypes::Malformed)
    }

    /// The id of a function or typedef of this name.
    pub(super) fn id(&self, name: &str) -> Option<u32> {
        self.0.get(name).copied()
    }

    fn parse(btf: &[u8], names: &[&'static str]) -> Option<Self> {
        let word = |at: usize| Some(u32::from_ne_bytes(*btf.get(at..)?.first_chunk::<4>()?));
        if u16::from_ne_bytes(*btf.first_chunk::<2>()?) != 0xeb9f {
            return None;
        }
        let header = word(4)? as usize;
        let section = |at: usize| {
            let start = header.checked_add(word(at)? as usize)?;
            let end = start.checked_add(word(at + 4)? as usize)?;
            btf.get(start..end)
        };
        let (mut types, strings) = (section(8)?, section(16)?);
        let mut found = HashMap::new();
        // 0 is void, which is not written down.
        let mut id = 0_u32;
        while let Some((head, rest)) = types.split_first_chunk::<12>() {
            id += 1;
            let [n0, n1, n2, n3, i0, i1, i2, i3, ..] = *head;
            let info = u32::from_ne_bytes([i0, i1, i2, i3]);
            let kind = info >> 24 & 0x1f;
            if matches!(kind, KIND_TYPEDEF | KIND_FUNC) {
                let name = u32::from_ne_bytes([n0, n1, n2, n3]) as usize;
                if let Some(name) = one_of(strings.get(name..)?, names) {
                    // A static function may bear the name, too; the first one is as good.
                    found.entry(name).or_insert(id);
                }
            }
            types = rest.get(details(kind, info & 0xffff)?..)?;
        }
        Some(Self(found))
    }
}

/// How many bytes follow the head of a type, by its kind and how many members it has.
fn details(kind: u32, members: u32) -> Option<usize> {
    let members = members as usize;
    Some(match kind {
        // Pointer, forward, typedef, volatile, const, restrict, function, float, type tag.
        2 | 7 | 8 | 9 | 10 | 11 | 12 | 16 | 18 => 0,
        // Integer, variable, declaration tag.
        1 | 14 | 17 => 4,
        // Array.
        3 => 12,
        // Structure, union, section, enumeration of 64 bits.
        4 | 5 | 15 | 19 => 12 * members,
        // Enumeration, prototype.
        6 | 13 => 8 * members,
        _ => return None,
    })
}

/// Which of the names the text that begins here is, up to its closing zero.
fn one_of(text: &[u8], names: &[&'static str]) -> Option<&'static str> {
    // All names looked for begin so; most of the kernel's do not.
    if !matches!(text.first(), Some(b'b' | b's')) {
        return None;
    }
    names.iter().copied().find(|name| {
        text.strip_prefix(name.as_bytes())
            .is_some_and(|rest| rest.first() == Some(&0))
    })
}

/// A file of the kernel, whole.
pub(super) fn whole_file(path: &str) -> Result<Vec<u8>, Errno> {
    let file = fcntl::open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let size = nix::sys::stat::fstat(&file).map_or(0, |stat| stat.st_size);
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or(0).min(MOST_BYTES));
    let mut chunk = vec![0; 256 << 10];
    while bytes.len() < MOST_BYTES {
        match unistd::read(&file, &mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend(chunk.iter().take(count)),
            Err(Errno::EINTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Err(Errno::EFBIG)
}

/// A short file of the kernel, as text without space around it.
pub(super) fn short_file(path: &str) -> Result<String, Errno> {
    let file = fcntl::open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let mut text = vec![0; 4096];
    let count = unistd::read(&file, &mut text)?;
    text.truncate(count);
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BTF of a structure with a member, a function `bpf_x` and a typedef `bpf_xy`.
    fn sample() -> Vec<u8> {
        let strings = b"\0bpf_x\0bpf_xy\0";
        let mut types: Vec<u32> = Vec::new();
        types.extend([0, 4 << 24 | 1, 4, 0, 0, 0]);
        types.extend([1, 12 << 24, 0]);
        types.extend([7, 8 << 24, 1]);
        let length = u32::try_from(types.len() * 4).unwrap();
        let mut btf = Vec::new();
        btf.extend(0xeb9f_u16.to_ne_bytes());
        btf.extend([1, 0]);
        for word in [24, 0, length, length, u32::try_from(strings.len()).unwrap()] {
            btf.extend(word.to_ne_bytes());
        }
        btf.extend(types.iter().flat_map(|word| word.to_ne_bytes()));
        btf.extend(strings);
        btf
    }

    #[test]
    fn names_are_found_whole_and_by_id() {
        let types = KernelTypes::parse(&sample(), &["bpf_x", "bpf_xy", "bpf_"]).unwrap();
        assert_eq!(types.id("bpf_x"), Some(2));
        assert_eq!(types.id("bpf_xy"), Some(3));
        assert_eq!(types.id("bpf_"), None);
    }

    #[test]
    fn what_is_cut_short_or_foreign_is_refused() {
        let whole = sample();
        for length in 0..whole.len() {
            assert!(KernelTypes::parse(&whole[..length], &["bpf_x"]).is_none());
        }
        let mut swapped = whole;
        swapped.swap(0, 1);
        assert!(KernelTypes::parse(&swapped, &[]).is_none());
    }
}
