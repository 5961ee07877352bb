//! Several hosts' reports side by side, of which one has to be named.

use std::path::Path;

use super::open::looks_like_root;
use super::wanted::is_packed;
use super::{Directory, Host, Kind, sosreport, supportconfig};

/// The sosreports and supportconfigs side by side in an archive that is no host itself, packed or
/// not; none where it may be one, or has none.
pub(super) fn reports_within(tree: &dyn Host) -> Option<Vec<String>> {
    if looks_like_root(tree) {
        return None;
    }
    let has = |path: String| tree.stat(&path).is_ok();
    let names = tree.list("/").unwrap_or_default().into_iter();
    let found = names.filter(|name| {
        is_packed(name)
            || has(format!("/{name}/sos_commands"))
            || has(format!("/{name}/basic-environment.txt"))
    });
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then_some(found)
}

/// The sosreports in a directory that is no host itself, packed or not, as paths; none where it
/// may be one, or has none.
pub(super) fn reports_in(directory: &Directory, name: &str) -> Option<Vec<String>> {
    if looks_like_root(directory) {
        return None;
    }
    let top = name.trim_end_matches('/');
    let names = directory.list("/").unwrap_or_default().into_iter();
    let found = names.filter_map(|entry| {
        let path = format!("{top}/{entry}");
        let fits = match directory.stat(&format!("/{entry}")).ok()?.0 {
            Kind::File => is_packed(&entry),
            Kind::Directory => {
                let inner = Directory::open(Path::new(&path)).ok()?;
                sosreport::is_one(&inner) || supportconfig::is_one(&inner)
            }
            Kind::Other => false,
        };
        fits.then_some(path)
    });
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then_some(found)
}
