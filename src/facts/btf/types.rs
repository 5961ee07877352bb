//! The types in BTF, one after another: enough of each to know the names a kernel has.
//!
//! The format is that of `include/uapi/linux/btf.h`. Nothing in the bytes is trusted: a type
//! that does not fit into them ends the walk, and a name that is none is empty.

use std::str;

use super::Header;

/// The most bytes of BTF that are read: many times those of the largest kernels.
pub const LIMIT: usize = 64 << 20;

/// The types of one blob of BTF, borrowed from its bytes.
#[derive(Debug, Clone, Copy)]
pub struct Types<'btf> {
    types: &'btf [u8],
    strings: &'btf [u8],
    little: bool,
    /// What ids and offsets of names begin with: those before belong to the kernel's own BTF.
    base: Base,
}

/// How much of the kernel's own BTF lies before that of a module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Base {
    /// The id of the module's first type.
    pub id: u32,
    /// The offset of the module's first string.
    pub string: u32,
}

impl Base {
    /// BTF that builds on none: type 0 is void, and is nowhere.
    const NONE: Self = Self { id: 1, string: 0 };
}

/// A type, as far as its name goes.
#[derive(Debug, Clone, Copy)]
pub struct Type<'btf> {
    /// Its id, by which others refer to it.
    pub id: u32,
    /// What it is.
    pub kind: Kind<'btf>,
    of: Types<'btf>,
    /// The offset of its name.
    name: u32,
}

/// What a type is, where that matters here.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'btf> {
    /// An enum; its values can be asked for.
    Enum(Members<'btf>),
    /// A function.
    Function,
    /// A structure: its size in bytes, and its members.
    Structure(u32, Members<'btf>),
    /// Another name of a type.
    Typedef,
    /// A note about the type with this id, or about one of its parts (`component` from 0 on).
    Tag {
        /// The type it is about.
        of: u32,
        /// The part it is about; -1 is the whole.
        component: i32,
    },
    /// Anything else.
    Other,
}

/// The values of an enum, or the members of a structure.
#[derive(Debug, Clone, Copy)]
pub struct Members<'btf> {
    of: Types<'btf>,
    bytes: &'btf [u8],
    /// Bytes of one: 8 of a value, 12 of one of 64 bits and of a structure's member.
    each: usize,
}

impl<'btf> Types<'btf> {
    /// The types of a kernel's own BTF.
    ///
    /// # Errors
    /// What is wrong with the header, in words.
    pub fn parse(bytes: &'btf [u8]) -> Result<Self, String> {
        Self::after(bytes, Base::NONE)
    }

    /// The types of a module's BTF, which builds on that of its kernel.
    ///
    /// # Errors
    /// As [`Types::parse`].
    pub fn after(bytes: &'btf [u8], base: Base) -> Result<Self, String> {
        let header = Header::parse(bytes)?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        header.check(size, base != Base::NONE)?;
        let part = |offset: u32, length: u32| {
            let start = header.length as usize + offset as usize;
            bytes.get(start..start + length as usize)
        };
        let parts = (
            part(header.type_offset, header.type_length),
            part(header.string_offset, header.string_length),
        );
        let (Some(types), Some(strings)) = parts else {
            return Err("it ends too early".to_owned());
        };
        Ok(Self {
            types,
            strings,
            little: bytes.first() == Some(&0x9f),
            base,
        })
    }

