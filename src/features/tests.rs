//! The tables, and what becomes of them on kernels made for it.

use std::collections::{BTreeMap, BTreeSet};

use super::gate::Gates;
use super::table::Ask;
use super::*;
use crate::facts::{self, Fact, Facts};
use crate::host::{Host, Live, Memory};
use crate::probes::trials::{Reply, Trial};
use crate::probes::{Outcome, ProbeResult};
use crate::report::{Detail, Style};
use crate::version::KernelVersion;

fn table() -> Table {
    Table::built_in().unwrap()
}

fn sections() -> Sections {
    Sections::built_in().unwrap()
}

fn version(text: &str) -> KernelVersion {
    text.parse().unwrap()
}

// ---------------------------------------------------------------------------------------
// The tables
// ---------------------------------------------------------------------------------------

#[test]
fn names_are_unique_and_in_the_order_of_their_numbers() {
    let table = table();
    for kind in Kind::ALL {
        let rows = table.rows(kind);
        assert!(!rows.is_empty(), "{kind:?}");
        let mut names = BTreeSet::new();
        for row in rows {
            let all = std::iter::once(&row.name).chain(&row.also);
            for name in all {
                assert!(names.insert(name.clone()), "{name} is there twice");
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
                assert!(name.chars().all(plain), "{name}");
            }
        }
        let numbers: Vec<u32> = rows.iter().filter_map(|row| row.value).collect();
        assert!(numbers.is_sorted_by(|a, b| a < b), "{kind:?}: {numbers:?}");
        // The kernel's numbers leave no gap: a missing row would.
        if let (Some(first), Some(last)) = (numbers.first(), numbers.last()) {
            let count = u32::try_from(numbers.len()).unwrap();
            assert_eq!(last - first + 1, count, "{kind:?} has a gap");
            assert_eq!(numbers.len(), rows.len(), "{kind:?}: one without a number");
        } else if kind == Kind::Kfunc {
            assert!(rows.is_sorted_by(|a, b| a.name < b.name));
        }
    }
}

#[test]
fn what_was_added_later_has_a_later_number() {
    let table = table();
    for kind in Kind::ALL {
        let mut before = KernelVersion::new(0, 0, 0);
        for row in table.rows(kind) {
            let since = row.version();
            let since = since.unwrap_or_else(|| panic!("{}: {:?}", row.name, row.since));
            assert!(
                since <= version(&table.newest),
                "{} is from the future",
                row.name
            );
            if row.value.is_some() {
                assert!(
                    since >= before,
                    "{} is older than what is before it",
                    row.name
                );
                before = since;
            }
        }
    }
}

#[test]
fn options_are_named_as_in_kconfig_and_by_known_kernels() {
    let table = table();
    for kind in Kind::ALL {
        for row in table.rows(kind) {
            let all: Vec<&String> = match &row.needs {
                Gates::Always(options) => vec![options],
                Gates::Since(ranges) => {
                    assert!(ranges.contains_key("0"), "{}: no first range", row.name);
                    for from in ranges.keys().filter(|from| *from != "0") {
                        assert!(version(from) > row.version().unwrap(), "{}", row.name);
                    }
                    ranges.values().collect()
                }
            };
            for option in all.iter().flat_map(|options| options.split("&&")) {
                let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
                assert!(option.trim().chars().all(plain), "{}: {option}", row.name);
                assert!(!option.trim().starts_with("CONFIG"), "{}", row.name);
            }
        }
    }
}

#[test]
fn each_row_is_asked_for_in_the_way_of_its_kind() {
    let table = table();
    for kind in Kind::ALL {
        for row in table.rows(kind) {
            let fits = match row.ask {
                None => !matches!(kind, Kind::Isa | Kind::Limit),
                Some(Ask::Hook(_)) => kind == Kind::AttachType,
                Some(Ask::Command(_)) => kind == Kind::Command,
                Some(Ask::Extension(_)) => matches!(kind, Kind::Isa | Kind::Limit),
            };
            assert!(fits, "{}: {:?}", row.name, row.ask);
            assert!(row.quiet || kind == Kind::Helper, "{}", row.name);
        }
    }
}

#[test]
fn every_hook_and_type_of_the_sections_is_in_the_table() {
    let (table, sections) = (table(), sections());
    let has = |kind, name: &str| table.rows(kind).iter().any(|row| row.name == name);
    let (rows, hooks) = sections.parts();
    let mut seen = BTreeSet::new();
    for row in rows {
        assert!(seen.insert(&row.section), "{} is there twice", row.section);
        assert!(has(Kind::ProgramType, &row.program), "{}", row.section);
        if let Some(attach) = &row.attach {
            assert!(has(Kind::AttachType, attach), "{}", row.section);
        }
        assert!(
            hooks.iter().any(|hook| hook.hook == row.hook),
            "{}",
            row.hook
        );
        assert!(
            version(&row.since) <= version(&table.newest),
            "{}",
            row.section
        );
        let program = table.rows(Kind::ProgramType).iter();
        let program = program.clone().find(|program| program.name == row.program);
        let first = program.and_then(super::table::Entry::version).unwrap();
        assert!(
            version(&row.since) >= first,
            "{} before its type",
            row.section
        );
    }
    for hook in hooks {
        assert!(
            rows.iter().any(|row| row.hook == hook.hook),
            "{}",
            hook.hook
        );
    }
    // Every type of program has a name.
    for row in table.rows(Kind::ProgramType) {
        assert!(
            !sections.of(Some(&row.name), None).is_empty(),
            "{}",
            row.name
        );
    }
}

