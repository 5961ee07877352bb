//! The virtual machine a host is, if it is one.

use super::{Fact, Facts, Why, reader};
use crate::host::Host;

/// What a machine can be.
pub(super) const NAMES: &[&str] = &[
    "none",
    "kvm",
    "qemu",
    "vmware",
    "virtualbox",
    "microsoft",
    "wsl",
    "xen",
    "amazon",
    "google",
    "firecracker",
    "apple",
    "parallels",
    "other",
];

/// Words of the maker's and product's names in the DMI table, and the machine they mean.
/// Longer stories stand first: a Google machine is KVM, too.
const MAKERS: &[(&str, &str)] = &[
    ("Amazon EC2", "amazon"),
    ("Google", "google"),
    ("VMware", "vmware"),
    ("VirtualBox", "virtualbox"),
    ("innotek", "virtualbox"),
    ("Parallels", "parallels"),
    ("Apple Virtualization", "apple"),
    ("Xen", "xen"),
    ("KVM", "kvm"),
    ("OpenStack", "kvm"),
    ("QEMU", "qemu"),
    ("Bochs", "qemu"),
];

/// Which machine the host is; the kernel's flavour has to be collected before.
pub(super) fn virtualization(host: &dyn Host, facts: &Facts) -> Fact {
    if facts.text("kernel.flavour").as_deref() == Some("wsl") {
        return Fact::known("wsl", facts.get("kernel.flavour").source());
    }
    let vendor_path = "/sys/class/dmi/id/sys_vendor";
    let vendor = reader::text(host, vendor_path).unwrap_or_default();
    let product = reader::text(host, "/sys/class/dmi/id/product_name").unwrap_or_default();
    let told = !vendor.is_empty();
    // A machine of EC2 that is rented whole has the maker's name, and no hypervisor.
    if told && product.contains(".metal") {
        return Fact::known("none", vendor_path);
    }
    if vendor.contains("Microsoft") && product.contains("Virtual Machine") {
        return Fact::known("microsoft", vendor_path);
    }
    let names = format!("{vendor} {product}");
    if let Some((_, name)) = MAKERS.iter().find(|(word, _)| names.contains(word)) {
        return Fact::known(*name, vendor_path);
    }
    let hypervisor = "/sys/hypervisor/type";
    if reader::text(host, hypervisor).is_ok_and(|text| text.trim() == "xen") {
        return Fact::known("xen", hypervisor);
    }
    let devicetree = "/proc/device-tree/hypervisor/compatible";
    if reader::text(host, devicetree).is_ok_and(|text| text.contains("kvm")) {
        return Fact::known("kvm", devicetree);
    }
    match cpu_has_hypervisor(host) {
        Some(true) => unnamed_machine(host),
        Some(false) => Fact::known("none", CPUINFO),
        None if told => Fact::known("none", vendor_path),
        None => Fact::unknown(Why::Missing, "nothing tells", vendor_path),
    }
}

const CPUINFO: &str = "/proc/cpuinfo";

/// Whether the processor says that there is a hypervisor, which x86 processors do. One
/// processor is enough; a big host has megabytes of them.
fn cpu_has_hypervisor(host: &dyn Host) -> Option<bool> {
    let bytes = host.read(CPUINFO, 8192).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

/// A machine without a DMI table. Firecracker writes its name into its ACPI tables, which
/// root can read: six bytes at offset 10 (`OEMID` of a table's header).
fn unnamed_machine(host: &dyn Host) -> Fact {
    let acpi = "/sys/firmware/acpi/tables/FACP";
    let table = host.read(acpi, 16).unwrap_or_default();
    match table.get(10..16) {
        Some(b"FIRECK") => Fact::known("firecracker", acpi),
        _ => Fact::known("other", CPUINFO),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Memory;

    #[test]
    fn machines_are_told_by_their_makers() {
        let dmi = |vendor: &str, product: &str| {
            Memory::new()
                .with("/sys/class/dmi/id/sys_vendor", format!("{vendor}\n"))
                .with("/sys/class/dmi/id/product_name", format!("{product}\n"))
        };
        let flags = |flags: &str| Memory::new().with(CPUINFO, format!("flags\t: fpu {flags}\n"));
        let fire =
            flags("hypervisor").with("/sys/firmware/acpi/tables/FACP", "FACP\0\0\0\0\0\0FIRECKFC");
        for (host, name) in [
            (Memory::new(), None),
            (dmi("Amazon EC2", "t3.micro"), Some("amazon")),
            (dmi("Amazon EC2", "c5.metal"), Some("none")),
            (dmi("Google", "Google Compute Engine"), Some("google")),
            (
                dmi("Microsoft Corporation", "Virtual Machine"),
                Some("microsoft"),
            ),
            (dmi("Microsoft Corporation", "Surface Laptop"), Some("none")),
            (
                dmi("QEMU", "Standard PC (i440FX + PIIX, 1996)"),
                Some("qemu"),
            ),
            (dmi("Red Hat", "KVM"), Some("kvm")),
            (
                dmi("VMware, Inc.", "VMware Virtual Platform"),
                Some("vmware"),
            ),
            (dmi("Dell Inc.", "PowerEdge R640"), Some("none")),
            (flags("hypervisor"), Some("other")),
            (flags("sse"), Some("none")),
            (fire, Some("firecracker")),
            (
                Memory::new().with("/sys/hypervisor/type", "xen\n"),
                Some("xen"),
            ),
            (
                Memory::new().with_uname("6.6.87.2-microsoft-standard-WSL2", "#1", "x86_64"),
                Some("wsl"),
            ),
        ] {
            assert_eq!(
                crate::facts::collect(&host)
                    .text("environment.virtualization")
                    .as_deref(),
                name,
                "{host:?}"
            );
        }
    }
}
