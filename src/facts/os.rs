//! The distribution: what os-release says, or the release files of older systems; and
//! whether it is an image that is not changed in place.

use std::collections::BTreeMap;

use super::keys::Values::{List, OneOf, Text};
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "os.id",
        Text,
        "Name of the distribution in one word (ID of os-release).",
    ),
    KeyInfo::one(
        "os.version-id",
        Text,
        "Version of the distribution, absent where it has none (VERSION_ID of os-release).",
    ),
    KeyInfo::one(
        "os.name",
        Text,
        "Name and version of the distribution for people (PRETTY_NAME of os-release).",
    ),
    KeyInfo::one(
        "os.id-like",
        List,
        "Distributions it is made from, the nearest first (ID_LIKE of os-release).",
    ),
    KeyInfo::one(
        "os.family",
        OneOf(&[
            "debian", "rhel", "fedora", "suse", "arch", "alpine", "amazon", "nixos", "gentoo",
            "other",
        ]),
        "Family whose tools for packages and boot loaders it has, by os.id and os.id-like.",
    ),
    KeyInfo::one(
        "os.ubuntu-release",
        Text,
        "Release of Ubuntu whose packages a system made of it has; absent on others, and on Ubuntu \
         itself (UBUNTU_CODENAME of os-release).",
    ),
];

const OS_RELEASE: &[&str] = &["/etc/os-release", "/usr/lib/os-release"];

/// Release files of systems from before os-release: one line for people.
const ONE_LINERS: &[&str] = &[
    "/etc/centos-release",
    "/etc/redhat-release",
    "/etc/system-release",
];

/// How the one line begins, and the id that the system would have.
const ONE_LINER_IDS: &[(&str, &str)] = &[
    ("CentOS", "centos"),
    ("Red Hat", "rhel"),
    ("Oracle", "ol"),
    ("Scientific", "scientific"),
    ("Fedora", "fedora"),
    ("Amazon", "amzn"),
];

/// Code names of Ubuntu's releases that others are made of, by which they name them.
const UBUNTU: &[(&str, &str)] = &[
    ("trusty", "14.04"),
    ("xenial", "16.04"),
    ("bionic", "18.04"),
    ("focal", "20.04"),
    ("jammy", "22.04"),
    ("noble", "24.04"),
    ("resolute", "26.04"),
];

/// Ids of systems of Ubuntu's packages that bring kernels of their own.
const OWN_KERNELS: &[&str] = &["pop"];

/// Ids and the family they mean, as own id or as one a system is like.
const FAMILIES: &[(&str, &[&str])] = &[
    ("amazon", &["amzn"]),
    (
        "rhel",
        &["rhel", "centos", "rocky", "almalinux", "ol", "scientific"],
    ),
    ("fedora", &["fedora"]),
    ("debian", &["debian", "ubuntu"]),
    (
        "suse",
        &[
            "suse",
            "opensuse",
            "sles",
            "sled",
            "sle-micro",
            "opensuse-leap",
            "opensuse-tumbleweed",
        ],
    ),
    ("arch", &["arch", "archlinux"]),
    ("alpine", &["alpine"]),
    ("nixos", &["nixos"]),
    ("gentoo", &["gentoo"]),
];

/// The key of what is told apart, once the tools are known.
pub(super) const IMAGE: &[KeyInfo] = &[KeyInfo::one(
    "os.image",
    OneOf(&[
        "none",
        "ostree",
        "bootc",
        "cos",
        "talos",
        "bottlerocket",
        "flatcar",
        "nixos",
        "transactional",
        "ubuntu-core",
        "wsl",
    ]),
    "Kind of image the system is, whose packages and files are not changed in the usual way; \
     `none` where they are.",
)];

/// Ids of systems that are images.
const IMAGES: &[(&str, &str)] = &[
    ("cos", "cos"),
    ("talos", "talos"),
    ("bottlerocket", "bottlerocket"),
    ("flatcar", "flatcar"),
    ("nixos", "nixos"),
    ("ubuntu-core", "ubuntu-core"),
    ("sle-micro", "transactional"),
    ("sl-micro", "transactional"),
    ("opensuse-microos", "transactional"),
    ("opensuse-leap-micro", "transactional"),
];

/// Variants of Fedora and RHEL that are deployments of ostree (VARIANT_ID of their os-release).
const OSTREE_VARIANTS: &[&str] = &[
    "coreos",
    "iot",
    "silverblue",
    "kinoite",
    "sericea",
    "sway-atomic",
    "onyx",
    "budgie-atomic",
    "cosmic-atomic",
];

