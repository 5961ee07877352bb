//! What the kernel's own BTF says of a few names, looked up in one walk, for it is megabytes long.

use std::collections::HashMap;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::fcntl;
use nix::fcntl::OFlag;
use nix::sys::stat;
use nix::sys::stat::Mode;
use nix::unistd;

use super::bench::Trouble;
use super::outcome::Stage;
use super::sys;
use crate::facts::types;
use crate::facts::types::Kind;
use crate::facts::types::Type;
use crate::facts::types::Types;

/// Where the kernel shows its BTF.
const VMLINUX: &str = "/sys/kernel/btf/vmlinux";

/// The functions that probes call, trace, or name by their ids.
const FUNCTIONS: &[&str] = &[
    "bpf_fentry_test1",
    "bpf_iter_bpf_map_elem",
    "bpf_iter_num_destroy",
    "bpf_iter_num_new",
    "bpf_iter_num_next",
    "bpf_iter_task",
    "bpf_lsm_inode_readlink",
    "bpf_lsm_task_getsid",
    "bpf_modify_return_test",
    "bpf_rcu_read_lock",
    "bpf_rcu_read_unlock",
    "bpf_throw",
    "bpf_trace_vprintk",
    "security_task_getsid",
];
/// The structures whose members or sizes matter.
const STRUCTURES: &[&str] = &["bpf_struct_ops_tcp_congestion_ops", "tcp_congestion_ops"];
/// The prototypes of tracepoints.
const TYPEDEFS: &[&str] = &["btf_trace_task_rename"];

/// A type of the kernel.
#[derive(Debug, Clone, Default)]
pub(super) struct KernelType {
    pub(super) id: u32,
    /// Of a structure, in bytes.
    pub(super) size: u32,
    /// The names of a structure's members, in their order.
    pub(super) members: Vec<String>,
}

/// The types that probes ask for, by their names.
#[derive(Debug)]
pub(super) struct KernelTypes(HashMap<&'static str, KernelType>);

/// Why nothing is known of the kernel's types.
#[derive(Debug, Clone)]
pub(super) enum NoTypes {
    /// The kernel shows none.
    Absent,
    /// It can't be known, for this reason.
    Unread(String),
}

impl From<NoTypes> for Trouble {
    fn from(cause: NoTypes) -> Self {
        match cause {
            NoTypes::Absent => Self::Failed {
                stage: Stage::Open,
                errno: Some(Errno::ENOENT.into()),
                remark: format!("the kernel has no BTF: there is no {VMLINUX}"),
            },
            NoTypes::Unread(reason) => Self::Skipped(reason),
        }
    }
}

impl KernelTypes {
    /// Looks them up.
    pub(super) fn find() -> Result<Self, NoTypes> {
        // Kernels before 6.16 can't show it in memory.
        let found = match sys::kernel_btf() {
            Some(btf) => scan(btf.bytes()),
            None => scan(&read()?),
        };
        let unknown = || NoTypes::Unread(format!("{VMLINUX} is not in the form that is known"));
        found.map(Self).ok_or_else(unknown)
    }

    /// What is known of a name.
    pub(super) fn known(&self, name: &str) -> Option<&KernelType> {
        let asked_for = [FUNCTIONS, STRUCTURES, TYPEDEFS].concat().contains(&name);
        debug_assert!(asked_for, "{name} was not looked for");
        self.0.get(name)
    }

    /// A function's or a structure's; fails where the kernel has none of that name.
    pub(super) fn get(&self, name: &str) -> Result<&KernelType, Trouble> {
        self.known(name).ok_or_else(|| Trouble::Failed {
            stage: Stage::Open,
            errno: Some(Errno::ENOENT.into()),
            remark: format!("the kernel's BTF knows no {name}"),
        })
    }

    /// A function's id.
    pub(super) fn id(&self, name: &str) -> Result<u32, Trouble> {
        self.get(name).map(|found| found.id)
    }
}

/// Reads the kernel's BTF.
fn read() -> Result<Vec<u8>, NoTypes> {
    whole_file(VMLINUX).map_err(|errno| match errno {
        // Without /sys it can't be told whether the kernel has BTF.
        Errno::ENOENT if stat::stat("/sys/kernel").is_ok() => NoTypes::Absent,
        errno => NoTypes::Unread(format!("{VMLINUX} can't be read: {errno:?}")),
    })
}

/// Looks for the names that are asked for; nothing where the bytes are no BTF to the end.
fn scan(btf: &[u8]) -> Option<HashMap<&'static str, KernelType>> {
    let mut found = HashMap::new();
    let mut walk = Types::parse(btf).ok()?.iter();
    for of in walk.by_ref() {
        match of.kind {
            Kind::Function => take(&mut found, FUNCTIONS, &of, |_| KernelType::default()),
            Kind::Typedef => take(&mut found, TYPEDEFS, &of, |_| KernelType::default()),
            Kind::Structure(size, members) => take(&mut found, STRUCTURES, &of, |_| KernelType {
                size,
                members: members.iter().map(|(name, _)| name.to_owned()).collect(),
                ..KernelType::default()
            }),
            _ => {}
        }
    }
    walk.is_at_the_end().then_some(found)
}