/// The table is complete: what the running kernel's BTF names, it has. Where there is no BTF this
/// proves nothing, and says so.
#[test]
fn the_table_has_every_name_of_the_running_kernel() {
    let table = table();
    let names = Names::read(&Live, &table);
    if let Some(missing) = &names.missing {
        skip(&format!(
            "the running kernel's BTF can't be read: {missing:?}"
        ));
        return;
    }
    let facts = Facts::default();
    let known = known(&facts, &names, &[]);
    for kind in Kind::ALL {
        let strangers = judge::strangers(&table, &known, kind);
        assert!(
            strangers.is_empty(),
            "{kind:?}: the table lacks {strangers:?}"
        );
        for row in table.rows(kind) {
            if let Some(number) = names.number(kind, &row.name) {
                assert_eq!(Some(number), row.value, "{}", row.name);
            }
        }
    }
}

#[allow(clippy::print_stderr, reason = "a test that is left out says so")]
fn skip(reason: &str) {
    eprintln!("left out: {reason}");
}

// ---------------------------------------------------------------------------------------
// Judging
// ---------------------------------------------------------------------------------------

/// BTF of an enum of map types with these names.
fn btf(names: &[&str]) -> Vec<u8> {
    let mut strings = b"\0bpf_map_type\0".to_vec();
    let mut words = vec![1, (6 << 24) | u32::try_from(names.len()).unwrap(), 4];
    for (value, name) in names.iter().enumerate() {
        words.extend([
            u32::try_from(strings.len()).unwrap(),
            u32::try_from(value).unwrap(),
        ]);
        strings.extend(name.as_bytes());
        strings.push(0);
    }
    let types = u32::try_from(4 * words.len()).unwrap();
    let header = [24, 0, types, types, u32::try_from(strings.len()).unwrap()];
    let mut bytes = vec![0x9f, 0xeb, 1, 0];
    bytes.extend(
        header
            .iter()
            .chain(&words)
            .flat_map(|word| word.to_le_bytes()),
    );
    bytes.extend(strings);
    bytes
}

/// What is known where no probe of the table was asked.
fn known<'a>(facts: &'a Facts, names: &'a Names, tried: &'a [(Trial, Vec<Reply>)]) -> Known<'a> {
    Known {
        facts,
        names,
        tried,
        running: !tried.is_empty(),
        shown: &[],
    }
}

/// Whether a kernel has one name, and how that is known, in few words.
fn told(host: &dyn Host, reply: Option<Reply>, name: &str) -> String {
    let table = table();
    let wish = table.wish(&[name.to_owned()], &[]).unwrap();
    let names = Names::read(host, &table);
    let facts = facts::collect(host);
    let trials = table.trials(&wish, |kind, name| names.number(kind, name));
    let tried: Vec<(Trial, Vec<Reply>)> = match reply {
        None => Vec::new(),
        Some(reply) => trials
            .into_iter()
            .map(|trial| (trial, vec![reply.clone()]))
            .collect(),
    };
    let known = known(&facts, &names, &tried);
    let features = judge(&table, &sections(), &known, &wish);
    let rows = features.groups.iter().flat_map(|group| &group.rows);
    let rows: Vec<&Row> = rows.collect();
    let [row] = rows[..] else {
        panic!("{rows:?}");
    };
    let by: Vec<String> = row.known_by.iter().map(ToString::to_string).collect();
    let answer = format!("{:?} [{}] {}", row.available, by.join(" "), row.because);
    answer.to_lowercase().trim_end().to_owned()
}

/// A kernel's release, its options, and the names its BTF has (none: no BTF to read).
fn host(release: &str, config: &str, names: Option<&[&str]>) -> Memory {
    let path = format!("/boot/config-{release}");
    let mut host = Memory::new()
        .with_uname(release, "#1 SMP", "x86_64")
        .with("/sys/kernel/uevent_seqnum", "1\n");
    if !config.is_empty() {
        host = host.with(&path, config);
    }
    match names {
        Some(names) => host.with("/sys/kernel/btf/vmlinux", btf(names)),
        None => host,
    }
}

const ON: &str = "CONFIG_BPF_SYSCALL=y\nCONFIG_NET=y\nCONFIG_INET=y\nCONFIG_XDP_SOCKETS=y\n";

/// The kernel's own BTF says nothing of a module that is not loaded; only what an option is set to
/// tells whether there is one.
#[test]
fn a_function_that_may_be_in_a_module_is_not_missing_for_sure() {
    let btf: Option<&[&str]> = Some(&["BPF_MAP_TYPE_HASH"]);
    let of = |option: &str| format!("CONFIG_BPF_SYSCALL=y\n{option}\n");
    for (release, config, begins) in [
        (
            "6.1.0",
            String::new(),
            "unknown [] it may be in module tcp_bbr, which is not loaded; whether config_tcp_cong_bbr",
        ),
        (
            "6.1.0",
            of("CONFIG_TCP_CONG_BBR=m"),
            "unknown [] it is in module tcp_bbr, which is not loaded",
        ),
        (
            "6.1.0",
            of("CONFIG_TCP_CONG_BBR=y"),
            "no [btf] its btf does not have it",
        ),
        (
            "6.1.0",
            of("# CONFIG_TCP_CONG_BBR is not set"),
            "no [btf config] config_tcp_cong_bbr is not set",
        ),
        (
            "5.10.0",
            String::new(),
            "no [btf] newer than this kernel: linux 5.13",
        ),
    ] {
        let said = told(&host(release, &config, btf), None, "bbr_init");
        assert!(said.starts_with(begins), "{release} {config}: {said}");
    }
}

