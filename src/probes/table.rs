//! The probe table: every experiment there is, in the order they run.

use super::basics;
use super::bench::Bench;
use super::bench::Trial;
use super::cgroup;
use super::core_read;
use super::maps;
use super::memlock;
use super::sockets;

/// An experiment on the running kernel.
#[derive(Debug)]
pub struct Probe {
    /// Its name in checks, reports and commands; kept for good.
    pub id: &'static str,
    /// What works where it works.
    pub title: &'static str,
    /// What it does, in words.
    pub about: &'static str,
    /// What it makes while it runs, and what else is touched; all of it is gone afterwards.
    pub effects: &'static str,
    /// What it is about.
    pub area: &'static str,
    /// The first mainline kernel on which it works, to compare with; distributions backport.
    pub since: Option<&'static str>,
    /// The privilege it takes.
    pub privilege: &'static str,
    /// The earlier probes it builds on: where one of them did not work, it is not tried.
    pub needs: &'static [&'static str],
    /// Does it.
    pub(super) run: fn(&mut Bench) -> Trial,
}

/// What creating a map or loading a program takes.
const BPF: &str =
    "CAP_BPF (before 5.8: CAP_SYS_ADMIN), or none where kernel.unprivileged_bpf_disabled is 0";
/// What maps of sockets take besides.
const BPF_AND_NET: &str = "CAP_BPF and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN)";
/// What tracing programs take.
const TRACING: &str = "CAP_BPF and CAP_PERFMON (before 5.8: CAP_SYS_ADMIN)";
/// What commands that create nothing take.
const NONE: &str = "none; up to 5.18 as for map-create";
/// What asking about programs at cgroups takes.
const CGROUP: &str = "none; up to 5.18 as for map-create, and before 5.8 CAP_NET_ADMIN";
/// What freezing a map takes besides.
const BPF_TO_FREEZE: &str = "as map-create; up to 6.4 CAP_BPF in any case";

const NOTHING: &str = "none";
const ONE_MAP: &str = "none: one map, held by a descriptor";
const ONE_PROGRAM: &str = "none: one program of two instructions, held by a descriptor";

/// All probes, in the order they run.
#[must_use]
pub fn table() -> &'static [Probe] {
    TABLE
}

