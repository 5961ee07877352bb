//! The numbers bpf(2) answers with, and their names.

use std::fmt;

use nix::errno::Errno;

use super::call;
use super::call::By;
use super::call::Call;

/// An error number of the kernel, its internal ones included, which [`Errno`] can't hold, and the
/// system call that answered with it. Two are equal where their numbers are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Code {
    number: i32,
    by: By,
}

impl Code {
    /// "Operation is not supported", meant for use inside the kernel only (`include/linux/errno.h`),
    /// yet what several bpf(2) commands answer. The C library has no name for it.
    pub(super) const ENOTSUPP: Self = Self {
        number: 524,
        by: By::Nobody,
    };

    fn of_number(number: i32) -> Self {
        Self {
            number,
            by: By::Nobody,
        }
    }

    /// That a call was carried out which could not be.
    pub(super) fn none(call: Call) -> Self {
        Self::of_number(0).by_call(call)
    }

    /// The error of the system call that has just failed in this thread.
    pub(super) fn last(call: Call) -> Self {
        Self::of_number(Errno::last_raw()).by_call(call)
    }

    /// The same, as the answer of a system call.
    pub(super) fn by_call(self, call: Call) -> Self {
        self.given_by(By::One(call))
    }

    /// The same, as the answer of whoever it is.
    pub(super) fn given_by(self, by: By) -> Self {
        Self { by, ..self }
    }

    /// Who answered with it.
    pub(super) fn by(self) -> By {
        self.by
    }

    /// The number, which is not negative.
    pub(super) fn number(self) -> i32 {
        self.number
    }

    /// The error in what a libbpf function, or a BPF helper, returned: a negative number.
    pub(super) fn of_return(value: i32) -> Self {
        Self::of_number(value.saturating_neg())
    }
}

impl From<libbpf_rs::Error> for Code {
    /// The crate tells the number in words alone, the last of which are "(os error 22)".
    fn from(error: libbpf_rs::Error) -> Self {
        let words = format!("{error:#}");
        let number = words
            .rsplit_once("(os error ")
            .and_then(|(_, end)| end.split(')').next());
        let number = number.and_then(|number| number.parse().ok());
        Self {
            number: number.unwrap_or_default(),
            by: call::LIBBPF,
        }
    }
}

impl From<Errno> for Code {
    fn from(errno: Errno) -> Self {
        Self::of_number(errno as i32)
    }
}

/// Says which system call gave an error.
pub(super) trait Answered<T> {
    /// The error as the answer of this call.
    fn of(self, call: Call) -> Result<T, Code>;

    /// The error as the word of the doctor's own, or of the kernel through a program.
    fn told(self) -> Result<T, Code>;
}

impl<T> Answered<T> for Result<T, Errno> {
    fn of(self, call: Call) -> Result<T, Code> {
        self.map_err(|errno| Code::from(errno).by_call(call))
    }

    fn told(self) -> Result<T, Code> {
        self.map_err(Code::from)
    }
}

impl PartialEq for Code {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Code {}

impl PartialEq<Errno> for Code {
    fn eq(&self, other: &Errno) -> bool {
        self.number == *other as i32
    }
}

impl fmt::Display for Code {
    /// The name, as people search for it: `EINVAL`, `ENOTSUPP`, `errno 523`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Errno::from_raw(self.number) {
            _ if *self == Self::ENOTSUPP => f.write_str("ENOTSUPP"),
            Errno::UnknownErrno => write!(f, "errno {}", self.number),
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
        let named = |number| Code::of_number(number).to_string();
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