/// Names that kernels had, lost to another one, and have again.
#[test]
fn a_name_with_a_second_life_is_told_with_its_first_and_with_the_other_name() {
    let btf: Option<&[&str]> = Some(&["BPF_MAP_TYPE_HASH"]);
    let on = format!("{ON}CONFIG_CGROUPS=y\n");
    let push = "bpf_list_push_front";
    for (release, names, name, begins, words) in [
        (
            "6.18.1",
            btf,
            push,
            "no [btf] newer",
            "linux 7.1; bpf_list_push_front_impl does the same since linux 6.4; from 6.2 to before 6.4",
        ),
        (
            "6.5.0",
            None,
            push,
            "no [version] newer",
            "bpf_list_push_front_impl does the same",
        ),
        (
            "6.18.1",
            btf,
            "bpf_stream_vprintk",
            "no [btf] newer",
            "linux 7.0; bpf_stream_vprintk_impl does the same since linux 6.18; from 6.17 to before",
        ),
        // A name that was lost for good.
        (
            "6.18.1",
            btf,
            "cgroup_rstat_flush",
            "no [btf] its btf does not have it",
            "it; css_rstat_flush does the same since linux 6.16",
        ),
        (
            "6.12.1",
            btf,
            "css_rstat_updated",
            "no [btf] newer",
            "linux 6.16; cgroup_rstat_updated does the same since linux 6.1",
        ),
        (
            "5.15.1",
            btf,
            "cgroup_rstat_flush",
            "no [btf] newer than this kernel: linux 6.1",
            "",
        ),
        (
            "6.18.1",
            btf,
            "bpf_obj_new",
            "no [btf] newer",
            "bpf_obj_new_impl does the same since linux 6.2",
        ),
        // Its first life, and the first kernels of both.
        (
            "6.3.0",
            None,
            push,
            "unknown [] an older kernel brought it",
            "",
        ),
        ("6.2.0", None, push, "yes [", ""),
        ("7.1.0", None, push, "yes [", ""),
        (
            "7.2.0",
            None,
            push,
            "unknown [] an older kernel brought it",
            "",
        ),
        ("6.3.0", None, "bpf_rbtree_add", "yes [", ""),
        (
            "6.2.0",
            None,
            "bpf_rbtree_add",
            "no [version] newer",
            "from 6.3 to before 6.4",
        ),
    ] {
        let said = told(&host(release, &on, names), None, name);
        assert!(
            said.starts_with(begins) && said.contains(words),
            "{release} {name}: {said}"
        );
    }
    let table = table();
    let since = |release: &str| {
        let host = host(release, ON, None);
        let wish = table.wish(&[push.to_owned()], &[]).unwrap();
        let (names, facts) = (Names::read(&host, &table), facts::collect(&host));
        let features = judge(&table, &sections(), &known(&facts, &names, &[]), &wish);
        features
            .groups
            .first()
            .unwrap()
            .rows
            .first()
            .unwrap()
            .since
            .clone()
    };
    assert_eq!(since("6.3.0").as_deref(), Some("6.2"));
    assert_eq!(since("6.18.0").as_deref(), Some("7.1"));
    for row in table.rows(Kind::Kfunc) {
        if let Some(older) = &row.formerly {
            let older = table
                .rows(Kind::Kfunc)
                .iter()
                .find(|row| row.name == *older);
            assert!(older.unwrap().version() < row.version(), "{}", row.name);
        }
        if let Some(once) = &row.once {
            assert!(version(&once.from) < version(&once.until), "{}", row.name);
            assert!(Some(version(&once.until)) < row.version(), "{}", row.name);
        }
    }
}

/// Loading some helpers makes the kernel write a banner to its log, or make buffers for good.
#[test]
fn helpers_that_leave_a_trace_are_never_tried() {
    let table = table();
    let number = |_: Kind, _: &str| None;
    let loud = [
        "bpf_trace_printk",
        "bpf_trace_vprintk",
        "bpf_probe_write_user",
    ];
    let rows = table.rows(Kind::Helper).iter();
    let numbers: Vec<u32> = rows
        .filter(|row| loud.contains(&row.name.as_str()))
        .filter_map(|row| row.value)
        .collect();
    assert_eq!(numbers, [6, 36, 177]);
    for program in table.rows(Kind::ProgramType) {
        let Some(Trial::Helpers { helpers, .. }) = table.helpers(&program.name, &number) else {
            panic!("{}", program.name);
        };
        assert!(helpers.len() > 100, "{}", program.name);
        let tried = helpers.iter().find(|helper| numbers.contains(helper));
        assert_eq!(tried, None, "{}", program.name);
    }
}

