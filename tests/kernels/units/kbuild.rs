//! The proof that a built kernel has what was asked for.

use crate::kbuild::unmet;

#[test]
fn what_kconfig_changed_is_noticed() {
    let fragment = "CONFIG_A=y\nCONFIG_B=y\n# CONFIG_C is not set\n# CONFIG_D is not set\n# CONFIG_E is not set\n";
    let config =
        "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=m\n# CONFIG_D is not set\nCONFIG_EE=y\n";
    assert_eq!(unmet(fragment, config), ["CONFIG_B=y", "CONFIG_C off"]);
}
