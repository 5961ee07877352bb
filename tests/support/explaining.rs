//! What the tests of `explain` share that hold short logs against the built-in catalogue.

use std::sync::LazyLock;

use bpf_doctor::catalogue::Catalogue;
use bpf_doctor::triage::{self, Explanation, KnownHost, Searcher};

pub static CATALOGUE: LazyLock<Catalogue> =
    LazyLock::new(|| bpf_doctor::built_in_catalogue().unwrap());
pub static SEARCHER: LazyLock<Searcher<'static>> = LazyLock::new(|| Searcher::new(&CATALOGUE));

/// What a log says, of a host that is known from it alone.
pub fn explain(log: &str) -> Explanation {
    let reading = SEARCHER.read(&mut log.as_bytes(), triage::LIMIT).unwrap();
    let host = KnownHost::of_log(&reading, None);
    triage::explain(&CATALOGUE, &reading, &host)
}
