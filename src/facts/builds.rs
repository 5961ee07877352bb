//! Numbers of vendors' builds, where features come with them and not with versions.

use super::{Fact, Value, Why, reader};

/// The number of the build of a kernel of this flavour, by its release: 553 of
/// `4.18.0-553.50.1.el8_10.x86_64`. RHEL's kernels alone have one.
pub(super) fn of(flavour: &Fact, release: &str, source: &str) -> Fact {
    match flavour.value() {
        Some(Value::Text(name)) if name.starts_with("rhel") => match number(release) {
            Some(number) => Fact::known(number, source),
            None => Fact::unknown(Why::Malformed, &reader::shown(release), source),
        },
        Some(_) => Fact::absent(source),
        None => flavour.clone(),
    }
}

fn number(release: &str) -> Option<i64> {
    let (_, build) = release.split_once('-')?;
    let end = build.find(|c: char| !c.is_ascii_digit())?;
    build.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::{Facts, kernel};
    use crate::host::Memory;

    #[test]
    fn builds_of_rhel_have_a_number() {
        let number = |number: i64| Some(Value::Number(number));
        for (release, build) in [
            ("4.18.0-553.50.1.el8_10.x86_64", number(553)),
            ("4.18.0-348.7.1.el8_5.x86_64", number(348)),
            // CentOS Stream and RHEL CoreOS have the kernels of RHEL's, under other releases.
            ("4.18.0-553.6.1.el8.x86_64", number(553)),
            ("4.18.0-372.93.1.el8_6.x86_64", number(372)),
            ("4.18.0-80.el8.x86_64", number(80)),
            ("4.18.0-custom.el8.x86_64", None),
            ("5.15.0-103.114.4.el8uek.x86_64", Some(Value::Absent)),
            ("5.10.0-32-amd64", Some(Value::Absent)),
            ("", None),
        ] {
            let host = Memory::new().with_uname(release, "", "x86_64");
            let mut facts = Facts::default();
            kernel::collect(&host, &mut facts);
            assert_eq!(
                facts.get("kernel.vendor-build").value(),
                build.as_ref(),
                "{release}"
            );
        }
    }
}
