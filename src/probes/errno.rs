//! The numbers bpf(2) answers with, and their names.

use std::fmt;

use nix::errno::Errno;

/// An error number of the kernel, its internal ones included, which [`Errno`] can't hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code(i32);

impl Code {
    /// "Operation is not supported", meant for use inside the kernel only (`include/linux/errno.h`),
    /// yet what several bpf(2) commands answer. The C library has no name for it.
    pub(super) const ENOTSUPP: Self = Self(524);

    /// The error of the system call that has just failed in this thread.
    pub(super) fn last() -> Self {
        Self(Errno::last_raw())
    }

    /// The number, which is not negative.
    pub(super) fn number(self) -> i32 {
        self.0
    }

    /// The error in what a libbpf function, or a BPF helper, returned: a negative number.
    pub(super) fn of_return(value: i32) -> Self {
        Self(value.saturating_neg())
    }
}

impl From<libbpf_rs::Error> for Code {
    /// The crate tells the number in words alone, the last of which are "(os error 22)".
    fn from(error: libbpf_rs::Error) -> Self {
        let words = format!("{error:#}");
        let number = words
            .rsplit_once("(os error ")
            .and_then(|(_, end)| end.split(')').next());
        Self(
            number
                .and_then(|number| number.parse().ok())
                .unwrap_or_default(),
        )
    }
}

impl From<Errno> for Code {
    fn from(errno: Errno) -> Self {
        Self(errno as i32)
    }
}

impl PartialEq<Errno> for Code {
    fn eq(&self, other: &Errno) -> bool {
        self.0 == *other as i32
    }
}

impl fmt::Display for Code {
    /// The name, as people search for it: `EINVAL`, `ENOTSUPP`, `errno 523`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Errno::from_raw(self.0) {
            _ if *self == Self::ENOTSUPP => f.write_str("ENOTSUPP"),
            Errno::UnknownErrno => write!(f, "errno {}", self.0),
            known => write!(f, "{known:?}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use libbpf_rs::ErrorExt as _;

    use super::*;

    #[test]
    fn names_are_those_people_search_for() {
        let named = |number| Code(number).to_string();
        assert_eq!(named(libc::EINVAL), "EINVAL");
        assert_eq!(named(libc::EAGAIN), "EAGAIN");
        assert_eq!(named(libc::EOPNOTSUPP), "EOPNOTSUPP");
        assert_eq!(named(524), "ENOTSUPP");
        assert_eq!(named(523), "errno 523");
        assert_eq!(Code::of_return(-libc::ESRCH), Errno::ESRCH);
    }

    #[test]
    fn libbpfs_errors_have_numbers() {
        let error = || libbpf_rs::Error::from_raw_os_error(524);
        assert_eq!(Code::from(error()), Code::ENOTSUPP);
        let told: Result<(), _> = Err(error());
        let told = told.with_context(|| "failed (os error 7) to attach".to_owned());
        assert_eq!(Code::from(told.unwrap_err()), Code::ENOTSUPP);
    }
}