/// Whether os-release alone tells that the system is a deployment of ostree: rpm-ostree writes
/// the version it deploys there, and the variants that it makes are known.
fn is_ostree(text: &str) -> bool {
    let fields = fields(text);
    let field = |key: &str| fields.get(key).map(String::as_str).unwrap_or_default();
    let like = field("ID_LIKE");
    let of_family = std::iter::once(field("ID"))
        .chain(like.split_whitespace())
        .any(|name| ["fedora", "rhel", "centos"].contains(&name));
    let by_variant = of_family && OSTREE_VARIANTS.contains(&field("VARIANT_ID"));
    !field("OSTREE_VERSION").is_empty() || field("ID") == "rhcos" || by_variant
}

/// What shows a deployment of ostree where nothing runs, or /run was not copied.
fn deployed(facts: &Facts) -> Option<&'static str> {
    let cmdline = facts.text("cmdline").unwrap_or_default();
    let mut words = cmdline.split_whitespace();
    if words.any(|word| word.starts_with("ostree=")) {
        return Some("/proc/cmdline");
    }
    let there = facts.get("file./sysroot/ostree").value() == Some(&true.into());
    there.then_some("/sysroot/ostree")
}

/// Tells whether the system is an image; distribution, kernel and tools have to be collected
/// before.
pub(super) fn collect_image(host: &dyn Host, facts: &mut Facts) {
    let has = |tool: &str| facts.text(&format!("tool.{tool}")).is_some();
    let id = facts.get("os.id");
    let booted = facts.get("file./run/ostree-booted");
    let flavour = facts.get("kernel.flavour");
    let like = facts.list("os.id-like").unwrap_or_default();
    let names = facts.text("os.id").into_iter().chain(like);
    let named = { names }.find_map(|name| IMAGES.iter().find(|(known, _)| *known == name));
    let by_release = OS_RELEASE.contains(&id.source())
        && reader::text(host, id.source()).is_ok_and(|text| is_ostree(&text));
    let only_bootc = has("bootc") && !has("rpm-ostree");
    let kind = if only_bootc { "bootc" } else { "ostree" };
    let image = if booted.value() == Some(&true.into()) {
        Fact::known(kind, booted.source())
    } else if let Some(source) = deployed(facts) {
        Fact::known("ostree", source)
    } else if by_release {
        Fact::known(kind, id.source())
    } else if let Some((_, image)) = named {
        Fact::known(*image, id.source())
    } else if flavour.value() == Some(&"wsl".into()) {
        Fact::known("wsl", flavour.source())
    } else {
        id.map(|_| "none".into())
    };
    facts.set("os.image", image);
}

/// Reads the first release file that makes sense.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let mut trouble = None;
    for (paths, parse) in [
        (OS_RELEASE, Os::parse as fn(&str) -> Option<Os>),
        (ONE_LINERS, Os::parse_one_liner),
    ] {
        for path in paths {
            match reader::text(host, path) {
                Ok(text) => match parse(&text) {
                    Some(os) => return os.tell(path, facts),
                    None => {
                        let fact = Fact::unknown(Why::Malformed, &reader::shown(&text), path);
                        trouble.get_or_insert(fact);
                    }
                },
                Err(error) if reader::why(&error) == Why::Missing => {}
                Err(error) => {
                    trouble.get_or_insert(reader::unreadable(&error, path));
                }
            }
        }
    }
    let missing = || Fact::unknown(Why::Missing, "", "/etc/os-release");
    let fact = trouble.unwrap_or_else(missing);
    for info in KEYS {
        facts.set(info.key, fact.clone());
    }
}

/// Systems whose release files tell the version that os-release tells.
const TOLD_TWICE: &[&str] = &[
    "almalinux",
    "amzn",
    "centos",
    "fedora",
    "ol",
    "rhel",
    "rocky",
    "scientific",
];

