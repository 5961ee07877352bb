//! What is mounted where, as a path walk from the root would meet it.

use std::collections::{BTreeMap, HashMap, HashSet};

use procfs::process::MountInfo;

use super::{Fact, Unknown, Why, reader};
use crate::host::Host;

const MOUNTINFO: &str = "/proc/self/mountinfo";
const MOUNTS: &str = "/proc/mounts";

/// More than the mounts of any host that works: some 40 000 lines.
const LIMIT: usize = 8 << 20;

/// A mount that can be reached by its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Type of the file system, e.g. `cgroup2`.
    pub(super) fs_type: String,
    /// The directory of that file system which is seen at the mount point; empty where
    /// only /proc/mounts could be read, which does not tell it.
    pub(super) root: String,
    /// Whether it lends rights to whoever can get a token of it, and all of them.
    pub(super) lends: Option<Lends>,
}

/// What a bpf file system lends by tokens (`bpf_show_options()` in kernel/bpf/inode.c).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lends {
    /// Every command, type of map, type of program and hook.
    All,
    /// Some of these.
    Part,
}

/// Where loaders look for a bpf file system that lends rights, unless they are told another place
/// (`bpf_object_prepare_token()` in src/libbpf.c of libbpf).
pub(super) const TOKENS: &str = "/sys/fs/bpf";

/// Whether bpf file systems lend rights by tokens, by the text of /proc/self/mountinfo: true where
/// loaders look by themselves, false where they do not.
pub(crate) fn lent_where_loaders_look(mountinfo: &str) -> Option<bool> {
    let mounts = Mounts::from_mountinfo(mountinfo);
    let lent = mounts
        .of_type("bpf")
        .filter(|(_, mount)| mount.lends.is_some());
    lent.map(|(point, _)| point == TOKENS)
        .reduce(|one, other| one || other)
}

impl Lends {
    /// By options of a mount, `delegate_cmds=any` among them.
    fn of<'a>(options: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Self> {
        const KINDS: usize = 4;
        let lent = options.filter(|(name, _)| name.starts_with("delegate_"));
        let lent: Vec<&str> = lent.map(|(_, what)| what).collect();
        match lent.as_slice() {
            [] => None,
            all if all.len() == KINDS && all.iter().all(|what| *what == "any") => Some(Self::All),
            _ => Some(Self::Part),
        }
    }
}

/// The mounts of the doctor's own mount namespace that no other mount hides.
#[derive(Debug)]
pub(super) struct Mounts {
    /// Mounts by mount point, or why they are not known.
    visible: Result<BTreeMap<String, Mount>, Unknown>,
    source: &'static str,
    /// Lines that made no sense and were passed over.
    broken_lines: usize,
}

impl Mounts {
    /// Reads /proc/self/mountinfo or, where that is not there, /proc/mounts.
    pub(super) fn read(host: &dyn Host) -> Self {
        match host.read(MOUNTINFO, LIMIT) {
            Ok(bytes) => Self::from_mountinfo(&String::from_utf8_lossy(&bytes)),
            Err(error) => match host.read(MOUNTS, LIMIT) {
                Ok(bytes) => Self::from_mounts(&String::from_utf8_lossy(&bytes)),
                Err(_) => Self::unknown(reader::why(&error), "", MOUNTINFO),
            },
        }
    }

