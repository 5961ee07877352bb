//! What logs tell of their host and of the process that failed, beside failures.

/// What a log tells about its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Told {
    /// The release of the kernel that runs.
    Release,
    /// A release that is named, which most often is that of the kernel that runs.
    Named,
    Os,
    /// A line of the file os-release.
    OsFile,
    Config,
    Setting,
    /// What a process may do, as the kernel shows it in /proc/PID/status.
    Capabilities,
    /// How much memory a process may lock, in KiB.
    Memlock,
    /// The level of kernel lockdown.
    Lockdown,
}

/// Patterns of facts that logs tell about their host, and what each tells.
pub(super) const FACTS: &[(Told, &str)] = &[
    (Told::Release, r"Linux version (?P<v>\d+\.\d+\S*)"),
    (Told::Release, r"Linux \S+ (?P<v>\d+\.\d+\.\d+\S*) #\d"),
    (
        Told::Release,
        r#"\buname(?: -[ar]+)?[)"'*`]*\s*[:=]?\s*["'*`]*(?P<v>[2-9]\.\d+\.\d+[-.\w+~]*)"#,
    ),
    // Behind what it asks for a program says what it found.
    (
        Told::Release,
        r"\bkernel\b[^;]{0,100}\b(?:found|running|detected|you (?:have|run|use)|yours is|got|current(?:ly)?|actual)\b[\s:=]*(?:(?:is|linux|kernel|version|release)[\s:=]*)*v?(?P<v>[3-9]\.\d+(?:\.\d+[-.\w+~]*)?)",
    ),
    (
        Told::Named,
        r#"(?:kernel|kernelVersion|kernel_version|kernelrelease|kernel-version|running kernel|kernel[ _-](?:version|release))["'*`]*(?: is| info)?\s*[:=]?\s*["'*`(]*(?:Linux )?(?:version )?v?(?P<v>[2-9]\.\d+\.\d+[-.\w+~]*)"#,
    ),
    (Told::Release, r"/lib/modules/(?P<v>\d+\.\d+\.\d+[-.\w+]*)"),
    (
        Told::Named,
        r"/usr/src/linux-headers[-/](?P<v>\d+\.\d+\.\d+[-.\w+]*)",
    ),
    (
        Told::Named,
        r"(?:vmlinu[xz]|config|kernel-headers|kernel-devel|linux-headers|linux-image)-(?P<v>\d+\.\d+\.\d+[-.\w+]*)",
    ),
    // What `uname -r` prints.
    (
        Told::Release,
        r"^\s*(?P<v>[2-9]\.\d+\.\d+[-.+~\w]*(?:generic|amd64|x86_64|aarch64|\.el\d|\.fc\d|azure|-aws|-gcp|cloud|-lts|arch\d|WSL2|linuxkit|elrepo)[-.+\w]*)\s*$",
    ),
    // What people write.
    (
        Told::Named,
        r"\b(?:on|running|using|my|under) (?:an? |the |my |linux )*kernel (?:version )?v?(?P<v>[3-9]\.\d{1,2})\b",
    ),
    (Told::Release, r"\bOS: Linux (?P<v>\d+\.\d+\.\d+\S*)"),
    (Told::Os, r#"PRETTY_NAME="?(?P<v>[^"]+)"#),
    (
        Told::Os,
        r"^(?:Description:\s*)?(?P<v>Ubuntu \d\d\.\d\d[\d.]*(?: LTS)?)\s*$",
    ),
    (
        Told::Os,
        r"^(?:Description:\s*)?(?P<v>(?:Red Hat Enterprise Linux|CentOS(?: Linux| Stream)?|Rocky Linux|AlmaLinux|Fedora|Oracle Linux)(?: Server)? release \d[\d.]*(?: \([^)]*\))?)\s*$",
    ),
    (Told::OsFile, r"^(?P<v>VERSION_ID=.*)"),
    (Told::Capabilities, r"^\W*CapEff:\s*(?P<v>[0-9a-f]{16})\s*$"),
    (
        Told::Memlock,
        r"^\W*max locked memory\s+\(kbytes, -l\)\s+(?P<v>\d+|unlimited)\s*$",
    ),
    (
        Told::Lockdown,
        r"\block_?down[: ]{1,2}(?:none |integrity )*\[(?P<v>none|integrity|confidentiality)\]",
    ),
    (
        Told::Config,
        r"(?:^|[\s:])(?P<v>CONFIG_\w+=\S+|# CONFIG_\w+ is not set)",
    ),
    (
        Told::Setting,
        r#"(?:^|[\s:])(?P<v>(?:(?:kernel|net\.core)\.\w+|/proc/sys/[\w./]+)['"]?(?: ?[:=] ?)['"]?-?\d+)['"]?\s*$"#,
    ),
];