    /// All types in the order of their ids, up to the first that makes no sense.
    pub fn iter(self) -> Walk<'btf> {
        Walk {
            of: self,
            rest: self.types,
            id: self.base.id,
        }
    }

    /// What a module's BTF begins after.
    #[must_use]
    pub fn end(self) -> Base {
        let last = self.iter().last().map_or(0, |last| last.id);
        let length = u32::try_from(self.strings.len()).unwrap_or(u32::MAX);
        Base {
            id: last.saturating_add(1),
            string: self.base.string.saturating_add(length),
        }
    }

    /// The first type of these bytes (`struct btf_type` and what comes with its kind), and the
    /// bytes after it.
    fn first(self, bytes: &'btf [u8], id: u32) -> Option<(Type<'btf>, &'btf [u8])> {
        let name = self.number(bytes, 0)?;
        let info = self.number(bytes, 4)?;
        let size_or_type = self.number(bytes, 8)?;
        let rest = bytes.get(12..)?;
        let count = (info & 0xffff) as usize;
        let length = match (info >> 24) & 0x1f {
            // Pointers and qualifiers, forward declarations, functions, floats, type tags.
            2 | 7 | 8 | 9 | 10 | 11 | 12 | 16 | 18 => 0,
            // Integers, variables, tags.
            1 | 14 | 17 => 4,
            3 => 12,
            // Structs, unions, sections, and enums of 64 bits: twelve bytes a member.
            4 | 5 | 15 | 19 => 12 * count,
            // Enums and prototypes: eight.
            6 | 13 => 8 * count,
            // Of a kind from the future nobody knows the length.
            _ => return None,
        };
        let (own, after) = (rest.get(..length)?, rest.get(length..)?);
        let kind = match (info >> 24) & 0x1f {
            4 => Kind::Structure(size_or_type, self.members(own, 12)),
            8 => Kind::Typedef,
            6 => Kind::Enum(self.members(own, 8)),
            19 => Kind::Enum(self.members(own, 12)),
            12 => Kind::Function,
            17 => Kind::Tag {
                of: size_or_type,
                component: self.number(own, 0)?.cast_signed(),
            },
            _ => Kind::Other,
        };
        let of = self;
        Some((Type { id, kind, of, name }, after))
    }

    const fn members(self, bytes: &'btf [u8], each: usize) -> Members<'btf> {
        Members {
            of: self,
            bytes,
            each,
        }
    }

    fn number(self, bytes: &[u8], at: usize) -> Option<u32> {
        let word = *bytes.get(at..)?.first_chunk::<4>()?;
        Some(if self.little {
            u32::from_le_bytes(word)
        } else {
            u32::from_be_bytes(word)
        })
    }

    /// The string at an offset; what belongs to the kernel's own BTF is not ours to tell.
    fn text(self, offset: u32) -> &'btf str {
        let start = offset.checked_sub(self.base.string).map(|at| at as usize);
        let bytes = start.and_then(|start| self.strings.get(start..));
        let bytes = bytes.and_then(|bytes| bytes.split(|byte| *byte == 0).next());
        bytes
            .and_then(|bytes| str::from_utf8(bytes).ok())
            .unwrap_or_default()
    }
}

/// A walk through types.
#[derive(Debug, Clone, Copy)]
pub struct Walk<'btf> {
    of: Types<'btf>,
    rest: &'btf [u8],
    id: u32,
}

impl Walk<'_> {
    /// Whether the walk has come to the end of the types: none before it made no sense.
    #[must_use]
    pub fn is_at_the_end(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'btf> Iterator for Walk<'btf> {
    type Item = Type<'btf>;

    fn next(&mut self) -> Option<Type<'btf>> {
        let (found, after) = self.of.first(self.rest, self.id)?;
        self.id = self.id.checked_add(1)?;
        self.rest = after;
        Some(found)
    }
}

impl<'btf> Type<'btf> {
    /// Its name; empty where it has none, or none that is text.
    #[must_use]
    pub fn name(&self) -> &'btf str {
        self.of.text(self.name)
    }

    /// Whether this is its name, which is known sooner than the name itself.
    #[must_use]
    pub fn is_called(&self, name: &str) -> bool {
        let Some(start) = self.name.checked_sub(self.of.base.string) else {
            return name.is_empty();
        };
        let text = self.of.strings.get(start as usize..);
        let rest = text.and_then(|text| text.strip_prefix(name.as_bytes()));
        rest.is_some_and(|rest| rest.first() == Some(&0))
    }
}

