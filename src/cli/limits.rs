//! The memory the doctor takes, held against the limits it runs under.
//!
//! An allocation that is refused, or a stack that is full, ends a process at once and without a
//! word of what to do; so it is looked at before.

use nix::sys::resource::{self, Resource, rlim_t};

const KIB: rlim_t = 1024;
const MIB: rlim_t = 1024 * KIB;

/// What a limit is called, in the kernel and in a shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Limit {
    resource: Resource,
    name: &'static str,
    shell: &'static str,
    /// A diagnosis of a host comes to its end with this, and not with three quarters of it.
    takes: rlim_t,
}

const LIMITS: &[Limit] = &[
    Limit {
        resource: Resource::RLIMIT_AS,
        name: "address space (RLIMIT_AS)",
        shell: "ulimit -v",
        takes: 32 * MIB,
    },
    Limit {
        resource: Resource::RLIMIT_DATA,
        name: "data (RLIMIT_DATA)",
        shell: "ulimit -d",
        takes: 8 * MIB,
    },
    Limit {
        resource: Resource::RLIMIT_STACK,
        name: "stack (RLIMIT_STACK)",
        shell: "ulimit -s",
        takes: 128 * KIB,
    },
];

/// Which limit is too low to begin at all.
pub fn too_low() -> Option<String> {
    LIMITS.iter().find_map(|limit| {
        let (soft, hard) = resource::getrlimit(limit.resource).ok()?;
        complaint(limit, soft, hard)
    })
}

fn complaint(limit: &Limit, soft: rlim_t, hard: rlim_t) -> Option<String> {
    let Limit {
        name, shell, takes, ..
    } = limit;
    let how = match hard >= *takes {
        true => format!("raise it: {shell} {}", takes / KIB),
        false => format!("whoever may has to raise it: {shell} {}", takes / KIB),
    };
    (soft < *takes).then(|| {
        format!(
            "the limit of its {name} is {} KiB, and it takes {} KiB; {how}",
            soft / KIB,
            takes / KIB
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_named_with_what_to_do() {
        let stack = LIMITS.last().unwrap();
        assert_eq!(complaint(stack, 8 * MIB, 8 * MIB), None);
        assert_eq!(
            complaint(stack, resource::RLIM_INFINITY, resource::RLIM_INFINITY),
            None
        );
        assert_eq!(
            complaint(stack, 64 * KIB, 8 * MIB).unwrap(),
            "the limit of its stack (RLIMIT_STACK) is 64 KiB, and it takes 128 KiB; raise it: \
             ulimit -s 128"
        );
        let told = complaint(stack, 64 * KIB, 64 * KIB).unwrap();
        assert!(
            told.ends_with("whoever may has to raise it: ulimit -s 128"),
            "{told}"
        );
    }

    #[test]
    fn tests_run_under_limits_that_suffice() {
        assert_eq!(too_low(), None);
    }
}
