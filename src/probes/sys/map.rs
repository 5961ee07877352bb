//! Maps, and what is in them.

use std::ffi::CStr;
use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use nix::errno::Errno;

use super::super::errno::Code;
use super::super::kinds::Access;
use super::super::kinds::Command;
use super::super::kinds::MapType;
use super::super::kinds::Shape;
use super::attr::Attr;
use super::attr::answer;
use super::memory::Mapping;
use super::process::most_processors;

/// Type information the kernel has taken.
pub(in super::super) struct Btf(pub(super) OwnedFd);

impl Btf {
    /// Gives BTF to the kernel.
    pub(in super::super) fn load(btf: &[u8]) -> Result<Self, Code> {
        // Without a log: its address and length are 0.
        let mut attr = Attr::new().address(0, btf).length(16, btf.len());
        // SAFETY: the one address is that of as many bytes as told, which outlive the call.
        unsafe { attr.open(Command::BtfLoad) }.map(Self)
    }
}

/// A map.
pub(in super::super) struct Map {
    pub(super) fd: OwnedFd,
    key_size: usize,
    value_size: usize,
    per_cpu: bool,
}

impl Map {
    /// Creates a map.
    pub(in super::super) fn create(shape: &Shape<'_>) -> Result<Self, Code> {
        let mut attr = Attr::new()
            .number(0, shape.of as u32)
            .number(4, shape.key_size)
            .number(8, shape.value_size)
            .number(12, shape.entries)
            .number(16, shape.flags)
            .name(28, shape.name)
            .number(60, shape.kernel_value_type)
            .long(64, shape.extra)
            .number(76, shape.token.cast_unsigned());
        if let Some(inner) = shape.inner {
            attr = attr.fd(20, &inner.fd);
        }
        if let Some((btf, key, value)) = shape.btf {
            attr = attr.fd(48, &btf.0).number(52, key).number(56, value);
        }
        // SAFETY: the attributes of this command hold no address.
        let fd = unsafe { attr.open(Command::MapCreate)? };
        Ok(Self {
            fd,
            key_size: shape.key_size as usize,
            value_size: shape.value_size as usize,
            per_cpu: shape.of.is_per_cpu(),
        })
    }

    /// How many bytes bpf(2) reads or writes at most as the value of an element
    /// (`bpf_map_value_size()`): of per-CPU maps as many values as there could be processors, each
    /// rounded up to eight bytes; some types give eight bytes for four.
    fn room(&self) -> usize {
        let of_each = self.value_size.next_multiple_of(8).max(8);
        of_each * if self.per_cpu { most_processors() } else { 1 }
    }

    /// The value of the first key, which is zero.
    pub(in super::super) fn lookup(&self) -> Result<Vec<u8>, Code> {
        self.lookup_at(&[])
    }

    /// Sets the value of the first key; what the given bytes leave open becomes zero.
    pub(in super::super) fn update(&self, value: &[u8]) -> Result<(), Code> {
        self.update_at(&[], value, 0)
    }

    /// The value of a key, what is not given of which is zero. Of per-CPU maps it is all values
    /// one after another, each rounded up to eight bytes, with zeros for processors there are not.
    pub(in super::super) fn lookup_at(&self, key: &[u8]) -> Result<Vec<u8>, Code> {
        self.element(Command::MapLookupElem, key, &[], 0)
    }

    /// Whether a filter may have the value (BLOOM_FILTER).
    pub(in super::super) fn has(&self, value: &[u8]) -> Result<(), Code> {
        self.element(Command::MapLookupElem, &[], value, 0)
            .map(drop)
    }

    /// The value of a key, which is taken out of the map.
    pub(in super::super) fn take(&self, key: &[u8]) -> Result<Vec<u8>, Code> {
        self.element(Command::MapLookupAndDeleteElem, key, &[], 0)
    }

    /// Sets the value of a key; what the given bytes leave open becomes zero.
    pub(in super::super) fn update_at(
        &self,
        key: &[u8],
        value: &[u8],
        flags: u64,
    ) -> Result<(), Code> {
        self.element(Command::MapUpdateElem, key, value, flags)
            .map(drop)
    }

    /// Puts a descriptor into the map: a program, a map, a socket, an event.
    pub(in super::super) fn update_fd(&self, key: &[u8], fd: BorrowedFd<'_>) -> Result<(), Code> {
        self.update_at(key, &fd.as_raw_fd().to_ne_bytes(), 0)
    }

    /// Takes a key out of the map.
    pub(in super::super) fn delete(&self, key: &[u8]) -> Result<(), Code> {
        self.element(Command::MapDeleteElem, key, &[], 0).map(drop)
    }

