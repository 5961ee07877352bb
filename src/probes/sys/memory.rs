//! What the kernel shares with us in memory.

use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;
use std::ptr;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::Ordering;
use std::sync::atomic::fence;

use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat;
use nix::sys::stat::Mode;
use nix::sys::statfs;

use super::super::call::Call;
use super::super::errno::Code;
use super::super::kinds::Access;

/// The kernel's own BTF, where it lies in the kernel.
pub(in super::super) struct KernelBtf {
    start: NonNull<u8>,
    length: usize,
}

/// Has the kernel show its BTF (since 6.16); nothing where it doesn't.
pub(in super::super) fn kernel_btf() -> Option<KernelBtf> {
    let flags = OFlag::O_RDONLY | OFlag::O_CLOEXEC;
    let file = fcntl::open("/sys/kernel/btf/vmlinux", flags, Mode::empty()).ok()?;
    // Of another file system's file, somebody may take away what is being read.
    if statfs::fstatfs(&file).ok()?.filesystem_type() != statfs::SYSFS_MAGIC {
        return None;
    }
    let length = usize::try_from(stat::fstat(&file).ok()?.st_size).ok()?;
    let (null, private) = (ptr::null_mut(), libc::MAP_PRIVATE);
    let fd = file.as_raw_fd();
    // SAFETY: the kernel chooses the address, so no memory in use is replaced.
    let start = unsafe { libc::mmap(null, length, libc::PROT_READ, private, fd, 0) };
    if start == libc::MAP_FAILED {
        return None;
    }
    let start = NonNull::new(start.cast())?;
    Some(KernelBtf { start, length })
}

impl KernelBtf {
    /// All of it.
    pub(in super::super) fn bytes(&self) -> &[u8] {
        // SAFETY: the mapping is that long, readable, and lives as long as `self`; a kernel never
        // changes its own BTF (btf_sysfs_vmlinux_mmap in kernel/bpf/sysfs_btf.c maps it as it is,
        // and refuses more than there is).
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length) }
    }
}

impl Drop for KernelBtf {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and what was lent out of it is gone with `self`.
        let _gone = unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}

/// Memory shared with the kernel.
pub(in super::super) struct Mapping {
    start: NonNull<u8>,
    length: usize,
    access: Access,
}

impl Mapping {
    /// Maps `length` bytes from `from` on of what a descriptor stands for.
    pub(super) fn of(
        fd: &OwnedFd,
        from: usize,
        length: usize,
        access: Access,
    ) -> Result<Self, Code> {
        let protection = match access {
            Access::Read => libc::PROT_READ,
            Access::ReadWrite => libc::PROT_READ | libc::PROT_WRITE,
        };
        let from = libc::off_t::try_from(from).unwrap_or(libc::off_t::MAX);
        let (null, fd) = (ptr::null_mut(), fd.as_raw_fd());
        // SAFETY: the kernel chooses the address, so no memory in use is replaced.
        let start = unsafe { libc::mmap(null, length, protection, libc::MAP_SHARED, fd, from) };
        match NonNull::new(start.cast()) {
            Some(at) if start != libc::MAP_FAILED => Ok(Self {
                start: at,
                length,
                access,
            }),
            _ => Err(Code::last(Call::Mmap)),
        }
    }

    /// Where it is, for programs that share it.
    pub(in super::super) fn address(&self) -> u64 {
        self.start.addr().get() as u64
    }

    /// All of it as it is now.
    pub(in super::super) fn read(&self) -> Vec<u8> {
        self.read_at(0, self.length)
    }

    /// A part of it as it is now; what lies past its end is left out.
    pub(in super::super) fn read_at(&self, from: usize, length: usize) -> Vec<u8> {
        let until = from.saturating_add(length).min(self.length);
        // What was read before this, such as how far the kernel has written, holds for it.
        fence(Ordering::SeqCst);
        (from..until)
            // SAFETY: `at` lies within the mapping, which is readable and lives as long as
            // `self`; the read is volatile because the kernel may change what is there.
            .map(|at| unsafe { self.start.add(at).read_volatile() })
            .collect()
    }

    /// Writes the first bytes of it, as many as are given and as it has; none where the
    /// mapping is for reading alone.
    pub(in super::super) fn write(&mut self, bytes: &[u8]) {
        self.write_at(0, bytes);
    }

    /// As [`Mapping::write`], from a byte on.
    pub(in super::super) fn write_at(&mut self, from: usize, bytes: &[u8]) {
        let room = if self.access == Access::ReadWrite {
            self.length.saturating_sub(from)
        } else {
            0
        };
        for (at, byte) in bytes.iter().enumerate().take(room) {
            // SAFETY: `from + at` lies within the mapping, which is writable and lives as long as
            // `self`; the write is volatile because the kernel is its reader.
            unsafe { self.start.add(from + at).write_volatile(*byte) };
        }
        fence(Ordering::SeqCst);
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and with `self` goes the only way to reach it.
        unsafe { libc::munmap(self.start.as_ptr().cast(), self.length) };
    }
}
