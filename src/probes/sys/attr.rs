//! The attributes of bpf(2): one call for all commands.

use std::ffi::CStr;
use std::os::fd::AsRawFd;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;

use super::super::call::Call;
use super::super::errno::Code;
use super::super::kinds::Command;

/// More than `union bpf_attr` has on any kernel: whatever a command writes back lies within.
const ROOM: usize = 256;
/// What every command was given from the first kernel with bpf(2) on.
const LEAST: usize = 16;

/// Attributes of a bpf(2) command: fields at the places its part of `union bpf_attr` has for
/// them, and no further than the last one that is not zero. Of a field past that end, a kernel too
/// old for it never hears.
pub(super) struct Attr {
    bytes: [u8; ROOM],
    size: usize,
}

impl Attr {
    /// Zeros.
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; ROOM],
            size: LEAST,
        }
    }

    fn put(mut self, at: usize, field: &[u8]) -> Self {
        let place = self.bytes.get_mut(at..at + field.len());
        if let Some(place) = place.filter(|_| field.iter().any(|byte| *byte != 0)) {
            place.copy_from_slice(field);
            self.size = self.size.max(at + field.len());
        }
        self
    }

    /// A field of four bytes.
    pub(super) fn number(self, at: usize, number: u32) -> Self {
        self.put(at, &number.to_ne_bytes())
    }

    /// A field of eight bytes.
    pub(super) fn long(self, at: usize, number: u64) -> Self {
        self.put(at, &number.to_ne_bytes())
    }

    /// A descriptor.
    pub(super) fn fd(self, at: usize, fd: &OwnedFd) -> Self {
        self.number(at, fd.as_raw_fd() as u32)
    }

    /// A length; nothing here comes near the limit of the field.
    pub(super) fn length(self, at: usize, length: usize) -> Self {
        self.number(at, u32::try_from(length).unwrap_or(u32::MAX))
    }

    /// A name, of which the kernel keeps 15 bytes.
    pub(super) fn name(self, at: usize, name: &str) -> Self {
        let name = name.as_bytes();
        self.put(at, name.get(..15).unwrap_or(name))
    }

    /// The address of what the kernel is to read or write.
    pub(super) fn address<T: ?Sized>(self, at: usize, of: *const T) -> Self {
        self.long(at, of.cast::<u8>().addr() as u64)
    }

    /// The address of a text.
    pub(super) fn text(self, at: usize, text: &CStr) -> Self {
        self.address(at, text.as_ptr())
    }

    /// Calls bpf(2).
    ///
    /// # Safety
    ///
    /// These must be attributes of `command`, and each address among them good for as many
    /// bytes as the command reads or writes there.
    pub(super) unsafe fn call(&mut self, command: Command) -> Result<i32, Code> {
        // SAFETY: the caller's promise, handed on.
        unsafe { self.give(command as u32) }
    }

    /// As [`Attr::call`], for a command by its number.
    ///
    /// # Safety
    ///
    /// As there.
    pub(super) unsafe fn give(&mut self, command: u32) -> Result<i32, Code> {
        let (start, size) = (self.bytes.as_mut_ptr(), self.size);
        // SAFETY: the kernel reads `size` bytes at `start` and writes what it answers into fields
        // of `union bpf_attr`, all of which lie within our array; the addresses inside are the
        // caller's promise.
        let answer = unsafe { libc::syscall(libc::SYS_bpf, command, start, size) };
        if answer < 0 {
            Err(Code::last(Call::Bpf(command)))
        } else {
            i32::try_from(answer).map_err(|_| Code::last(Call::Bpf(command)))
        }
    }

    /// As [`Attr::call`], for commands that answer with a new descriptor (close-on-exec, always).
    ///
    /// # Safety
    ///
    /// As there; and `command` must be such a command.
    pub(super) unsafe fn open(&mut self, command: Command) -> Result<OwnedFd, Code> {
        // SAFETY: the caller's promise, handed on; the kernel has made the descriptor for us, and
        // nobody else knows of it.
        unsafe { self.call(command).map(|fd| OwnedFd::from_raw_fd(fd)) }
    }

    /// A field of four bytes the kernel has written.
    pub(super) fn answer(&self, at: usize) -> u32 {
        answer(&self.bytes, at)
    }
}

/// A number of four bytes at a place of what the kernel has written; 0 past the end.
pub(super) fn answer(bytes: &[u8], at: usize) -> u32 {
    let field = bytes
        .get(at..at + 4)
        .and_then(|field| field.try_into().ok());
    field.map_or(0, u32::from_ne_bytes)
}