#[test]
fn an_experiment_outranks_a_name_and_an_option_and_these_a_version() {
    let no = |errno: &str| Some(Reply::No(errno.to_owned()));
    let refused = || Some(Reply::Unknown("trying it answers EPERM".to_owned()));
    let off = "CONFIG_BPF_SYSCALL=y\nCONFIG_NET=y\n# CONFIG_XDP_SOCKETS is not set\n";
    let xsk: Option<&[&str]> = Some(&["BPF_MAP_TYPE_XSKMAP"]);
    let other: Option<&[&str]> = Some(&["BPF_MAP_TYPE_HASH"]);
    let new = "6.1.0-1-amd64";
    let rows = [
        // Tried, with and without a name.
        (new, ON, xsk, Some(Reply::Yes), "yes [btf experiment]"),
        (new, ON, None, Some(Reply::Yes), "yes [experiment]"),
        (new, off, other, Some(Reply::Yes), "yes [experiment]"),
        ("4.9.0", ON, None, Some(Reply::Yes), "yes [experiment]"),
        (
            new,
            off,
            xsk,
            no("EINVAL"),
            "no [experiment config] config_xdp_sockets is not set",
        ),
        (
            new,
            "",
            xsk,
            no("EINVAL"),
            "no [experiment] it is refused (einval), as without config_net, config_xdp_sockets",
        ),
        (
            "4.9.0",
            ON,
            other,
            no("EINVAL"),
            "no [btf experiment] newer than this kernel: linux 4.18",
        ),
        (
            "4.9.0",
            ON,
            None,
            no("EINVAL"),
            "no [experiment] newer than this kernel: linux 4.18",
        ),
        // A refused privilege is no answer: name and option are asked.
        (
            new,
            ON,
            xsk,
            refused(),
            "yes [btf config] trying it answers eperm",
        ),
        (
            new,
            off,
            xsk,
            refused(),
            "no [config] config_xdp_sockets is not set",
        ),
        (
            new,
            "",
            xsk,
            refused(),
            "unknown [] its btf names it; whether config_bpf_syscall is on is not known; \
             trying it answers eperm",
        ),
        (
            new,
            "",
            None,
            refused(),
            "unknown [] whether config_bpf_syscall is on is not known; \
             trying it answers eperm",
        ),
        // Nothing tried.
        (new, ON, xsk, None, "yes [btf config]"),
        (new, ON, None, None, "yes [config version]"),
        (new, ON, other, None, "no [btf] its btf does not name it"),
        (
            "4.9.0",
            ON,
            None,
            None,
            "no [version] newer than this kernel: linux 4.18",
        ),
        (
            "4.18.0-80.el8.x86_64",
            off,
            None,
            None,
            "no [config] config_xdp_sockets is not set",
        ),
    ];
    for (release, config, names, reply, expected) in rows {
        let told = told(&host(release, config, names), reply.clone(), "xskmap");
        assert_eq!(told, expected, "{release} {config:?} {names:?} {reply:?}");
    }
}

#[test]
fn of_a_distribution_that_backports_the_version_proves_nothing() {
    for (release, expected) in [
        ("4.18.0-553.el8_10.x86_64", "unknown"),
        ("4.18.0-generic", "no [version]"),
    ] {
        let told = told(&host(release, ON, None), None, "ringbuf");
        assert!(told.starts_with(expected), "{release}: {told}");
    }
}

#[test]
fn options_count_for_the_kernels_they_are_of() {
    let stream = "CONFIG_BPF_SYSCALL=y\nCONFIG_NET=y\nCONFIG_INET=y\n\
                  # CONFIG_BPF_STREAM_PARSER is not set\n";
    for (release, expected) in [
        ("5.10.0", "no [config] config_bpf_stream_parser is not set"),
        ("5.12.9", "no [config] config_bpf_stream_parser is not set"),
        ("5.13.0", "yes [config version]"),
        ("6.12.0", "yes [config version]"),
        // Whose code this is, its number doesn't say.
        ("4.18.0-553.el8_10.x86_64", "yes [config version]"),
    ] {
        let told = told(&host(release, stream, None), None, "BPF_MAP_TYPE_SOCKHASH");
        assert_eq!(told, expected, "{release}");
    }
}

#[test]
fn functions_for_programs_are_known_by_btf_alone() {
    let name = "bpf_cpumask_create";
    for (host, expected) in [
        (
            host("6.12.0", ON, Some(&["BPF_MAP_TYPE_HASH"])),
            "no [btf] its btf does not have it",
        ),
        (
            host("5.10.0", ON, Some(&["BPF_MAP_TYPE_HASH"])),
            "no [btf] newer than this kernel: linux 6.3",
        ),
        (
            host("6.12.0", ON, None),
            "unknown [] an older kernel brought it, and only the kernel's btf tells whether it is still there",
        ),
    ] {
        assert_eq!(told(&host, None, name), expected);
    }
}

#[test]
fn lockdown_takes_helpers_away() {
    let level = |level: &str| host("6.1.0", ON, None).with("/sys/kernel/security/lockdown", level);
    let asked = "bpf_probe_read_kernel";
    for (lockdown, name, expected) in [
        ("none integrity [confidentiality]\n", asked, "no [policy]"),
        ("none [integrity] confidentiality\n", asked, "yes [version]"),
        (
            "none [integrity] confidentiality\n",
            "bpf_probe_write_user",
            "no [policy]",
        ),
        (
            "[none] integrity confidentiality\n",
            "bpf_probe_write_user",
            "yes [version]",
        ),
    ] {
        let told = told(&level(lockdown), None, name);
        assert!(told.starts_with(expected), "{lockdown} {name}: {told}");
    }
}

#[test]
fn names_the_table_does_not_know_are_told() {
    let names = [
        "BPF_MAP_TYPE_UNSPEC",
        "BPF_MAP_TYPE_TELEPATHY",
        "__MAX_BPF_MAP_TYPE",
    ];
    let host = host("9.0.0", ON, Some(&names));
    let table = table();
    let wish = table.wish(&[], &[]).unwrap();
    let (names, facts) = (Names::read(&host, &table), facts::collect(&host));
    let known = known(&facts, &names, &[]);
    let features = judge(&table, &sections(), &known, &wish);
    let group = features
        .groups
        .iter()
        .find(|group| group.group == "map_type")
        .unwrap();
    let strange: Vec<&str> = group
        .rows
        .iter()
        .filter(|row| row.since.is_none())
        .map(|row| row.name.as_str())
        .collect();
    assert_eq!(strange, ["telepathy"]);
    assert_eq!(group.rows.len(), group.yes + group.no + group.unknown);
    // Everything asked for has an answer, and a no or an unknown its reason.
    for row in features.groups.iter().flat_map(|group| &group.rows) {
        assert!(
            row.available == Available::Yes || !row.because.is_empty(),
            "{row:?}"
        );
        assert_eq!(
            row.available == Available::Unknown,
            row.known_by.is_empty(),
            "{row:?}"
        );
    }
}