/// A release file of another version than os-release: `7` and `7.9.2009` are one version,
/// `8.4` and `8.9` are two.
pub(super) fn another(
    host: &dyn Host,
    facts: &Facts,
    place: &dyn Fn(&str) -> String,
) -> Option<String> {
    let id = facts.text("os.id")?;
    let version = facts.text("os.version-id")?;
    let told = facts.get("os.version-id");
    let of_file = !host.is_live() && OS_RELEASE.contains(&told.source());
    if !of_file || !TOLD_TWICE.contains(&id.as_str()) {
        return None;
    }
    ONE_LINERS.iter().find_map(|path| {
        let text = reader::text(host, path).ok()?;
        let (_, behind) = text.lines().next()?.split_once(" release ")?;
        let other = behind.split_whitespace().next()?;
        let mut parts = version.split('.').zip(other.split('.'));
        let is_version = other.starts_with(|c: char| c.is_ascii_digit());
        (is_version && parts.any(|(one, other)| one != other)).then(|| {
            format!(
                "the distribution's version is {version} in {} and {} in {}",
                place(told.source()),
                reader::shown(other).trim_matches('`'),
                place(path)
            )
        })
    })
}

#[derive(Debug, PartialEq)]
struct Os {
    id: String,
    version_id: Option<String>,
    name: String,
    id_like: Vec<String>,
    ubuntu: Option<&'static str>,
}

impl Os {
    /// `KEY=value` lines as os-release(5) has them, with the defaults that page gives.
    fn parse(text: &str) -> Option<Self> {
        let fields = fields(text);
        let field = |key| fields.get(key).filter(|value| !value.is_empty()).cloned();
        if field("ID").is_none() && field("NAME").is_none() {
            return None;
        }
        let like = field("ID_LIKE").unwrap_or_default();
        let id = field("ID").unwrap_or_else(|| "linux".to_owned());
        let codename = field("UBUNTU_CODENAME").filter(|_| id != "ubuntu");
        let mut releases = UBUNTU.iter();
        let ubuntu = releases.find(|(name, _)| codename.as_deref() == Some(*name));
        Some(Self {
            ubuntu: ubuntu.map(|(_, release)| *release),
            id,
            version_id: field("VERSION_ID"),
            name: field("PRETTY_NAME")
                .or_else(|| field("NAME"))
                .unwrap_or_else(|| "Linux".to_owned()),
            id_like: like.split_whitespace().map(str::to_owned).collect(),
        })
    }

    /// `CentOS release 6.10 (Final)`.
    fn parse_one_liner(text: &str) -> Option<Self> {
        let line = text.lines().next()?.trim();
        let (_, id) = ONE_LINER_IDS
            .iter()
            .find(|(begin, _)| line.starts_with(begin))?;
        let (_, behind) = line.split_once(" release ")?;
        Some(Self {
            id: (*id).to_owned(),
            version_id: behind.split_whitespace().next().map(str::to_owned),
            name: line.to_owned(),
            id_like: vec!["rhel".to_owned(), "fedora".to_owned()],
            ubuntu: None,
        })
    }

    fn family(&self) -> &'static str {
        let names = std::iter::once(&self.id).chain(&self.id_like);
        let family_of = |name: &String| {
            let mut families = FAMILIES.iter();
            families.find(|(_, ids)| ids.contains(&name.as_str()))
        };
        names
            .filter_map(family_of)
            .next()
            .map_or("other", |(family, _)| family)
    }

    fn tell(self, source: &str, facts: &mut Facts) {
        facts.set("os.family", Fact::known(self.family(), source));
        let ubuntu = self
            .ubuntu
            .filter(|_| !OWN_KERNELS.contains(&self.id.as_str()));
        let ubuntu = ubuntu.map_or(Value::Absent, Value::from);
        facts.set("os.ubuntu-release", Fact::known(ubuntu, source));
        facts.set("os.id", Fact::known(self.id, source));
        let version = self.version_id.map_or(Value::Absent, Value::Text);
        facts.set("os.version-id", Fact::known(version, source));
        facts.set("os.name", Fact::known(self.name, source));
        facts.set("os.id-like", Fact::known(self.id_like, source));
    }
}

/// The assignments of os-release.
fn fields(text: &str) -> BTreeMap<&str, String> {
    let lines = text
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with('#'));
    let assignments = lines.filter_map(|line| line.split_once('='));
    assignments
        .map(|(key, value)| (key, unquote(value)))
        .collect()
}

