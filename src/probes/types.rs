//! Type information (BTF), written by hand; laid out as `include/uapi/linux/btf.h` says.

use memchr::memmem;

/// BTF in the making: each function adds a type and gives its id. Ids count from 1, 0 being
/// `void`.
#[derive(Debug, Clone)]
pub(super) struct Types {
    types: Vec<u32>,
    strings: Vec<u8>,
    count: u32,
}

/// A kind of type (BTF_KIND_*).
mod kind {
    pub(super) const INT: u32 = 1;
    pub(super) const PTR: u32 = 2;
    pub(super) const STRUCT: u32 = 4;
    pub(super) const FUNC: u32 = 12;
    pub(super) const FUNC_PROTO: u32 = 13;
    pub(super) const VAR: u32 = 14;
    pub(super) const DATASEC: u32 = 15;
    pub(super) const FLOAT: u32 = 16;
    pub(super) const DECL_TAG: u32 = 17;
    pub(super) const TYPE_TAG: u32 = 18;
    pub(super) const ENUM64: u32 = 19;
}

/// The linkage of a function that is checked on its own, for any caller.
pub(super) const GLOBAL: u32 = 1;
/// The linkage of a function that is checked with its callers.
pub(super) const STATIC: u32 = 0;

impl Types {
    /// Knows nothing but `void`.
    pub(super) fn new() -> Self {
        Self {
            types: Vec::new(),
            strings: vec![0],
            count: 0,
        }
    }

    /// `int`, and two functions that return one: a global one without arguments and a static one
    /// that takes two numbers, as a callback does.
    pub(super) fn functions() -> (Self, [u32; 2]) {
        let mut types = Self::new();
        let int = types.int();
        let nothing = types.prototype(int, &[]);
        let main = types.function("main", nothing, GLOBAL);
        let two = types.prototype(int, &[("a", int), ("b", int)]);
        let callback = types.function("callback", two, STATIC);
        (types, [main, callback])
    }

    fn string(&mut self, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let needle = [b"\0", text.as_bytes(), b"\0"].concat();
        if let Some(at) = memmem::find(&self.strings, &needle) {
            return at as u32 + 1;
        }
        let at = self.strings.len() as u32;
        self.strings.extend(text.as_bytes());
        self.strings.push(0);
        at
    }

    /// Adds a type: how many members it has, a flag of its kind, and its size or another type.
    fn add(&mut self, name: &str, kind: u32, members: usize, size: u32, rest: &[u32]) -> u32 {
        let name = self.string(name);
        self.types.extend([name, kind << 24 | members as u32, size]);
        self.types.extend(rest);
        self.count += 1;
        self.count
    }

    /// `int`, of four bytes, with a sign.
    pub(super) fn int(&mut self) -> u32 {
        const SIGNED: u32 = 1;
        self.add("int", kind::INT, 0, 4, &[SIGNED << 24 | 32])
    }

    /// A number without a sign, of eight bytes.
    pub(super) fn long(&mut self) -> u32 {
        self.add("long", kind::INT, 0, 8, &[64])
    }

    /// A pointer.
    pub(super) fn pointer(&mut self, to: u32) -> u32 {
        self.add("", kind::PTR, 0, to, &[])
    }

    /// A structure of members, each with its type and its place in bytes.
    pub(super) fn structure(&mut self, name: &str, size: u32, of: &[(&str, u32, u32)]) -> u32 {
        let members: Vec<u32> = of
            .iter()
            .flat_map(|(name, of, at)| [self.string(name), *of, at * 8])
            .collect();
        self.add(name, kind::STRUCT, of.len(), size, &members)
    }

    /// What a function takes and returns.
    pub(super) fn prototype(&mut self, returns: u32, takes: &[(&str, u32)]) -> u32 {
        let takes: Vec<u32> = takes
            .iter()
            .flat_map(|(name, of)| [self.string(name), *of])
            .collect();
        self.add("", kind::FUNC_PROTO, takes.len() / 2, returns, &takes)
    }

    /// A function.
    pub(super) fn function(&mut self, name: &str, prototype: u32, linkage: u32) -> u32 {
        self.add(name, kind::FUNC, linkage as usize, prototype, &[])
    }

    /// A global variable.
    pub(super) fn variable(&mut self, name: &str, of: u32) -> u32 {
        self.add(name, kind::VAR, 0, of, &[GLOBAL])
    }

    /// A section with one variable.
    pub(super) fn section(&mut self, name: &str, variable: u32, size: u32) -> u32 {
        self.add(name, kind::DATASEC, 1, size, &[variable, 0, size])
    }

    /// A number with a point, of eight bytes.
    pub(super) fn float(&mut self) -> u32 {
        self.add("double", kind::FLOAT, 0, 8, &[])
    }

    /// A tag at a declaration.
    pub(super) fn declaration_tag(&mut self, tag: &str, of: u32) -> u32 {
        self.add(tag, kind::DECL_TAG, 0, of, &[u32::MAX])
    }

    /// A tag at a type.
    pub(super) fn type_tag(&mut self, tag: &str, of: u32) -> u32 {
        self.add(tag, kind::TYPE_TAG, 0, of, &[])
    }

    /// A list of numbers of eight bytes, with one row.
    pub(super) fn enumeration64(&mut self, name: &str, row: &str, number: u64) -> u32 {
        let row = self.string(row);
        let halves = [number as u32, (number >> 32) as u32];
        self.add(name, kind::ENUM64, 1, 8, &[row, halves[0], halves[1]])
    }

    /// As the kernel takes it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        const HEADER: u32 = 24;
        let types_size = 4 * self.types.len() as u32;
        let mut btf = Vec::new();
        btf.extend(0xeb9f_u16.to_ne_bytes()); // the mark of BTF
        btf.extend([1, 0]); // version and flags
        // Types and strings follow the header, each told by start and size.
        for field in [HEADER, 0, types_size, types_size, self.strings.len() as u32] {
            btf.extend(field.to_ne_bytes());
        }
        btf.extend(self.types.iter().flat_map(|field| field.to_ne_bytes()));
        btf.extend(&self.strings);
        btf
    }
}