// ---------------------------------------------------------------------------------------
// Names and sections
// ---------------------------------------------------------------------------------------

#[test]
fn names_are_understood_as_bpftool_and_c_write_them() {
    let table = table();
    for name in [
        "ringbuf",
        "BPF_MAP_TYPE_RINGBUF",
        "map_type",
        "bpf_loop",
        "BPF_FUNC_loop",
        "cgroup_storage_deprecated",
        "prog_run",
        "BPF_CGROUP_INET4_CONNECT",
    ] {
        assert!(table.wish(&[name.to_owned()], &[]).is_ok(), "{name}");
    }
    for (name, hint) in [
        (
            "ringbuff",
            "nothing is called `ringbuff`; did you mean `ringbuf`?",
        ),
        ("qqqqq", "nothing is called `qqqqq`"),
    ] {
        let error = table.wish(&[name.to_owned()], &[]).unwrap_err();
        assert_eq!(error.to_string(), hint);
    }
    assert!(table.wish(&[], &["hash".to_owned()]).is_err());
    assert!(
        table
            .wish(&[], &["xdp".to_owned(), "all".to_owned()])
            .is_ok()
    );
}

#[test]
fn sections_are_found_as_libbpf_finds_them() {
    let sections = sections();
    for (name, found) in [
        ("kprobe", "kprobe+"),
        ("kprobe/do_exit", "kprobe+"),
        ("?kprobe/do_exit", "kprobe+"),
        ("kprobe.multi/tcp_*", "kprobe.multi+"),
        ("tp/syscalls/sys_enter_openat", "tp+"),
        ("xdp", "xdp"),
        ("xdp/cpumap", "xdp/cpumap"),
        ("cgroup/connect4", "cgroup/connect4"),
        ("fentry.s/vfs_read", "fentry.s+"),
        ("tc", "tc"),
        ("sk_skb/stream_parser", "sk_skb/stream_parser"),
    ] {
        let row = sections.look_up(Some(name)).unwrap();
        assert_eq!(row.sections.len(), 1, "{name}");
        assert_eq!(row.sections[0].section, found, "{name}");
        assert_eq!(row.hooks.len(), 1, "{name}");
    }
    for (name, hint) in [
        ("cgroup/conect4", "did you mean `cgroup/connect4`?"),
        ("kprobes/do_exit", "did you mean `kprobe`?"),
        ("xdp/prog", "`xdp` is a whole name"),
        ("maps", "write it in .maps"),
        ("qqqqqqqq", "nothing is called `qqqqqqqq`"),
    ] {
        let error = sections.look_up(Some(name)).unwrap_err().to_string();
        assert!(error.contains(hint), "{name}: {error}");
    }
}

#[test]
fn text_tells_every_name_and_no_control_characters() {
    let host = host("6.1.0\u{1b}[31m", ON, None);
    let table = table();
    let wish = table.wish(&[], &[]).unwrap();
    let (names, facts) = (Names::read(&host, &table), facts::collect(&host));
    let known = known(&facts, &names, &[]);
    let features = judge(&table, &sections(), &known, &wish);
    let style = |detail| Style {
        detail,
        ..Style::default()
    };
    let verbose = text(&features, style(Detail::Verbose));
    for row in features.groups.iter().flat_map(|group| &group.rows) {
        assert!(verbose.contains(&format!(" {} ", row.name)), "{}", row.name);
    }
    let normal = text(&features, style(Detail::Normal));
    let quiet = text(&features, style(Detail::Quiet));
    assert!(quiet.lines().count() < normal.lines().count());
    assert!(normal.lines().count() < verbose.lines().count());
    for text in [verbose, normal, quiet] {
        assert!(text.is_ascii() && !text.contains('\u{1b}'));
    }
}

#[test]
fn what_is_written_piece_by_piece_is_what_the_whole_would_be() {
    let host = host("6.1.0", ON, Some(&["BPF_MAP_TYPE_HASH"]));
    let table = table();
    let wish = table.wish(&[], &["all".to_owned()]).unwrap();
    let (names, facts) = (Names::read(&host, &table), facts::collect(&host));
    let known = known(&facts, &names, &[]);
    let whole = judge(&table, &sections(), &known, &wish);
    assert!(whole.groups.len() > Kind::ALL.len());
    let mut odd = whole.clone();
    for because in [
        "no",
        "1:30",
        "a: b # c",
        "- x",
        "''",
        "@y",
        "one\ntwo\n\n  three\n",
        "\n",
        "  x",
        "\u{85}",
        &"long ".repeat(100),
    ] {
        let group = odd.groups.first_mut().unwrap();
        let mut row = group.rows.first().cloned().unwrap();
        row.because = because.to_owned();
        group.rows.push(row);
    }
    odd.groups.get_mut(1).unwrap().rows.clear();
    let mut none = whole.clone();
    none.groups.clear();
    for features in [whole, odd, none] {
        let mut pieces = Vec::new();
        write_yaml(&features, &mut pieces).unwrap();
        let pieces = String::from_utf8(pieces).unwrap();
        // Line by line, for a difference in a text of a million characters to be legible.
        let one = crate::yaml::to_string(&features).unwrap();
        let mut lines = pieces.lines().zip(one.lines());
        assert_eq!(lines.find(|(a, b)| a != b), None);
        assert_eq!(pieces.len(), one.len());
        let mut pieces = Vec::new();
        write_json(&features, &mut pieces).unwrap();
        let one = serde_json::to_string_pretty(&features).unwrap() + "\n";
        assert!(pieces == one.as_bytes());
    }
}

