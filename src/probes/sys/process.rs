//! Processes of our own, and what libbpf keeps for all of one.

use std::ffi::CStr;
use std::ffi::CString;
use std::os::fd::FromRawFd;
use std::os::fd::OwnedFd;
use std::panic;
use std::panic::AssertUnwindSafe;

use libbpf_rs::libbpf_sys;
use nix::errno::Errno;
use nix::unistd;
use nix::unistd::ForkResult;
use nix::unistd::Pid;

use super::super::call::Call;
use super::super::errno::Code;

/// Tells libbpf that the limit on locked memory has been seen to: it need not raise it before
/// 5.11, nor say that it can't.
pub(in super::super) fn keep_libbpf_from_memlock() {
    // SAFETY: the function sets a variable that libbpf reads when it loads an object.
    unsafe { libbpf_sys::libbpf_set_memlock_rlim(0) };
}

/// The name of this thread. nix's `prctl::get_name` (0.31) has the kernel write into memory that
/// the compiler may take for unchanged, and gives an empty name in optimised builds.
pub(in super::super) fn thread_name() -> Result<CString, Errno> {
    // TASK_COMM_LEN, with its closing zero.
    let mut name = [0_u8; 16];
    // SAFETY: the kernel writes 16 bytes there at most (prctl(2)), which are ours.
    let answer = unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    Errno::result(answer)?;
    let name = CStr::from_bytes_until_nul(&name).map_err(|_| Errno::EINVAL)?;
    Ok(name.to_owned())
}

/// Which of the two processes after a [`fork`] this is.
pub(in super::super) enum Fork {
    Parent(Pid),
    Child,
}

/// Makes a copy of this process. The copy must end with [`end_child`].
///
/// With other threads about, a lock one of them holds at this moment stays locked in the
/// copy. glibc takes care of its own; whoever meets another one in the copy waits for ever,
/// which the parent's time limit ends.
pub(in super::super) fn fork() -> Result<Fork, Code> {
    // SAFETY: the copy runs this module's callers and libbpf on memory of its own; what
    // POSIX leaves undefined with more than one thread, glibc defines as told above.
    match unsafe { unistd::fork() } {
        Ok(ForkResult::Parent { child }) => Ok(Fork::Parent(child)),
        Ok(ForkResult::Child) => Ok(Fork::Child),
        Err(errno) => Err(Code::from(errno).by_call(Call::Fork)),
    }
}

/// Does the work of a forked child and ends it, also after a panic: neither the frames of the
/// parent's stack below nor its exit handlers and unwritten output belong to the child.
pub(in super::super) fn end_child(work: impl FnOnce() -> i32) -> ! {
    let status = panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or(101);
    // SAFETY: ending a process at once has no precondition.
    unsafe { libc::_exit(status) }
}

/// A descriptor of a process (pidfd_open(2)), which closes when another program is run.
pub(in super::super) fn process(of: Pid) -> Result<OwnedFd, Code> {
    // SAFETY: the system call takes two numbers.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, of.as_raw(), 0) };
    match i32::try_from(fd) {
        // SAFETY: the kernel has made the descriptor for us, and nobody else knows of it.
        Ok(fd) if fd >= 0 => Ok(unsafe { OwnedFd::from_raw_fd(fd) }),
        _ => Err(Code::last(Call::PidfdOpen)),
    }
}

/// The capabilities of this process that are in force, a bit for each.
pub(in super::super) fn capabilities() -> Option<u64> {
    /// _LINUX_CAPABILITY_VERSION_3, and no process: this one.
    const HEADER: [u32; 2] = [0x2008_0522, 0];
    let mut header = HEADER;
    // For each half of the bits: effective, permitted, inheritable.
    let mut sets = [0_u32; 6];
    // SAFETY: the kernel reads and writes the header, of two numbers, and writes six, all ours.
    let answer = unsafe { libc::syscall(libc::SYS_capget, header.as_mut_ptr(), sets.as_mut_ptr()) };
    let [low, _, _, high, _, _] = sets;
    (answer == 0).then_some(u64::from(high) << 32 | u64::from(low))
}

/// Whether a seccomp filter is in force in this thread.
pub(in super::super) fn is_filtered() -> Option<bool> {
    /// SECCOMP_MODE_FILTER
    const FILTER: i32 = 2;
    // SAFETY: this operation takes no address.
    match unsafe { libc::prctl(libc::PR_GET_SECCOMP, 0, 0, 0, 0) } {
        0 => Some(false),
        FILTER => Some(true),
        _ => None,
    }
}

/// Has a seccomp filter answer a system call with an error, for the rest of this process.
#[cfg(test)]
pub(in super::super) fn refuse(call: libc::c_long, errno: Errno) -> Result<(), Errno> {
    // The beginning of `struct seccomp_data` is the number of the call.
    let [load, is, give] = [
        libc::BPF_LD | libc::BPF_W | libc::BPF_ABS,
        libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K,
        libc::BPF_RET | libc::BPF_K,
    ];
    let step = |code: u32, jt, jf, k| libc::sock_filter {
        code: code as u16,
        jt,
        jf,
        k,
    };
    let mut steps = [
        step(load, 0, 0, 0),
        step(is, 0, 1, call as u32),
        step(give, 0, 0, libc::SECCOMP_RET_ERRNO | errno as u32),
        step(give, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let filter = libc::sock_fprog {
        len: steps.len() as u16,
        filter: steps.as_mut_ptr(),
    };
    // SAFETY: the first operation takes no address; the second one that of a filter of as many
    // steps as told, which the kernel copies.
    let answer = unsafe {
        libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const filter,
        )
    };
    Errno::result(answer).map(drop)
}

/// At least as many as the machine could ever have processors.
///
/// What sysfs says of that number may be another file's in a container, and memory depends on it:
/// so it is the kernel that is asked, how long its sets of processors are.
pub(super) fn most_processors() -> usize {
    /// CONFIG_NR_CPUS is at most this.
    const MOST: usize = 8192;
    let mut set = [0_u8; MOST / 8];
    // SAFETY: the kernel writes at most as many bytes as told, which are ours.
    let length =
        unsafe { libc::syscall(libc::SYS_sched_getaffinity, 0, set.len(), set.as_mut_ptr()) };
    match usize::try_from(length) {
        Ok(bytes) if bytes > 0 => bytes * 8,
        _ => MOST,
    }
}
