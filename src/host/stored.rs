//! Files in a bundle: their names, and what proves that they were not changed.

use sha2::{Digest, Sha256};

/// The path itself, unless it can't be a name in an archive.
pub(super) fn name_in_bundle(path: &str, number: usize) -> String {
    let plain = |part: &str| !matches!(part, "." | "..") && !part.chars().any(char::is_control);
    match path.strip_prefix('/') {
        Some(rest)
            if rest.len() < 200 && rest.split('/').all(|part| plain(part) && !part.is_empty()) =>
        {
            format!("files/{rest}")
        }
        _ => format!("other-files/{number}"),
    }
}

/// The SHA-256 of bytes, in hexadecimal.
pub(super) fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