#[test]
fn types_that_share_a_list_of_helpers_are_tried_once() {
    let host = host("6.1.0", ON, None);
    let table = table();
    let wish = table.wish(&[], &["all".to_owned()]).unwrap();
    let trials = table.trials(&wish, |_, _| None);
    let tried: Vec<(Trial, Vec<Reply>)> = trials
        .iter()
        .map(|trial| (trial.clone(), vec![Reply::Yes; trial.replies()]))
        .collect();
    let helpers = |trial: &&Trial| matches!(trial, Trial::Helpers { .. });
    let programs = table.rows(Kind::ProgramType).len();
    assert_eq!(trials.iter().filter(helpers).count(), programs - 2);
    let (names, facts) = (Names::read(&host, &table), facts::collect(&host));
    let known = known(&facts, &names, &tried);
    let features = judge(&table, &sections(), &known, &wish);
    let rows = |program: &str| {
        let mut groups = features.groups.iter();
        let of = groups.find(|group| group.program_type.as_deref() == Some(program));
        of.map(|group| (group.yes, group.rows.clone())).unwrap()
    };
    assert_eq!(rows("sched_act"), rows("sched_cls"));
    assert_eq!(rows("raw_tracepoint_writable"), rows("raw_tracepoint"));
    assert!(rows("sched_act").0 > 100);
}

#[test]
fn what_a_policy_refuses_to_the_mightiest_is_told_of_its_hooks_too() {
    const TRACING: u32 = 26;
    let capable = include_str!("../../tests/data/status");
    let on = format!("{ON}CONFIG_BPF_EVENTS=y\nCONFIG_BPF_JIT=y\nCONFIG_DEBUG_INFO_BTF=y\n");
    let table = table();
    let wish = table.wish(&["attach_type".to_owned()], &[]).unwrap();
    let trials = table.trials(&wish, |_, _| None);
    // Whoever asks for hooks alone is told of their programs, too.
    assert!(trials.contains(&Trial::Program(TRACING)));
    let tried: Vec<(Trial, Vec<Reply>)> = trials
        .into_iter()
        .map(|trial| {
            let reply = match &trial {
                Trial::Program(TRACING) => Reply::Unknown("trying it answers EPERM".to_owned()),
                _ => Reply::Yes,
            };
            (trial, vec![reply])
        })
        .collect();
    for (initial, policy) in [(true, true), (false, false)] {
        let name = if initial {
            "user:[4026531837]"
        } else {
            "user:[1]"
        };
        let host = host(
            "6.1.0",
            &on,
            Some(&["BPF_PROG_TYPE_TRACING", "BPF_TRACE_FENTRY"]),
        )
        .with("/proc/self/status", capable)
        .with_link("/proc/self/ns/user", name);
        let (names, facts) = (Names::read(&host, &table), facts::collect(&host));
        let known = known(&facts, &names, &tried);
        let features = judge(&table, &sections(), &known, &wish);
        let mut rows = features.groups.iter().flat_map(|group| &group.rows);
        let fentry = rows.find(|row| row.name == "trace_fentry").unwrap();
        assert_eq!(fentry.available, Available::Yes, "{fentry:?}");
        assert!(
            fentry.because.contains("its program type tracing:"),
            "{fentry:?}"
        );
        assert!(fentry.because.contains("EPERM"), "{fentry:?}");
        let says = fentry.because.contains("a policy refuses it here");
        assert_eq!(says, policy, "{fentry:?}");
        assert_eq!(
            fentry.known_by.contains(&Source::Policy),
            policy,
            "{fentry:?}"
        );
    }
}

// ---------------------------------------------------------------------------------------
// What experiments show besides
// ---------------------------------------------------------------------------------------

#[test]
fn what_shows_a_row_is_a_probe_of_the_table() {
    let table = table();
    let known: Vec<&str> = crate::probes::table()
        .iter()
        .map(|probe| probe.id)
        .collect();
    let mut rows = 0;
    for kind in Kind::ALL {
        for entry in table.rows(kind) {
            for probe in &entry.shown {
                assert!(known.contains(&probe.as_str()), "{}: {probe}", entry.name);
                assert!(matches!(kind, Kind::AttachType | Kind::LinkType));
                rows += 1;
            }
        }
    }
    assert!(rows > 20, "{rows}");
}

/// The rows of the hooks and links of a kernel whose BTF names them and whose config nobody has,
/// where these program types load, and these probes work.
fn without_config(loads: &[&str], works: &[&str]) -> BTreeMap<String, (Available, String)> {
    const XDP: u32 = 6;
    let names = Names::of(&[
        (
            Kind::AttachType,
            &["xdp", "tcx_ingress", "tcx_egress", "netfilter"],
        ),
        (Kind::LinkType, &["xdp", "tcx", "netfilter"]),
    ]);
    let host = host("6.12.0", "", None);
    let table = table();
    let facts = facts::collect(&host);
    let wish = table.wish(&[], &[]).unwrap();
    let reply = |name: &str| match loads.contains(&name) {
        true => Reply::Yes,
        false => Reply::Unknown("trying it answers EPERM".to_owned()),
    };
    let tried = [(Trial::Program(XDP), vec![reply("xdp")])];
    let shown: Vec<ProbeResult> = works
        .iter()
        .map(|probe| ProbeResult {
            probe: (*probe).to_owned(),
            outcome: Outcome::Works,
            micros: 1,
        })
        .collect();
    let known = Known {
        facts: &facts,
        names: &names,
        tried: &tried,
        running: true,
        shown: &shown,
    };
    let features = judge(&table, &sections(), &known, &wish);
    let open = left_open(&table, &features);
    assert_eq!(
        open.contains(&"tcx-run".to_owned()),
        !works.contains(&"tcx-run")
    );
    let groups = features.groups.into_iter();
    let groups = groups.filter(|group| group.group == "attach_type" || group.group == "link_type");
    groups
        .flat_map(|group| {
            let of = group.group;
            group.rows.into_iter().map(move |row| {
                let by: Vec<String> = row.known_by.iter().map(ToString::to_string).collect();
                (format!("{of} {}", row.name), (row.available, by.join(" ")))
            })
        })
        .collect()
}