    /// The file this was read from.
    pub(super) fn source(&self) -> &'static str {
        self.source
    }

    /// The mount a path walk to `path` ends in; `None` where that is not known.
    pub(super) fn holding(&self, path: &str) -> Option<&Mount> {
        let visible = self.visible.as_ref().ok()?;
        prefixes(path)
            .filter_map(|prefix| visible.get(prefix))
            .last()
    }

    /// Whether a path walk to `path` ends in a file system of this type; `None` where
    /// that is not known.
    pub(super) fn is_on(&self, path: &str, fs_type: &str) -> Option<bool> {
        Some(self.holding(path)?.fs_type == fs_type)
    }

    /// The mount points of all file systems of a type, and the mounts.
    pub(super) fn of_type<'a>(
        &'a self,
        fs_type: &'a str,
    ) -> impl Iterator<Item = (&'a str, &'a Mount)> {
        debug_assert!(WANTED.contains(&fs_type), "{fs_type} is not kept");
        let visible = self.visible.iter().flatten();
        visible
            .filter(move |(_, mount)| mount.fs_type == fs_type)
            .map(|(point, mount)| (point.as_str(), mount))
    }

    /// The fact `known` makes of the mounts; unknown where they are.
    pub(super) fn fact(&self, known: impl FnOnce(&Self) -> Fact) -> Fact {
        match &self.visible {
            Ok(_) => known(self),
            Err(reason) => Fact::unknown(reason.unknown, &reason.detail, self.source),
        }
    }

    /// The fact that there is no such mount; `none` says so, unless the mount may have
    /// been in a line that made no sense.
    pub(super) fn none(&self, none: Fact) -> Fact {
        match self.broken_lines {
            0 => none,
            lines => {
                let detail = match lines {
                    1 => "none found, but 1 line makes no sense".to_owned(),
                    _ => format!("none found, but {lines} lines make no sense"),
                };
                Fact::unknown(Why::Malformed, &detail, self.source)
            }
        }
    }

    fn unknown(why: Why, detail: &str, source: &'static str) -> Self {
        Self {
            visible: Err(Unknown {
                unknown: why,
                detail: detail.to_owned(),
            }),
            source,
            broken_lines: 0,
        }
    }

    fn from_mountinfo(text: &str) -> Self {
        let on_the_way = ways(text);
        let mut mounts = Vec::new();
        let (mut good_lines, mut broken_lines) = (0, 0);
        // Line by line: the parser of the whole file gives up at the first wrong line.
        for line in text.lines().filter(|line| !line.is_empty()) {
            let matters = line.contains(" - ").then(|| point_and_type(line)).flatten();
            let matters = matters.map(|(point, _)| on_the_way.contains(&point));
            if matters == Some(false) {
                good_lines += 1;
            } else if let Ok(mount) = MountInfo::from_line(line) {
                good_lines += 1;
                mounts.push(mount);
            } else {
                broken_lines += 1;
            }
        }
        if good_lines == 0 {
            return Self::unknown(Why::Malformed, &reader::shown(text), MOUNTINFO);
        }
        Self {
            broken_lines,
            visible: Ok(visible(mounts)),
            source: MOUNTINFO,
        }
    }

    /// /proc/mounts does not tell which mount lies on which; of two at one point, the
    /// later one counts.
    fn from_mounts(text: &str) -> Self {
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        let mut mounts = BTreeMap::new();
        let mut broken_lines = 0;
        for line in &lines {
            let mut fields = line.split(' ').skip(1);
            let (Some(point), Some(fs_type)) = (fields.next(), fields.next()) else {
                broken_lines += 1;
                continue;
            };
            let mount = Mount {
                fs_type: unescape(fs_type),
                root: String::new(),
                lends: Lends::of(
                    fields
                        .next()
                        .unwrap_or_default()
                        .split(',')
                        .filter_map(|option| option.split_once('=')),
                ),
            };
            mounts.insert(unescape(point), mount);
        }
        if mounts.is_empty() {
            return Self::unknown(Why::Malformed, &reader::shown(text), MOUNTS);
        }
        Self {
            visible: Ok(mounts),
            source: MOUNTS,
            broken_lines,
        }
    }
}

/// The file systems that facts ask for by type.
const WANTED: &[&str] = &[
    "bpf",
    "cgroup",
    "cgroup2",
    "debugfs",
    "proc",
    "securityfs",
    "sysfs",
    "tracefs",
];

/// Below these lies what facts ask for by path.
const PLACES: &[&str] = &["/sys", "/proc"];

/// The mount points that have a say in where the wanted file systems and places are seen: they
/// themselves, and every directory on the way to them. A host with a hundred thousand mounts
/// of containers has few of these.
fn ways(text: &str) -> HashSet<String> {
    let mut ways = HashSet::from(["/".to_owned()]);
    for (point, fs_type) in text.lines().filter_map(point_and_type) {
        add_ways(&mut ways, &point, fs_type);
    }
    ways
}

