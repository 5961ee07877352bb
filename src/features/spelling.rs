//! Names as people have them: from C, or from what bpftool prints.

use super::table::Kind;

/// A name without what it begins with in C, in lower case.
pub(super) fn plain(name: &str, kind: Kind) -> String {
    // As bpftool writes it in JSON.
    let end = match kind {
        Kind::MapType => "_map_type",
        Kind::ProgramType => "_prog_type",
        _ => "",
    };
    let in_json = |name: &str| Some(name.strip_prefix("have_")?.strip_suffix(end)?.to_owned());
    if !end.is_empty()
        && let Some(name) = in_json(name)
    {
        return name;
    }
    let prefix = match kind {
        // Likewise.
        Kind::Isa | Kind::Limit => "have_",
        _ => kind.place().map_or("", |(_, prefix)| prefix),
    };
    match name.strip_prefix(prefix).filter(|_| !prefix.is_empty()) {
        Some(rest) if kind == Kind::Helper => format!("bpf_{rest}"),
        Some(rest) => rest.to_lowercase(),
        None => name.to_owned(),
    }
}