    /// Does something with one element, and gives the value as it is then.
    fn element(
        &self,
        command: Command,
        key: &[u8],
        value: &[u8],
        flags: u64,
    ) -> Result<Vec<u8>, Code> {
        let (mut key, mut value) = (key.to_vec(), value.to_vec());
        key.resize(self.key_size, 0);
        value.resize(self.room(), 0);
        let mut attr = Attr::new().fd(0, &self.fd).long(24, flags);
        // Maps without keys take no address of one, those that delete none of a value.
        if !key.is_empty() {
            attr = attr.address(8, key.as_ptr());
        }
        if !matches!(command, Command::MapDeleteElem) {
            attr = attr.address(16, value.as_mut_ptr());
        }
        // SAFETY: the key is as long as the map was made with, and the value as long as any of
        // the map's type with its size; both outlive the call. All callers' commands read and
        // write a key and a value there and nothing else.
        unsafe { attr.call(command)? };
        if !self.per_cpu {
            value.truncate(self.value_size);
        }
        Ok(value)
    }

    /// The key after this one, or the first one.
    pub(in super::super) fn next_key(&self, key: Option<&[u8]>) -> Result<Vec<u8>, Code> {
        let mut next = vec![0; self.key_size];
        let mut attr = Attr::new().fd(0, &self.fd).address(16, next.as_mut_ptr());
        let before = key.map(|key| {
            let mut key = key.to_vec();
            key.resize(self.key_size, 0);
            key
        });
        if let Some(key) = &before {
            attr = attr.address(8, key.as_ptr());
        }
        // SAFETY: both addresses are those of as many bytes as the map's key has.
        unsafe { attr.call(Command::MapGetNextKey)? };
        Ok(next)
    }

    /// Writes, or deletes, many elements at once: `keys` and `values` one after another. Gives how
    /// many were done.
    pub(in super::super) fn give_batch(&self, keys: &[u8], values: &[u8]) -> Result<u32, Code> {
        self.batch(
            Command::MapUpdateBatch,
            &mut keys.to_vec(),
            &mut values.to_vec(),
        )
    }

    /// Takes up to `most` elements out of the map at once, and gives keys and values.
    pub(in super::super) fn take_batch(&self, most: usize) -> Result<(Vec<u8>, Vec<u8>), Code> {
        let mut keys = vec![0; most * self.key_size];
        let mut values = vec![0; most * self.value_size];
        let count = self.batch(Command::MapLookupAndDeleteBatch, &mut keys, &mut values)?;
        let count = (count as usize).min(most);
        keys.truncate(count * self.key_size);
        values.truncate(count * self.value_size);
        Ok((keys, values))
    }

    fn batch(&self, command: Command, keys: &mut [u8], values: &mut [u8]) -> Result<u32, Code> {
        if self.per_cpu {
            // Values of all processors: no caller has room for them.
            return Err(Errno::EINVAL.into());
        }
        let of_value = self.value_size.max(1);
        let count = (keys.len() / self.key_size.max(1)).min(values.len() / of_value);
        // Where a walk through the map stands: a key, or a number of four bytes.
        let mut position = vec![0; self.key_size.max(8)];
        let mut attr = Attr::new()
            .address(8, position.as_mut_ptr())
            .address(16, keys.as_mut_ptr())
            .address(24, values.as_mut_ptr())
            .length(32, count)
            .fd(36, &self.fd);
        // SAFETY: keys and values have room for `count` of each, and the position for a key; all
        // outlive the call.
        match unsafe { attr.call(command) } {
            // ENOENT: a walk has come to the end of the map, with as many elements as it tells.
            Err(code) if code != Errno::ENOENT => Err(code),
            _ => Ok(attr.answer(32)),
        }
    }

    /// Makes the map read-only for all of user space, for good.
    pub(in super::super) fn freeze(&self) -> Result<(), Code> {
        // SAFETY: the attributes of this command hold no address.
        unsafe { Attr::new().fd(0, &self.fd).call(Command::MapFreeze) }.map(drop)
    }

    /// Maps the value into memory.
    pub(in super::super) fn mmap(&self, access: Access) -> Result<Mapping, Code> {
        self.mmap_at(0, self.value_size, access)
    }

    /// Maps a part of what the map keeps in memory: from a byte, a multiple of the page size, as
    /// many as told.
    pub(in super::super) fn mmap_at(
        &self,
        from: usize,
        length: usize,
        access: Access,
    ) -> Result<Mapping, Code> {
        Mapping::of(&self.fd, from, length, access)
    }

    /// Gives the map a name in a BPF file system, which keeps it.
    pub(in super::super) fn pin(&self, path: &CStr) -> Result<(), Code> {
        super::pin(&self.fd, path)
    }

    /// The map of that name in a BPF file system.
    pub(in super::super) fn pinned(path: &CStr) -> Result<Self, Code> {
        let fd = super::pinned(path)?;
        // The first fields of `struct bpf_map_info`: type, id, key size, value size.
        let mut info = [0; 16];
        super::info(&fd, &mut info)?;
        let [of, _id, key_size, value_size] = [0, 4, 8, 12].map(|at| answer(&info, at));
        Ok(Self {
            fd,
            key_size: key_size as usize,
            value_size: value_size as usize,
            per_cpu: MapType::PER_CPU.iter().any(|map| *map as u32 == of),
        })
    }

    /// The descriptor's number, which instructions name a map by.
    pub(in super::super) fn number(&self) -> i32 {
        self.fd.as_raw_fd()
    }
}

impl AsFd for Map {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