/// Adds the ways to a mount, if it is one that facts ask for.
pub(super) fn add_ways(ways: &mut HashSet<String>, point: &str, fs_type: &str) {
    let below = |place: &str| {
        let rest = point.strip_prefix(place);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    if WANTED.contains(&fs_type) || PLACES.iter().any(|place| below(place)) {
        ways.extend(prefixes(point).map(str::to_owned));
    }
}

/// Mount point and type of a line of mountinfo, of /proc/mounts, or of what mount(8) prints.
pub(super) fn point_and_type(line: &str) -> Option<(String, &str)> {
    if let Some((mount, source)) = line.split_once(" - ") {
        let mut fields = mount.split(' ');
        return Some((unescape(fields.nth(4)?), source.split(' ').next()?));
    }
    let (told, printed) = (line.split(' '), line.split_once(" on "));
    if let Some((point, rest)) = printed.and_then(|(_, rest)| rest.rsplit_once(" type ")) {
        return Some((point.to_owned(), rest.split(' ').next()?));
    }
    let fields: Vec<&str> = told.take(7).collect();
    match fields.as_slice() {
        [_, point, fs_type, _, _, _] => Some((unescape(point), fs_type)),
        _ => None,
    }
}

/// The mounts that a walk by their path arrives at.
///
/// The order of the lines does not tell (a root file system that was moved to `/` stands
/// after what was mounted in it), so this walks from the root by mount id: at each
/// directory, from the mount it is in to the mount that lies on it.
fn visible(mounts: Vec<MountInfo>) -> BTreeMap<String, Mount> {
    let ids: HashSet<i32> = mounts.iter().map(|mount| mount.mnt_id).collect();
    let mut points = Vec::new();
    let mut lying_on = HashMap::new();
    for mount in mounts {
        let point = unescape(&mount.mount_point.to_string_lossy());
        // The root's parent is itself, or is outside of what this process can see.
        let parent = Some(mount.pid).filter(|id| *id != mount.mnt_id && ids.contains(id));
        let options = mount.super_options.iter();
        let lends =
            Lends::of(options.filter_map(|(name, value)| Some((name.as_str(), value.as_deref()?))));
        let found = Mount {
            fs_type: mount.fs_type,
            root: unescape(&mount.root),
            lends,
        };
        points.push(point.clone());
        lying_on.insert((parent, point), (mount.mnt_id, found));
    }

    // Where the walk stands at each path it has been at.
    let mut reached: HashMap<String, Option<i32>> = HashMap::new();
    let mut visible = BTreeMap::new();
    for point in points {
        let mut current = None;
        for prefix in prefixes(&point) {
            if let Some(known) = reached.get(prefix) {
                current = *known;
                continue;
            }
            // Taken out, so that a circle of parents ends.
            while let Some((id, mount)) = lying_on.remove(&(current, prefix.to_owned())) {
                current = Some(id);
                visible.insert(prefix.to_owned(), mount);
            }
            reached.insert(prefix.to_owned(), current);
        }
    }
    visible
}

/// `/`, then each directory on the way to `path`, then `path` itself.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.match_indices('/').map(|(at, _)| at);
    let inner = slashes.filter(|at| *at > 0).filter_map(|at| path.get(..at));
    let whole = (path != "/").then_some(path);
    std::iter::once("/").chain(inner).chain(whole)
}

