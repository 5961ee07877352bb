//! The payload of a cell.

use crate::guest::without_options;

#[test]
fn a_config_can_be_made_to_lie() {
    let config = "CONFIG_NET=y\nCONFIG_INET=y\n# CONFIG_X is not set\nCONFIG_INET_AH=m\n";
    assert_eq!(
        without_options(config, &["INET".into(), "X".into()]),
        "CONFIG_NET=y\n# CONFIG_INET is not set\n# CONFIG_X is not set\nCONFIG_INET_AH=m\n"
    );
}
