//! Which of the modules that matter to BPF are loaded. What is built into the kernel is none.

use std::collections::BTreeSet;

use super::keys::Values::Bool;
use super::{Fact, Facts, KeyInfo, Why, kconfig, reader};
use crate::host::Host;

pub(super) const KEYS: &[KeyInfo] = &[
    KeyInfo::one(
        "module.cls_bpf",
        Bool,
        "Whether the module that runs BPF programs as traffic filters is loaded.",
    ),
    KeyInfo::one(
        "module.act_bpf",
        Bool,
        "Whether the module that runs BPF programs as traffic actions is loaded.",
    ),
    KeyInfo::one(
        "module.sch_ingress",
        Bool,
        "Whether the module of the ingress and clsact queueing disciplines is loaded.",
    ),
    KeyInfo::one(
        "module.xt_bpf",
        Bool,
        "Whether the module of BPF matches in iptables is loaded.",
    ),
    KeyInfo::one(
        "module.configs",
        Bool,
        "Whether the module that shows /proc/config.gz is loaded (IKCONFIG=m).",
    ),
    KeyInfo::one(
        "module.kheaders",
        Bool,
        "Whether the module that shows the kernel's headers is loaded (IKHEADERS=m).",
    ),
];

const PATH: &str = "/proc/modules";

/// Reads the list of modules; the kernel config tells why there may be none.
pub(super) fn collect(host: &dyn Host, facts: &mut Facts) {
    let text = reader::text(host, PATH);
    let names = |text: &str| -> BTreeSet<String> {
        let first = text
            .lines()
            .filter_map(|line| line.split_whitespace().next());
        first.map(str::to_owned).collect()
    };
    let loaded = text.map(|text| names(&text));
    let modules = facts.get("config.MODULES");
    let has_none = kconfig::is_off(&modules);
    for info in KEYS {
        let name = info.key.trim_start_matches("module.");
        let fact = match &loaded {
            Ok(names) => Fact::known(names.contains(name), PATH),
            Err(error) if reader::why(error) == Why::Missing && has_none => {
                Fact::known(false, modules.source())
            }
            Err(error) => reader::unreadable(error, PATH),
        };
        facts.set(info.key, fact);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::KernelConfig;
    use crate::facts::Value;
    use crate::host::Memory;

    #[test]
    fn a_module_is_loaded_or_not_or_nobody_can_tell() {
        let list = "nf_tables 372736 0 - Live 0x0\ncls_bpf 28672 1 - Live 0x0\n";
        for (host, config, loaded) in [
            (Memory::new().with(PATH, list), "", Some(true)),
            (Memory::new().with(PATH, "cls_bpf_x 1 0\n"), "", Some(false)),
            (Memory::new().with(PATH, ""), "", Some(false)),
            (Memory::new(), "", None),
            (Memory::new(), "CONFIG_MODULES=y", None),
            (Memory::new(), "# CONFIG_MODULES is not set", Some(false)),
        ] {
            let mut facts = Facts::default();
            if !config.is_empty() {
                facts.set_config(KernelConfig::from_bytes(config.as_bytes(), "/boot/config"));
            }
            collect(&host, &mut facts);
            let known = facts.get("module.cls_bpf");
            assert_eq!(known.value(), loaded.map(Value::Bool).as_ref(), "{config}");
        }
    }
}
