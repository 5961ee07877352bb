//! Names as people have them: from C, or from what bpftool prints.

use super::table::{Entry, Kind, Table};

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

impl Table {
    /// The row of a kind with a name that may be written otherwise: `RingBuf`, `ring-buf` or
    /// `BPF_MAP_TYPE_RINGBUF`, or by its number.
    pub(super) fn spelled(&self, kind: Kind, name: &str) -> Option<&Entry> {
        let bare = |name: &str| -> String {
            let letters = name.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|c| c.to_ascii_lowercase()).collect()
        };
        let number: Option<u32> = name.parse().ok();
        let wanted = bare(&plain(name, kind));
        let is = |entry: &&Entry| {
            let mut names = std::iter::once(&entry.name).chain(&entry.also);
            match number {
                Some(number) => entry.value == Some(number),
                None => names.any(|name| bare(name) == wanted),
            }
        };
        self.rows(kind).iter().find(is)
    }
}
