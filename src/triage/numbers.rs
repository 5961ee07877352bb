//! Numbers that programs print, as names: helpers of the kernel and kinds of BTF.

use std::sync::LazyLock;

use crate::features::{Kind, Table};

/// Names and versions of the kernel; none only if the doctor's own table can't be read,
/// which a test of it would show.
static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| Table::built_in().ok());

/// The doctor's own table of what kernels have.
pub(super) fn table() -> Option<&'static Table> {
    TABLE.as_ref()
}

/// The libbpf that reads a kind of BTF first, by the kind's number (its `src/btf.c`).
const READ_SINCE: &[(u32, &str)] = &[
    (14, "0.0.3"),
    (15, "0.0.3"),
    (16, "0.4"),
    (17, "0.6"),
    (18, "0.6"),
    (19, "1.0"),
];

/// The helper of this number: `bpf_ringbuf_output, which Linux 5.8 brought`.
pub(super) fn helper(number: u32) -> Option<String> {
    let (name, since) = TABLE.as_ref()?.numbered(Kind::Helper, number)?;
    Some(format!("{name}, which Linux {since} brought"))
}

/// The helper of this name, as above.
pub(super) fn helper_named(name: &str) -> Option<String> {
    let bare = name.strip_prefix("bpf_").unwrap_or(name);
    let (name, since) = TABLE
        .as_ref()?
        .named(Kind::Helper, &format!("bpf_{bare}"))?;
    Some(format!("{name}, which Linux {since} brought"))
}

/// The kind of BTF of this number: `ENUM64, which libbpf reads since 1.0 and …`.
pub(super) fn btf_kind(number: u32) -> Option<String> {
    let (_, libbpf) = READ_SINCE.iter().find(|(known, _)| *known == number)?;
    let (name, kernel) = TABLE.as_ref()?.numbered(Kind::BtfKind, number)?;
    Some(format!(
        "BTF_KIND_{}, which libbpf reads since {libbpf} and Linux accepts since {kernel}",
        name.to_ascii_uppercase()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_names() {
        assert_eq!(
            helper(130).unwrap(),
            "bpf_ringbuf_output, which Linux 5.8 brought"
        );
        assert_eq!(helper(195_896_080), None);
        assert_eq!(
            helper_named("bpf_loop").unwrap(),
            "bpf_loop, which Linux 5.17 brought"
        );
        for (number, _) in READ_SINCE {
            assert!(btf_kind(*number).is_some(), "{number}");
        }
        assert_eq!(
            btf_kind(19).unwrap(),
            "BTF_KIND_ENUM64, which libbpf reads since 1.0 and Linux accepts since 6.0"
        );
    }
}