const TABLE: &[Probe] = &[
    Probe {
        id: "bpf-syscall",
        title: "The bpf system call is there",
        about: "Calls bpf(2) with a command no kernel has: EINVAL says that the call is there.",
        effects: NOTHING,
        area: "basics",
        since: Some("3.18"), // 99c55f7d47c0
        privilege: NONE,
        needs: &[],
        run: basics::syscall,
    },
    Probe {
        id: "map-create",
        title: "Maps can be created",
        about: "Creates an array of one value of four bytes, writes it and reads it back.",
        effects: ONE_MAP,
        area: "basics",
        since: Some("3.19"), // 28fbcfa08d8e
        privilege: BPF,
        needs: &["bpf-syscall"],
        run: maps::create,
    },
    Probe {
        id: "prog-load",
        title: "Programs can be loaded",
        about: "Loads a socket filter of two instructions, which returns 42; nothing is attached.",
        effects: ONE_PROGRAM,
        area: "basics",
        since: Some("3.19"), // ddd872bc3098
        privilege: BPF,
        needs: &["bpf-syscall"],
        run: basics::load,
    },
    Probe {
        id: "prog-run",
        title: "Programs can be run for a test",
        about: "Loads the program of prog-load and runs it by BPF_PROG_TEST_RUN on a packet that \
                exists for it alone.",
        effects: ONE_PROGRAM,
        area: "basics",
        since: Some("4.16"), // 61f3c964dfd2, for socket filters
        privilege: "as prog-load; before 5.8 CAP_SYS_ADMIN",
        needs: &["prog-load"],
        run: basics::run,
    },
    Probe {
        id: "jit",
        title: "Programs are compiled to machine code",
        about: "Loads the program of prog-load and asks for the length of its machine code.",
        effects: ONE_PROGRAM,
        area: "basics",
        since: Some("4.13"), // 1e2709769086, which lets one ask; compilers are older
        privilege: "CAP_BPF (before 5.8: CAP_SYS_ADMIN)",
        needs: &["prog-load"],
        run: basics::jit,
    },
    Probe {
        id: "memlock-charge",
        title: "BPF memory is not bounded by RLIMIT_MEMLOCK",
        about: "Creates the map of map-create under a limit of 0 bytes: EPERM says that the \
                kernel charges BPF memory to the limit, which root has as well.",
        effects: "none: one map, held by a descriptor, and for its time the limit of the process \
                  that does it",
        area: "basics",
        since: Some("5.11"), // 1bc5975613ed, for arrays; its neighbours for the rest
        privilege: BPF,
        needs: &["map-create"],
        run: memlock::charge,
    },
    Probe {
        id: "sockmap-create",
        title: "SOCKMAP maps can be created",
        about: "Creates a SOCKMAP with values of four bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("4.14"), // 174a79ff9515
        privilege: BPF_AND_NET,
        needs: &["bpf-syscall"],
        run: sockets::sockmap,
    },
    Probe {
        id: "sockmap-create-u64",
        title: "SOCKMAP maps can hold socket cookies",
        about: "Creates a SOCKMAP with values of eight bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("5.7"), // c1cdf65da060
        privilege: BPF_AND_NET,
        needs: &["bpf-syscall"],
        run: sockets::sockmap_u64,
    },
    Probe {
        id: "sockhash-create",
        title: "SOCKHASH maps can be created",
        about: "Creates a SOCKHASH with values of four bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("4.18"), // 81110384441a
        privilege: BPF_AND_NET,
        needs: &["bpf-syscall"],
        run: sockets::sockhash,
    },
    Probe {
        id: "sockhash-create-u64",
        title: "SOCKHASH maps can hold socket cookies",
        about: "Creates a SOCKHASH with values of eight bytes; no socket is put into it.",
        effects: ONE_MAP,
        area: "sockets",
        since: Some("5.7"), // c1cdf65da060
        privilege: BPF_AND_NET,
        needs: &["bpf-syscall"],
        run: sockets::sockhash_u64,
    },
    Probe {
        id: "stream-parser-attach",
        title: "Stream parsers can be attached to socket maps",
        about: "Creates a SOCKMAP, loads an SK_SKB program of two instructions and attaches it as \
                the map's stream parser; the map holds no socket, so it never runs.",
        effects: "none: one map and one program, held by descriptors",
        area: "sockets",
        since: Some("4.14"), // 174a79ff9515
        privilege: BPF_AND_NET,
        needs: &["sockmap-create"],
        run: sockets::stream_parser,
    },
    Probe {
        id: "sockhash-btf",
        title: "SOCKHASH maps take BTF types for key and value",
        about: "Gives the kernel BTF that knows `int`, and creates a SOCKHASH whose key and value \
                are of that type. No kernel known accepts it: ENOTSUPP (524) is the usual answer, \
                and a matter of the program, not of the host.",
        effects: "none: one BTF and one map, held by descriptors",
        area: "sockets",
        since: None,
        privilege: BPF_AND_NET,
        needs: &["sockhash-create"],
        run: sockets::sockhash_btf,
    },
    Probe {
        id: "array-mmap",
        title: "Arrays can be mapped into memory",
        about: "Creates an array with BPF_F_MMAPABLE and maps it: what is written through memory \
                must be read by bpf(2), and the other way round.",
        effects: ONE_MAP,
        area: "global-data",
        since: Some("5.5"), // fc9702273e2e
        privilege: BPF,
        needs: &["map-create"],
        run: maps::mmap,
    },
    Probe {
        id: "rodata-mmap",
        title: "Frozen arrays can be read through memory and written by nobody",
        about: "Creates the array libbpf makes for .rodata (flags 0x480, nine bytes), fills and \
                freezes it, reads it through memory, and tries to map it writable and to update \
                it, which must be refused.",
        effects: ONE_MAP,
        area: "global-data",
        since: Some("5.5"), // fc9702273e2e
        privilege: BPF_TO_FREEZE,
        needs: &["map-create"],
        run: maps::rodata,
    },
    Probe {
        id: "global-data",
        title: "Programs can use global variables and constants",
        about: "Runs a program of five instructions that reads a frozen array and writes another \
                one by the addresses of their values, as compiled programs do with .rodata and \
                .data.",
        effects: "none: two maps and a program, held by descriptors",
        area: "global-data",
        since: Some("5.2"), // d8eca5bbb2be, 87df15de441b, 591fe9888d78
        privilege: BPF_TO_FREEZE,
        needs: &["map-create", "prog-load"],
        run: maps::global_data,
    },
    Probe {
        id: "cgroup-detach",
        title: "The kernel has programs at cgroups",
        about: "Asks to detach no program from no cgroup: EBADF says that the kernel looked for \
                them, EINVAL that it was built without CONFIG_CGROUP_BPF.",
        effects: NOTHING,
        area: "cgroup",
        since: Some("4.10"), // f4324551489e
        privilege: CGROUP,
        needs: &["bpf-syscall"],
        run: cgroup::detach,
    },
    Probe {
        id: "cgroup-attach-multi",
        title: "Several programs can share a hook of a cgroup",
        about: "Asks to attach no program to no cgroup with BPF_F_ALLOW_MULTI: EBADF says that \
                the kernel knows the flag, EINVAL that it doesn't.",
        effects: NOTHING,
        area: "cgroup",
        since: Some("4.15"), // 324bda9e6c5a
        privilege: CGROUP,
        needs: &["cgroup-detach"],
        run: cgroup::attach_multi,
    },
    Probe {
        id: "core-read",
        title: "Compiled programs find their way in this kernel (CO-RE)",
        about: "Loads a program that reads process id and name of the current task through CO-RE \
                relocations against the kernel's BTF, runs it in the probe's own process, and \
                compares what it read with the truth.",
        effects: "none: two maps and a program, held by descriptors; for its time the name of the \
                  process that does it and, before 5.10, a program at the tracepoint task_rename, \
                  which says nothing of other processes",
        area: "core",
        since: Some("5.2"), // e83b9f55448a, kernel BTF; bpf_probe_read_kernel is replaced before 5.5
        privilege: TRACING,
        needs: &["map-create", "prog-load"],
        run: core_read::core_read,
    },
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_unique_kebab_case_and_told_of_in_words() {
        let mut seen = HashSet::new();
        for probe in table() {
            assert!(seen.insert(probe.id), "{} is there twice", probe.id);
            let words: Vec<&str> = probe.id.split('-').collect();
            let plain = |word: &&str| {
                !word.is_empty()
                    && word
                        .chars()
                        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
            };
            assert!(words.iter().all(plain), "{} is not kebab-case", probe.id);
            for text in [
                probe.title,
                probe.about,
                probe.effects,
                probe.area,
                probe.privilege,
            ] {
                assert!(
                    !text.trim().is_empty(),
                    "{} leaves something untold",
                    probe.id
                );
                assert!(!text.contains("  "), "{}: a gap in {text:?}", probe.id);
            }
        }
    }

    #[test]
    fn a_probe_builds_on_earlier_ones() {
        let mut earlier = HashSet::new();
        for probe in table() {
            for need in probe.needs {
                assert!(
                    earlier.contains(need),
                    "{} builds on {need}, later or unknown",
                    probe.id
                );
            }
            earlier.insert(probe.id);
        }
    }
}
