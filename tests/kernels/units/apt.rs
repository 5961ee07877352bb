//! Reading the machine's sources and asking its mirrors for other suites.

use crate::apt::{Source, exact_dependencies, parse_deb822, parse_one_line, sources_list};

const DEB822: &str = "Types: deb\n# a comment\nURIs: http://mirror.test/debian\nSuites: bookworm bookworm-updates\nComponents: main\nSigned-By: /keys.gpg\n\nTypes: deb\nURIs: http://mirror.test/security\nSuites: bookworm-security\nComponents: main\n";

#[test]
fn both_source_formats_are_read() {
    let sources = parse_deb822(DEB822);
    assert_eq!(sources.len(), 3);
    assert_eq!(sources[0].signed_by.as_deref(), Some("/keys.gpg"));
    assert_eq!(sources[2].uri, "http://mirror.test/security");
    let sources = parse_one_line(
        "# deb no yes\ndeb [arch=amd64 signed-by=/k] http://m.test/debian sid main\n",
    );
    assert_eq!(
        sources,
        [Source {
            uri: "http://m.test/debian".into(),
            suite: "sid".into(),
            signed_by: Some("/k".into())
        }]
    );
}

#[test]
fn other_suites_come_from_the_matching_mirror() {
    let list = sources_list(
        &parse_deb822(DEB822),
        &["bullseye".into(), "bullseye-security".into()],
    )
    .unwrap();
    assert_eq!(
        list,
        "deb [signed-by=/keys.gpg] http://mirror.test/debian bullseye main\ndeb http://mirror.test/security bullseye-security main\n"
    );
    assert!(sources_list(&[], &["sid".into()]).is_err());
}

#[test]
fn only_exact_dependencies_are_followed() {
    let names = exact_dependencies("kmod, linux-base (>= 4.3~), linux-binary-7 (= 7.2-1), a | b");
    assert_eq!(names, ["linux-binary-7"]);
}