impl<'btf> Members<'btf> {
    /// The names and numbers; of numbers of 64 bits the lower half, of members of a structure
    /// their types.
    pub fn iter(self) -> impl Iterator<Item = (&'btf str, u32)> {
        self.bytes.chunks_exact(self.each).filter_map(move |value| {
            let (name, number) = (self.of.number(value, 0)?, self.of.number(value, 4)?);
            Some((self.of.text(name), number))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// BTF of these types and strings, in either byte order.
    fn btf(words: &[u32], strings: &[u8], number: fn(u32) -> [u8; 4]) -> Vec<u8> {
        let little = number(1) == [1, 0, 0, 0];
        let mut bytes = if little {
            vec![0x9f, 0xeb, 1, 0]
        } else {
            vec![0xeb, 0x9f, 1, 0]
        };
        let length = u32::try_from(4 * words.len()).unwrap();
        let header = [24, 0, length, length, u32::try_from(strings.len()).unwrap()];
        bytes.extend(header.iter().chain(words).flat_map(|word| number(*word)));
        bytes.extend(strings);
        bytes
    }

    const STRINGS: &[u8] = b"\0kind\0A\0B\0call\0tag\0";
    /// An enum of two, a function, a tag at it, a struct of one member, an enum of 64 bits.
    const WORDS: &[u32] = &[
        1,
        (6 << 24) | 2,
        4,
        6,
        7,
        8,
        9,
        10,
        12 << 24,
        0,
        15,
        17 << 24,
        2,
        u32::MAX,
        1,
        (4 << 24) | 1,
        4,
        6,
        1,
        0,
        0,
        (19 << 24) | 1,
        8,
        6,
        70,
        1,
    ];

    fn told(types: Types<'_>) -> Vec<String> {
        let tell = |found: Type<'_>| {
            let what = match found.kind {
                Kind::Enum(members) => format!("{:?}", members.iter().collect::<Vec<_>>()),
                Kind::Function => "function".to_owned(),
                Kind::Structure(size, members) => {
                    format!("structure {size} {:?}", members.iter().collect::<Vec<_>>())
                }
                Kind::Typedef => "typedef".to_owned(),
                Kind::Tag { of, component } => format!("tag of {of} {component}"),
                Kind::Other => "other".to_owned(),
            };
            format!("{} {} {what}", found.id, found.name())
        };
        types.iter().map(tell).collect()
    }

    #[test]
    fn types_are_told_in_either_byte_order() {
        for number in [u32::to_le_bytes, u32::to_be_bytes] {
            let bytes = btf(WORDS, STRINGS, number);
            let types = Types::parse(&bytes).unwrap();
            assert_eq!(
                told(types),
                [
                    "1 kind [(\"A\", 7), (\"B\", 9)]",
                    "2 call function",
                    "3 tag tag of 2 -1",
                    "4 kind structure 4 [(\"A\", 1)]",
                    "5  [(\"A\", 70)]",
                ]
            );
            let end = types.end();
            assert_eq!((end.id, end.string), (6, 19));
        }
    }

    #[test]
    fn a_modules_types_go_on_where_the_kernels_end() {
        let base = Base { id: 6, string: 19 };
        let bytes = btf(
            &[20, 12 << 24, 0, 1, 12 << 24, 0],
            b"\0own\0",
            u32::to_le_bytes,
        );
        let types = Types::after(&bytes, base).unwrap();
        assert_eq!(told(types), ["6 own function", "7  function"]);
    }

    #[test]
    fn nothing_in_the_bytes_is_trusted() {
        let whole = btf(WORDS, STRINGS, u32::to_le_bytes);
        for length in 0..whole.len() {
            if let Ok(types) = Types::parse(&whole[..length]) {
                assert!(types.iter().count() <= 5);
            }
        }
        for at in 24..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] = 0xff;
            if let Ok(types) = Types::parse(&bytes) {
                assert!(told(types).len() <= WORDS.len());
            }
        }
        let future = btf(&[1, 31 << 24, 0, 1, 12 << 24, 0], STRINGS, u32::to_le_bytes);
        let mut walk = Types::parse(&future).unwrap().iter();
        assert_eq!(walk.by_ref().count(), 0);
        assert!(!walk.is_at_the_end());
    }

    #[test]
    fn a_name_is_asked_for_whole() {
        let bytes = btf(WORDS, STRINGS, u32::to_le_bytes);
        let mut walk = Types::parse(&bytes).unwrap().iter();
        let function = walk.find(|found| found.is_called("call")).unwrap();
        assert_eq!((function.id, function.name()), (2, "call"));
        assert!(!function.is_called("cal") && !function.is_called("calls"));
        assert!(!function.is_called(""));
        assert_eq!(walk.by_ref().count(), 3);
        assert!(walk.is_at_the_end());
    }
}
