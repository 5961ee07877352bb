//! The minor release that a system of Red Hat's kin is held at: its package manager then offers
//! nothing of a later one.

use super::keys::Values::Text;
use super::{Fact, Facts, KeyInfo, Value, Why, reader};
use crate::host::Host;

const HELD_AT: &str = "os.held-at";

pub(super) const KEYS: &[KeyInfo] = &[KeyInfo::one(
    HELD_AT,
    Text,
    "Minor release that a system of Red Hat's kin is held at, absent where it follows the newest \
     (variable releasever of dnf or yum; release of subscription-manager).",
)];

/// The variable of dnf and of yum, which the tools of clouds set, each in its folder.
const VARIABLES: &[&str] = &["/etc/dnf/vars/releasever", "/etc/yum/vars/releasever"];
const DNF: &str = "/etc/dnf/vars";
const FOLDERS: &[&str] = &[DNF, "/etc/yum/vars"];

/// What subscription-manager last heard of the release its server has for this system
/// (`ReleaseStatusCache` in its cache.py), and what is there once the system is registered.
const OF_SUBSCRIPTION: &str = "/var/lib/rhsm/cache/releasever.json";
const REGISTERED: &str = "/etc/pki/consumer/cert.pem";

/// Reads what holds the system; the distribution has to be collected before.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let family = facts.get("os.family");
    let fact = match family.value() {
        Some(Value::Text(name)) if name == "rhel" => of_rhel(host),
        _ => family.map(|_| Value::Absent),
    };
    facts.set(HELD_AT, fact);
}

fn of_rhel(host: &dyn Host) -> Fact {
    let mut trouble = None;
    for path in VARIABLES {
        match reader::text(host, path) {
            Ok(text) if is_minor(text.trim()) => return Fact::known(text.trim(), path),
            Ok(_) => {}
            Err(error) if reader::why(&error) == Why::Missing => {}
            Err(error) => {
                trouble.get_or_insert(reader::unreadable(&error, path));
            }
        }
    }
    match reader::text(host, OF_SUBSCRIPTION) {
        Ok(text) => match of_subscription(&text) {
            Some(Some(release)) => return Fact::known(release, OF_SUBSCRIPTION),
            Some(None) => {}
            None => {
                let shown = reader::shown(&text);
                trouble.get_or_insert(Fact::unknown(Why::Malformed, &shown, OF_SUBSCRIPTION));
            }
        },
        Err(error) if reader::why(&error) == Why::Missing && !is_registered(host) => {}
        Err(error) => {
            trouble.get_or_insert(reader::unreadable(&error, OF_SUBSCRIPTION));
        }
    }
    if let Some(trouble) = trouble {
        return trouble;
    }
    match FOLDERS.iter().find(|folder| host.list(folder).is_ok()) {
        Some(folder) => Fact::absent(folder),
        None => Fact::unknown(Why::Missing, "no settings of dnf or yum are there", DNF),
    }
}

/// Whether the system has a subscription, or may have one.
fn is_registered(host: &dyn Host) -> bool {
    match host.stat(REGISTERED) {
        Ok(_) => true,
        Err(error) => reader::why(&error) != Why::Missing,
    }
}

/// The minor release in what the server answered, if it holds the system at one; `None` where
/// there is no sense in it.
fn of_subscription(text: &str) -> Option<Option<String>> {
    let answer: serde_json::Value = serde_json::from_str(text).ok()?;
    match answer.as_object()?.get("releaseVer") {
        None | Some(serde_json::Value::Null) => Some(None),
        Some(serde_json::Value::String(release)) => {
            Some(is_minor(release).then(|| release.clone()))
        }
        Some(_) => None,
    }
}

/// `8.1` holds the system; `8` and `8Server` are the newest of them.
fn is_minor(release: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let parts = release.split_once('.');
    release.len() < 16 && parts.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn what_holds_the_system_is_told_with_its_place() {
        let dnf = ("/etc/dnf/vars/releasever", "8.1\n");
        let yum = ("/etc/yum/vars/releasever", "7.9");
        let newest = ("/etc/dnf/vars/releasever", "8\n");
        let folder = ("/etc/dnf/vars/infra", "stock\n");
        let registered = (REGISTERED, "x");
        let answer = |text| (OF_SUBSCRIPTION, text);
        for (files, value, source) in [
            (&[dnf][..], Some("8.1"), dnf.0),
            (&[yum], Some("7.9"), yum.0),
            (&[newest], Some(""), "/etc/dnf/vars"),
            (&[folder], Some(""), "/etc/dnf/vars"),
            // Registered, and nothing tells what its server holds it at.
            (&[folder, registered], None, OF_SUBSCRIPTION),
            (
                &[folder, registered, answer(r#"{"releaseVer": "8.4"}"#)],
                Some("8.4"),
                OF_SUBSCRIPTION,
            ),
            (
                &[folder, registered, answer(r#"{"releaseVer": null}"#)],
                Some(""),
                "/etc/dnf/vars",
            ),
            (
                &[folder, answer(r#"{"releaseVer": "8Server"}"#)],
                Some(""),
                "/etc/dnf/vars",
            ),
            (&[folder, answer("<html>")], None, OF_SUBSCRIPTION),
            (&[folder, answer("[1]")], None, OF_SUBSCRIPTION),
            (
                &[folder, answer(r#"{"releaseVer": 8}"#)],
                None,
                OF_SUBSCRIPTION,
            ),
            // What is known counts, whatever else could not be read.
            (&[dnf, registered], Some("8.1"), dnf.0),
            (&[], None, "/etc/dnf/vars"),
        ] {
            let mut host = Memory::new();
            for (path, text) in files {
                host = host.with(path, text);
            }
            let mut facts = Facts::default();
            facts.set("os.family", Fact::known("rhel", "/etc/os-release"));
            collect(&host, &mut facts);
            let fact = facts.get(HELD_AT);
            let wanted = value.map(|text| match text {
                "" => Value::Absent,
                text => text.into(),
            });
            assert_eq!(fact.value(), wanted.as_ref(), "{files:?}");
            assert_eq!(fact.source(), source, "{files:?}");
        }
    }

    /// What Amazon Linux and Fedora have in that variable is no minor release.
    #[test]
    fn other_families_are_held_by_nothing() {
        let host = Memory::new().with("/etc/dnf/vars/releasever", "2023.5");
        for (family, value) in [(Some("amazon"), Some(Value::Absent)), (None, None)] {
            let mut facts = Facts::default();
            if let Some(family) = family {
                facts.set("os.family", Fact::known(family, "/etc/os-release"));
            }
            collect(&host, &mut facts);
            assert_eq!(facts.get(HELD_AT).value(), value.as_ref(), "{family:?}");
        }
    }
}
