//! The file a kernel build starts from.

use super::{quote, remark};
use crate::facts::Facts;

/// The configuration the build starts from: that of the running kernel.
pub(super) fn start(facts: &Facts) -> String {
    // What a log quotes of a configuration is no file to start from.
    let file = facts.text("config-file");
    match file.filter(|file| file.starts_with('/')) {
        Some(file) if file.ends_with(".gz") => format!("zcat {} > .config", quote(&file)),
        Some(file) => format!("cp {} .config", quote(&file)),
        // A file that was named when the doctor was started, from wherever that was.
        None if is_named_file(facts) => format!("cp /path/to/{} .config", quote(&file_name(facts))),
        None if file_name(facts) == "standard input" => {
            remark("write the config that came by standard input to .config here")
        }
        None => "make olddefconfig   # this kernel's own configuration was not found".to_owned(),
    }
}

fn file_name(facts: &Facts) -> String {
    facts.text("config-file").unwrap_or_default()
}

/// Whether the config is a file with a relative path; a log that quotes options has a name with
/// blanks.
fn is_named_file(facts: &Facts) -> bool {
    let file = file_name(facts);
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    !file.is_empty() && file != "-" && file.chars().all(plain)
}