/// The value of a shell assignment: quotes taken off, backslashes undone.
fn unquote(value: &str) -> String {
    let value = value.trim();
    if let Some(inner) = value.strip_prefix('\'') {
        return inner.strip_suffix('\'').unwrap_or(inner).to_owned();
    }
    let inner = value.strip_prefix('"');
    let inner = inner.map_or(value, |inner| inner.strip_suffix('"').unwrap_or(inner));
    let mut plain = String::new();
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        plain.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    plain
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;
    use crate::host::Memory;

    fn facts(host: &Memory) -> Facts {
        let mut facts = Facts::default();
        collect(host, &mut facts);
        facts
    }

    #[test]
    fn os_release_is_read_with_its_quotes() {
        let text = "# comment\n\nPRETTY_NAME=\"A \\\"B\\\" \\$1\"\nID='x y'\nVERSION_ID=11\n\
                    ID_LIKE=\"rhel centos fedora\"\nBROKEN\nHOME=";
        let facts = facts(&Memory::new().with("/usr/lib/os-release", text));
        assert_eq!(
            facts.get("os.id"),
            Fact::known("x y", "/usr/lib/os-release")
        );
        assert_eq!(facts.text("os.name").unwrap(), "A \"B\" $1");
        assert_eq!(facts.text("os.version-id").unwrap(), "11");
        assert_eq!(
            facts.list("os.id-like").unwrap(),
            ["rhel", "centos", "fedora"]
        );
        assert_eq!(facts.text("os.family").unwrap(), "rhel");
    }

    #[test]
    fn families_are_told_by_id_and_by_what_it_is_like() {
        for (id, like, family) in [
            ("debian", "", "debian"),
            ("linuxmint", "ubuntu debian", "debian"),
            ("rocky", "rhel centos fedora", "rhel"),
            ("ol", "fedora", "rhel"),
            ("fedora", "", "fedora"),
            ("amzn", "centos rhel fedora", "amazon"),
            ("opensuse-leap", "suse opensuse", "suse"),
            ("manjaro", "arch", "arch"),
            ("postmarketos", "alpine", "alpine"),
            ("talos", "", "other"),
            ("flatcar", "coreos", "other"),
        ] {
            let os = Os::parse(&format!("ID={id}\nID_LIKE=\"{like}\"")).unwrap();
            assert_eq!(os.family(), family, "{id}");
        }
    }

    #[test]
    fn what_is_made_of_ubuntu_says_of_which_release() {
        for (id, codename, release) in [
            ("linuxmint", "focal", Some("20.04")),
            ("neon", "noble", Some("24.04")),
            ("linuxmint", "unheard-of", None),
            ("ubuntu", "focal", None),
            // It has its own kernels.
            ("pop", "jammy", None),
        ] {
            let text = format!("ID={id}\nID_LIKE=\"ubuntu debian\"\nUBUNTU_CODENAME={codename}");
            let facts = facts(&Memory::new().with("/etc/os-release", &text));
            assert_eq!(facts.text("os.ubuntu-release").as_deref(), release, "{id}");
        }
    }

    #[test]
    fn images_are_told_by_name_and_by_how_they_booted() {
        for (id, more, image) in [
            ("debian", &[][..], Some("none")),
            ("talos", &[], Some("talos")),
            ("sle-micro", &[], Some("transactional")),
            ("", &[], None),
            ("debian", &[("kernel.flavour", "wsl")], Some("wsl")),
            ("fedora", &[("file./run/ostree-booted", "")], Some("ostree")),
            (
                "fedora",
                &[
                    ("file./run/ostree-booted", ""),
                    ("tool.bootc", "/usr/bin/bootc"),
                ],
                Some("bootc"),
            ),
            (
                "fedora",
                &[
                    ("file./run/ostree-booted", ""),
                    ("tool.bootc", "/usr/bin/bootc"),
                    ("tool.rpm-ostree", "/usr/bin/rpm-ostree"),
                ],
                Some("ostree"),
            ),
        ] {
            let mut facts = Facts::default();
            if !id.is_empty() {
                facts.set("os.id", Fact::known(id, "/etc/os-release"));
            }
            for (key, value) in more {
                let fact = match *value {
                    "" => Fact::known(true, key),
                    text => Fact::known(text, key),
                };
                facts.set(key, fact);
            }
            collect_image(&Memory::new(), &mut facts);
            assert_eq!(facts.text("os.image").as_deref(), image, "{id} {more:?}");
        }
    }

    #[test]
    fn images_are_told_by_os_release_alone() {
        let fedora = |variant: &str| format!("ID=fedora\nVARIANT_ID={variant}\n");
        for (text, image) in [
            ("ID=\"rhcos\"\nID_LIKE=\"rhel fedora\"\n", "ostree"),
            ("ID=rhel\nVARIANT_ID=coreos\nVERSION_ID=9.6\n", "ostree"),
            ("ID=rhel\nOSTREE_VERSION='418.94.1'\n", "ostree"),
            (&fedora("coreos"), "ostree"),
            (&fedora("silverblue"), "ostree"),
            (&fedora("workstation"), "none"),
            (&fedora("container"), "none"),
            // A word of another distribution's own.
            ("ID=x\nVARIANT_ID=coreos\n", "none"),
            ("ID=talos\nVERSION_ID=v1.9.0\n", "talos"),
            ("ID=bottlerocket\nVARIANT_ID=aws-k8s-1.29\n", "bottlerocket"),
            ("ID=flatcar\nID_LIKE=coreos\n", "flatcar"),
            ("ID=cos\nVERSION_ID=109\n", "cos"),
            (
                "ID=\"opensuse-microos\"\nID_LIKE=\"suse opensuse opensuse-tumbleweed\"\n",
                "transactional",
            ),
            (
                "ID=\"opensuse-aeon\"\nID_LIKE=\"suse opensuse opensuse-microos\"\n",
                "transactional",
            ),
            ("ID=\"sl-micro\"\nID_LIKE=\"suse\"\n", "transactional"),
            ("ID=azurelinux\n", "none"),
            ("ID=mariner\n", "none"),
            ("ID=photon\n", "none"),
            ("ID=gardenlinux\nID_LIKE=debian\n", "none"),
        ] {
            let host = Memory::new().with("/etc/os-release", text);
            let mut facts = facts(&host);
            collect_image(&host, &mut facts);
            assert_eq!(facts.text("os.image").as_deref(), Some(image), "{text}");
        }
    }

    #[test]
    fn systems_from_before_os_release_have_one_line() {
        for (path, line, id, version) in [
            (
                "/etc/centos-release",
                "CentOS release 6.10 (Final)",
                "centos",
                "6.10",
            ),
            (
                "/etc/redhat-release",
                "Red Hat Enterprise Linux Server release 6.9 (Santiago)",
                "rhel",
                "6.9",
            ),
        ] {
            let facts = facts(&Memory::new().with(path, line));
            assert_eq!(facts.get("os.id"), Fact::known(id, path));
            assert_eq!(facts.text("os.version-id").unwrap(), version);
            assert_eq!(facts.text("os.name").unwrap(), line);
            assert_eq!(facts.text("os.family").unwrap(), "rhel");
        }
    }

    #[test]
    fn a_release_file_of_another_version_is_noticed() {
        for (id, version, line, says) in [
            (
                "rhel",
                "8.4",
                "Red Hat Enterprise Linux release 8.9 (Ootpa)",
                true,
            ),
            (
                "rhel",
                "8.9",
                "Red Hat Enterprise Linux release 8.9 (Ootpa)",
                false,
            ),
            ("centos", "7", "CentOS Linux release 7.9.2009 (Core)", false),
            ("centos", "8", "CentOS Linux release 7.9.2009 (Core)", true),
            (
                "ol",
                "8.9",
                "Red Hat Enterprise Linux release 8.9 (Ootpa)",
                false,
            ),
            (
                "xenenterprise",
                "8.2",
                "CentOS Linux release 7.5 (Core)",
                false,
            ),
            ("fedora", "42", "Fedora release Rawhide (Rawhide)", false),
        ] {
            let host = Memory::new()
                .with(
                    "/etc/os-release",
                    format!("ID={id}\nVERSION_ID={version}\n"),
                )
                .with("/etc/redhat-release", format!("{line}\n"));
            let told = another(&host, &facts(&host), &|path| path.to_owned());
            assert_eq!(told.is_some(), says, "{line}: {told:?}");
        }
    }

    #[test]
    fn a_version_that_is_not_told_is_absent_and_a_file_that_is_not_there_unknown() {
        let rolling = facts(&Memory::new().with("/etc/os-release", "ID=arch\n"));
        assert_eq!(rolling.get("os.version-id").value(), Some(&Value::Absent));
        assert_eq!(rolling.text("os.name").unwrap(), "Linux");
        for host in [
            Memory::new(),
            Memory::new().with("/etc/os-release", "\u{0}\u{1}rubbish"),
            Memory::new().refusing("/etc/os-release", ErrorKind::PermissionDenied),
        ] {
            assert!(facts(&host).get("os.id").value().is_none(), "{host:?}");
        }
    }
}