/// Undoes the octal escapes that the kernel writes for white space, `\` and `#`
/// (`mangle_path` in fs/seq_file.c).
fn unescape(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let digits = escape.get(..3);
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = escape.get(3..).unwrap_or_default();
            }
            None => {
                bytes.push(b'\\');
                rest = escape;
            }
        }
    }
    bytes.extend(rest.as_bytes());
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    fn mounts(text: &str) -> Mounts {
        Mounts::read(&Memory::new().with(MOUNTINFO, text))
    }

    fn at(mounts: &Mounts, path: &str) -> String {
        let mount = mounts.holding(path);
        mount.map_or_else(String::new, |mount| mount.fs_type.clone())
    }

    #[test]
    fn the_topmost_mount_wins_whatever_the_order_of_lines() {
        let text = "\
            23 27 0:22 / /sys rw - sysfs sysfs rw\n\
            41 23 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
            31 23 0:28 / /sys/fs/cgroup rw,relatime shared:4 - tmpfs tmpfs rw,mode=755\n\
            50 31 0:50 / /sys/fs/cgroup rw - cgroup2 none rw\n\
            27 1 254:0 / / rw - ext4 /dev/vda rw\n";
        let mounts = mounts(text);
        assert_eq!(at(&mounts, "/"), "ext4");
        assert_eq!(at(&mounts, "/sys/fs"), "sysfs");
        assert_eq!(at(&mounts, "/sys/fs/cgroup"), "cgroup2");
        assert_eq!(at(&mounts, "/sys/fs/cgroup/cpu"), "cgroup2");
        // Mounted on /sys before a tmpfs hid the directory it is in.
        let points: Vec<_> = mounts.of_type("cgroup2").map(|(point, _)| point).collect();
        assert_eq!(points, ["/sys/fs/cgroup"]);
        assert_eq!(mounts.is_on("/sys/fs/cgroup", "tmpfs"), Some(false));
    }

    #[test]
    fn what_a_bpf_file_system_lends_is_told_by_its_options() {
        let all = "delegate_cmds=any,delegate_maps=any,delegate_progs=any,delegate_attachs=any";
        for (options, lends) in [
            ("rw,mode=700", None),
            (all, Some(Lends::All)),
            ("rw,delegate_cmds=any", Some(Lends::Part)),
            (
                &*all.replace("progs=any", "progs=kprobe:xdp"),
                Some(Lends::Part),
            ),
        ] {
            for (file, text) in [
                (
                    MOUNTINFO,
                    format!("36 25 0:31 / /sys/fs/bpf rw shared:9 - bpf none {options}\n"),
                ),
                (MOUNTS, format!("none /sys/fs/bpf bpf {options} 0 0\n")),
            ] {
                let mounts = Mounts::read(&Memory::new().with(file, &text));
                let found: Vec<_> = mounts
                    .of_type("bpf")
                    .map(|(_, found)| found.lends)
                    .collect();
                assert_eq!(found, [lends], "{text}");
            }
        }
    }

    #[test]
    fn without_a_line_for_the_root_the_rest_is_seen() {
        let mounts = mounts("40 22 0:5 /sub /sys/fs/bpf rw - bpf bpf rw\n");
        assert_eq!(at(&mounts, "/sys/fs/bpf"), "bpf");
        assert_eq!(mounts.holding("/sys/fs/bpf").unwrap().root, "/sub");
        assert_eq!(mounts.holding("/etc"), None);
    }

    #[test]
    fn mounts_of_no_concern_are_not_kept() {
        let mut text = String::from(
            "1 0 0:1 / / rw - ext4 x rw\n2 1 0:2 / /var rw - xfs x rw\n\
             3 2 0:3 / /var/lib/x rw - tmpfs x rw\n4 3 0:4 / /var/lib/x/bpf rw - bpf bpf rw\n\
             5 1 0:5 / /sys rw - sysfs sysfs rw\n6 5 0:6 / /sys/fs/y rw - tmpfs x rw\n",
        );
        for id in 7..5000 {
            text += &format!("{id} 2 0:{id} / /var/run/{id} rw - tmpfs x rw\n");
        }
        let mounts = mounts(&text);
        let points: Vec<&str> = mounts
            .visible
            .iter()
            .flatten()
            .map(|(point, _)| point.as_str())
            .collect();
        let kept = [
            "/",
            "/sys",
            "/sys/fs/y",
            "/var",
            "/var/lib/x",
            "/var/lib/x/bpf",
        ];
        assert_eq!(points, kept);
        assert_eq!(mounts.broken_lines, 0);
    }

    #[test]
    fn names_are_unescaped() {
        for (text, plain) in [
            (r"/a\040b", "/a b"),
            (r"/a\012b\011c", "/a\nb\tc"),
            (r"/\134040", r"/\040"),
            (r"/\043", "/#"),
            (r"/end\", r"/end\"),
            (r"/\04", r"/\04"),
            (r"/\999", r"/\999"),
            (r"/\303\244", "/ä"),
            (r"/\777é", r"/\777é"),
        ] {
            assert_eq!(unescape(text), plain);
        }
    }

    #[test]
    fn wrong_lines_are_passed_over_and_remembered() {
        let mounts = mounts("nonsense\n\u{1b}[2J\n27 1 254:0 / / rw - ext4 /dev/vda rw\n1 2\n");
        assert_eq!(at(&mounts, "/"), "ext4");
        assert_eq!(mounts.broken_lines, 3);
        let none = mounts.none(Fact::absent(MOUNTINFO));
        assert!(none.value().is_none());
        assert!(mounts_reason("rubbish").contains("`rubbish`"));
        assert!(mounts_reason("").contains("empty"));
    }

    fn mounts_reason(text: &str) -> String {
        mounts(text).visible.unwrap_err().detail
    }

    #[test]
    fn a_circle_of_parents_ends() {
        let circle = mounts("5 6 0:1 / / rw - a a rw\n6 5 0:1 / / rw - b b rw\n");
        assert_eq!(at(&circle, "/"), "");
        let own = mounts("5 5 0:1 / / rw - a a rw\n");
        assert_eq!(at(&own, "/x"), "a");
    }

    #[test]
    fn ten_thousand_hostile_lines_are_read_in_no_time() {
        let mut text = String::from("1 0 0:1 / / rw - ext4 x rw\n");
        for id in 2..10_000 {
            let over_and_over = if id % 2 == 0 {
                "/"
            } else {
                r"/a\012\033[31m/b"
            };
            text += &format!("{id} {} 0:1 / {over_and_over} rw - tmpfs x rw\n", id - 1);
        }
        let start = std::time::Instant::now();
        assert_eq!(at(&mounts(&text), "/"), "tmpfs");
        assert!(start.elapsed().as_secs() < 2);
    }

    #[test]
    fn the_old_table_is_the_fallback() {
        let host = Memory::new().with(
            MOUNTS,
            "sysfs /sys sysfs rw 0 0\nold /mnt\\040x tmpfs rw 0 0\nbpf /mnt\\040x bpf rw 0 0\nx\n",
        );
        let mounts = Mounts::read(&host);
        assert_eq!(mounts.source(), MOUNTS);
        assert_eq!(at(&mounts, "/mnt x"), "bpf");
        assert_eq!(mounts.broken_lines, 1);
    }

    #[test]
    fn unreadable_mounts_are_unknown() {
        let host = Memory::new().refusing(MOUNTINFO, std::io::ErrorKind::PermissionDenied);
        let reason = Mounts::read(&host).visible.unwrap_err();
        assert_eq!(reason.unknown, Why::Denied);
    }
}