/// Keeps a type that has one of these names. A static function may bear the name, too; the first
/// one is as good.
fn take(
    found: &mut HashMap<&'static str, KernelType>,
    names: &[&'static str],
    of: &Type<'_>,
    told: impl Fn(&Type<'_>) -> KernelType,
) {
    if let Some(name) = names.iter().find(|name| of.is_called(name)) {
        found.entry(*name).or_insert_with(|| KernelType {
            id: of.id,
            ..told(of)
        });
    }
}

/// A file of the kernel, whole.
pub(super) fn whole_file(path: &str) -> Result<Vec<u8>, Errno> {
    let file: OwnedFd = fcntl::open(path, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    let size = usize::try_from(stat::fstat(&file)?.st_size).unwrap_or_default();
    let mut bytes = Vec::with_capacity(size.min(types::LIMIT));
    let mut chunk = vec![0; 64 << 10];
    while bytes.len() < types::LIMIT {
        match unistd::read(&file, &mut chunk) {
            Ok(0) => return Ok(bytes),
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
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
    use super::super::types::GLOBAL;
    use super::super::types::Types;
    use super::*;

    #[test]
    fn names_are_found_with_what_they_stand_for() {
        let mut types = Types::new();
        let int = types.int();
        let nothing = types.prototype(int, &[("first", int)]);
        let structure = types.structure("tcp_congestion_ops", 8, &[("one", int, 0)]);
        // A function and a structure of one name are two things.
        types.structure("bpf_iter_task", 8, &[("one", int, 0)]);
        types.pointer(structure);
        let function = types.function("bpf_iter_task", nothing, GLOBAL);
        types.function("bpf_iter_tasks", nothing, GLOBAL);
        let found = scan(&types.bytes()).unwrap();
        assert_eq!(found.len(), 2);
        assert_eq!(found["bpf_iter_task"].id, function);
        let known = &found["tcp_congestion_ops"];
        assert_eq!((known.id, known.size), (structure, 8));
        assert_eq!(known.members, ["one"]);
    }

    #[test]
    fn other_bytes_are_none() {
        let mut types = Types::new();
        types.int();
        let whole = types.bytes();
        assert!(scan(&whole).is_some());
        for cut in [0, 1, 10, 30, whole.len() - 1] {
            assert!(scan(&whole[..cut]).is_none(), "{cut}");
        }
        assert!(scan(&[0; 64]).is_none());
    }

    #[test]
    fn the_kernel_shows_the_same_in_memory_and_when_read() {
        if let (Some(shown), Ok(read)) = (sys::kernel_btf(), whole_file(VMLINUX)) {
            assert!(shown.bytes() == read);
        }
    }
}