#[test]
fn without_a_config_experiments_say_what_is_on() {
    let nothing = without_config(&[], &[]);
    for name in ["attach_type xdp", "link_type xdp", "link_type tcx"] {
        assert_eq!(nothing[name].0, Available::Unknown, "{name}");
    }
    // A program for XDP takes CONFIG_NET, and so do its hook and its link.
    let loads = without_config(&["xdp"], &[]);
    let by_experiment = (Available::Yes, "btf experiment".to_owned());
    assert_eq!(loads["attach_type xdp"], by_experiment);
    assert_eq!(loads["link_type xdp"], by_experiment);
    assert_eq!(loads["link_type tcx"].0, Available::Unknown);
    assert_eq!(loads["attach_type tcx_egress"].0, Available::Unknown);
    // CONFIG_NET_XGRESS shows in nothing but what it is for.
    let works = without_config(&["xdp"], &["tcx-run"]);
    assert_eq!(works["attach_type tcx_ingress"], by_experiment);
    assert_eq!(works["link_type tcx"], by_experiment);
    assert_eq!(works["attach_type tcx_egress"], by_experiment);
    assert_eq!(works["link_type netfilter"].0, Available::Unknown);
}

#[test]
fn who_refuses_is_said_as_far_as_it_is_known() {
    const ASKED: [&str; 3] = ["CAP_BPF", "CAP_PERFMON", "CAP_NET_ADMIN"];
    let (all, one) = ("CAP_SYS_ADMIN", "CAP_BPF");
    for (held, seccomp, namespace, said, policy) in [
        (all, "none", "initial", "a policy refuses it here: ", true),
        (
            all,
            "filter",
            "initial",
            "a seccomp filter or another policy",
            true,
        ),
        (
            one,
            "none",
            "initial",
            "lacks CAP_PERFMON, CAP_NET_ADMIN: ",
            false,
        ),
        (
            one,
            "filter",
            "initial",
            "CAP_NET_ADMIN, and has a seccomp filter",
            false,
        ),
        (all, "none", "nested", "in a user namespace", false),
    ] {
        let mut facts = Facts::default();
        let held = Fact::known(vec![held.to_owned()], "");
        facts.set("privilege.capabilities", held);
        facts.set("privilege.seccomp", Fact::known(seccomp, ""));
        facts.set("privilege.user-namespace", Fact::known(namespace, ""));
        for why in [
            "trying it answers EPERM",
            "a plain program is refused, too: EPERM",
        ] {
            let judged = |told: &str| reasons::Answer::new(Available::Yes, &[], told);
            let answer = reasons::by_policy(why, &facts, &ASKED, false, judged);
            assert!(answer.because.contains(said), "{}", answer.because);
            let begins = answer.because.starts_with("the kernel has it, and ");
            assert!(begins, "{}", answer.because);
            assert!(answer.because.ends_with(why), "{}", answer.because);
            assert_eq!(answer.known_by.contains(&Source::Policy), policy);
        }
        let open = reasons::by_policy("EINVAL", &facts, &ASKED, false, |told| {
            reasons::Answer::unknown(told)
        });
        assert_eq!(open.because, "EINVAL");
        let why = "trying it answers EPERM";
        // What is missing and not asked for is not named, nor a filter that let others through.
        let told = |told: &str| reasons::Answer::unknown(told);
        let answer = reasons::by_policy(why, &facts, &["CAP_BPF"], true, told);
        assert!(!answer.because.contains("CAP_"), "{}", answer.because);
        assert!(!answer.because.contains("seccomp"), "{}", answer.because);
        // Ids take CAP_SYS_ADMIN.
        let answer = reasons::by_policy(why, &facts, &["CAP_SYS_ADMIN"], true, told);
        let lacks = answer.because.contains("lacks CAP_SYS_ADMIN");
        assert_eq!(lacks, said.contains("CAP_NET_ADMIN"), "{}", answer.because);
    }
}

#[test]
fn a_map_of_a_module_that_is_not_active_is_not_laid_to_the_build() {
    let table = table();
    let only = ["inode_storage".to_owned()];
    let wish = table.wish(&only, &[]).unwrap();
    let facts = Facts::default();
    let names = Names::of(&[]);
    for (errno, said) in [
        ("EOPNOTSUPP", "active security modules"),
        ("EINVAL", "CONFIG_BPF_LSM"),
    ] {
        let tried = [(Trial::Map(28), vec![Reply::No(errno.to_owned())])];
        let known = known(&facts, &names, &tried);
        let features = judge(&table, &sections(), &known, &wish);
        let row = &features.groups[0].rows[0];
        assert_eq!(row.available, Available::No, "{row:?}");
        assert!(row.because.contains(said), "{row:?}");
    }
}

