//! The settings of IBM Z's boot loader.

use super::text;
use crate::host::Host;

/// What the settings of IBM Z's loader name to be booted: an entry, by its title or file. They
/// count once zipl(8) was run.
pub(super) fn of_zipl(host: &dyn Host) -> Option<String> {
    let settings = text(host, ZIPL).ok()?;
    let mut lines = settings.lines().map(str::trim);
    let value = lines.find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim() == "default").then(|| value.trim().trim_matches('"'))
    })?;
    (!value.is_empty()).then(|| value.to_owned())
}

/// The settings of IBM Z's loader.
pub(crate) const ZIPL: &str = "/etc/zipl.conf";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn the_default_is_an_entry() {
        for (settings, entry) in [
            (
                "[defaultboot]\ndefaultauto\ndefault=abc-5.14.0-1\n",
                Some("abc-5.14.0-1"),
            ),
            (
                "default = \"Red Hat (5.14.0-1)\"\n",
                Some("Red Hat (5.14.0-1)"),
            ),
            ("default=\n", None),
            ("defaultmenu=menu\n", None),
            ("#default=x\n", None),
        ] {
            let host = Memory::new().with(ZIPL, settings);
            assert_eq!(of_zipl(&host).as_deref(), entry, "{settings}");
        }
        assert_eq!(of_zipl(&Memory::new()), None);
    }
}