#[test]
fn names_are_taken_as_bpftool_writes_them_in_json() {
    let table = table();
    for (name, kind, row) in [
        ("have_v4_isa_extension", Kind::Isa, "v4_isa_extension"),
        ("have_bounded_loops", Kind::Limit, "bounded_loops"),
        ("have_hash_map_type", Kind::MapType, "hash"),
        ("have_struct_ops_prog_type", Kind::ProgramType, "struct_ops"),
    ] {
        let wish = table.wish(&[name.to_owned()], &[]).unwrap();
        assert!(wish.has(kind, row), "{name}");
        assert!(!wish.has(Kind::MapType, "array"), "{name}");
        let found = table.find(name);
        let found: Vec<&str> = found.iter().map(|(_, entry)| entry.name.as_str()).collect();
        assert_eq!(found, [row], "{name}");
    }
    let helpers = ["xdp_available_helpers".to_owned()];
    assert_eq!(table.wish(&helpers, &[]).unwrap().helpers_of, ["xdp"]);
    for name in ["have_nothing_map_type", "nothing_available_helpers"] {
        assert!(table.wish(&[name.to_owned()], &[]).is_err(), "{name}");
    }
}

#[test]
fn a_link_and_its_hook_are_told_alike() {
    let table = table();
    let only = ["kprobe_multi", "trace_kprobe_multi"].map(str::to_owned);
    let wish = table.wish(&only, &[]).unwrap();
    let trials = table.trials(&wish, |_, _| None);
    let hook = Trial::Hook(42, crate::probes::trials::HookTrial::Link);
    let asked = trials.iter().filter(|trial| **trial == hook).count();
    assert_eq!(asked, 1, "{trials:?}");
    let facts = Facts::default();
    let names = Names::of(&[]);
    for (reply, available) in [
        (Reply::No("EOPNOTSUPP".to_owned()), Available::No),
        (Reply::Yes, Available::Yes),
    ] {
        let tried = [(hook.clone(), vec![reply])];
        let features = judge(&table, &sections(), &known(&facts, &names, &tried), &wish);
        let rows: Vec<&Row> = features
            .groups
            .iter()
            .flat_map(|group| &group.rows)
            .collect();
        let told = |name: &str| rows.iter().find(|row| row.name == name).unwrap();
        let (hook, link) = (told("trace_kprobe_multi"), told("kprobe_multi"));
        assert_eq!((hook.available, link.available), (available, available));
        assert_eq!(hook.because, link.because);
    }
    // Each row that is answered by a hook names one.
    for entry in table.rows(Kind::LinkType) {
        let hook = entry.hook.as_deref();
        let known = hook.is_none_or(|hook| table.named(Kind::AttachType, hook).is_some());
        assert!(known, "{}", entry.name);
    }
}

#[test]
fn a_hook_refused_with_its_programs_says_so_once() {
    let table = table();
    let wish = table.wish(&["trace_kprobe_multi".to_owned()], &[]).unwrap();
    let refused = || vec![Reply::Unknown("trying it answers EPERM".to_owned())];
    let trials = table.trials(&wish, |_, _| None).into_iter();
    let tried: Vec<(Trial, Vec<Reply>)> = trials.map(|trial| (trial, refused())).collect();
    let facts = Facts::default();
    let names = Names::of(&[]);
    let features = judge(&table, &sections(), &known(&facts, &names, &tried), &wish);
    let row = &features.groups[0].rows[0];
    assert_eq!(row.because.matches("EPERM").count(), 1, "{row:?}");
    assert!(row.because.contains("its program type kprobe"), "{row:?}");
}

#[test]
fn programs_that_may_call_a_helper_are_told_from_those_that_are_not_known() {
    let table = table();
    let wish = table.wish_to_show("bpf_d_path").unwrap();
    let (facts, names) = (Facts::default(), Names::of(&[]));
    let judged = judge(&table, &sections(), &known(&facts, &names, &[]), &wish);
    let refused = "trying it answers EPERM";
    for (told, lines) in [
        (
            &[
                ("syscall", Available::Yes, "in some of these programs"),
                ("xdp", Available::No, "experiment"),
                ("tracing", Available::Unknown, refused),
                ("lsm", Available::Unknown, refused),
                ("struct_ops", Available::Unknown, "it depends"),
            ][..],
            &[
                "called from syscall",
                "in part syscall: in some of these programs",
                "not known tracing, lsm: trying it answers EPERM",
                "not known struct_ops: it depends",
            ][..],
        ),
        (
            &[
                ("xdp", Available::No, ""),
                ("tracing", Available::Unknown, refused),
            ],
            &["not known tracing: trying it answers EPERM"],
        ),
        (&[("xdp", Available::Yes, "")], &["called from xdp"]),
        // Nothing was tried.
        (&[("tracing", Available::Unknown, "not tried")], &[]),
    ] {
        let mut features = judged.clone();
        features.groups.retain_mut(|group| {
            let Some(of) = group.program_type.clone() else {
                return true;
            };
            let answer = told.iter().find(|(name, ..)| *name == of);
            for row in &mut group.rows {
                let (_, available, because) = answer.copied().unwrap_or(("", row.available, ""));
                row.available = available;
                row.because = because.to_owned();
            }
            answer.is_some()
        });
        let shown = table.show("bpf_d_path", &sections(), &features);
        let text = shown_text(&shown, Style::default());
        let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
        let said: Vec<String> = text.lines().map(words).collect();
        let begins = ["called from", "in part", "not known"];
        let of_programs = said
            .iter()
            .filter(|line| begins.iter().any(|begin| line.starts_with(begin)));
        let of_programs: Vec<&str> = of_programs.map(String::as_str).collect();
        assert_eq!(of_programs, lines, "{text}");
        let json = serde_json::to_value(&shown.things[0]).unwrap();
        let unknown = lines.iter().any(|line| line.starts_with("not known"));
        assert_eq!(
            json.get("program_types_unknown").is_some(),
            unknown,
            "{json}"
        );
    }
}
