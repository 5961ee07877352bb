//! The guest's file system: a base that is made once, and a payload for each boot.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cache;
use crate::kernel::{Kernel, Os};
use crate::table::Condition;

const INIT: &str = include_str!("init");
const HELPER: &str = include_str!("guest.c");

/// Seconds until the doctor counts as hanging; a run takes some five in an emulated guest.
pub const DOCTOR_LIMIT: u32 = 60;

/// What init and a person at the prompt use of busybox.
const APPLETS: &[&str] = &[
    "awk", "cat", "cp", "cut", "date", "dmesg", "echo", "free", "grep", "head", "id", "ifconfig",
    "insmod", "kill", "ls", "mkdir", "more", "mount", "mv", "printf", "ps", "reboot", "rm",
    "rmdir", "sed", "setsid", "cttyhack", "sh", "sleep", "sort", "stat", "stty", "tail", "test",
    "top", "umount", "uname", "vi", "wc", "zcat",
];

/// Mount points and the places where a program could leave files.
const FOLDERS: &[&str] = &[
    "bin",
    "boot",
    "dev",
    "etc",
    "home/user",
    "modules",
    "out",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "usr/lib",
    "var/tmp",
    "verify.d",
];

/// The base in the cache.
pub struct Base {
    place: PathBuf,
}

impl Base {
    /// Makes it, unless it was made from the same parts before.
    pub fn prepare() -> Result<Self> {
        let busybox = cache::check(Command::new("sh").args(["-c", "command -v busybox"]))
            .context("looking for busybox")?;
        let version = cache::check(Command::new("busybox").arg("--help"))?;
        let version = version.lines().next().unwrap_or_default();
        let digest = cache::digest(&[
            INIT,
            HELPER,
            version,
            &APPLETS.join(" "),
            &FOLDERS.join(" "),
        ])?;
        let guests = cache::root()?.join("guest");
        fs::create_dir_all(&guests)?;
        let place = guests.join(digest);
        cache::once(&place, |staging| {
            let root = staging.join("root");
            for folder in FOLDERS {
                fs::create_dir_all(root.join(folder))?;
            }
            for folder in ["tmp", "var/tmp"] {
                fs::set_permissions(root.join(folder), fs::Permissions::from_mode(0o1777))?;
            }
            fs::copy(busybox.trim(), root.join("bin/busybox"))?;
            for applet in APPLETS {
                symlink("busybox", root.join("bin").join(applet))?;
            }
            write_executable(&root.join("init"), INIT)?;
            fs::write(staging.join("guest.c"), HELPER)?;
            let mut compile = Command::new("gcc");
            compile.args(["-O2", "-static", "-s", "-Wall", "-Wextra", "-Werror", "-o"]);
            cache::check(
                compile
                    .arg(root.join("bin/guest"))
                    .arg(staging.join("guest.c")),
            )?;
            fs::write(
                root.join("etc/passwd"),
                "root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/home/user:/bin/sh\n",
            )?;
            fs::write(root.join("etc/group"), "root:x:0:\nuser:x:1000:\n")?;
            fs::write(root.join("etc/hostname"), "guest\n")?;
            pack(&root, &staging.join("base.cpio"))?;
            cache::check(Command::new("gzip").arg(staging.join("base.cpio")))?;
            fs::remove_dir_all(&root)?;
            Ok(())
        })?;
        Ok(Self { place })
    }

    /// The whole initramfs of a boot, at `run/initrd`, for every cell it can become.
    pub fn with_payload(
        &self,
        run: &Path,
        kernel: &Kernel,
        doctor: &Path,
        cells: &[Payload],
    ) -> Result<PathBuf> {
        let root = run.join("payload");
        for folder in ["bin", "etc", "bench/modules", "usr/lib"] {
            fs::create_dir_all(root.join(folder))?;
        }
        fs::copy(doctor, root.join("bin/bpf-doctor"))
            .with_context(|| format!("copying {}", doctor.display()))?;
        fs::write(root.join("etc/os-release"), os_release(&kernel.os))?;
        let config = fs::read_to_string(kernel.place.join("config"))?;
        fs::write(root.join("bench/config"), &config)?;
        if cells.iter().any(|cell| cell.condition.modules) {
            let modules = kernel.modules()?;
            ensure!(!modules.is_empty(), "no modules are kept with this kernel");
            // In the order in which they are to be loaded.
            for (at, module) in modules.iter().enumerate() {
                let name = module.file_name().context("a module without a name")?;
                let name = format!("{at:02}-{}", name.to_string_lossy());
                fs::copy(module, root.join("bench/modules").join(name))?;
            }
        }
        for cell in cells {
            let folder = root.join("bench/cells").join(&cell.name);
            fs::create_dir_all(&folder)?;
            fs::write(folder.join("cell"), cell.variables(kernel))?;
            let verify = cell.condition.verify.join("\n") + "\n";
            fs::write(folder.join("verify"), verify)?;
            let prepare = cell.condition.prepare.join("\n") + "\n";
            fs::write(folder.join("prepare"), prepare)?;
            if !cell.condition.config_without.is_empty() {
                let config = without_options(&config, &cell.condition.config_without);
                fs::write(folder.join("config"), config)?;
            }
            for (hook, script) in &cell.hooks {
                fs::create_dir_all(folder.join("hook"))?;
                fs::write(folder.join("hook").join(hook), script)?;
            }
        }
        pack(&root, &run.join("payload.cpio"))?;
        fs::remove_dir_all(&root)?;

        // The kernel unpacks one archive after the other; zeros in between align the second.
        let mut bytes = fs::read(self.place.join("base.cpio.gz"))?;
        bytes.resize(bytes.len().next_multiple_of(512), 0);
        bytes.extend(fs::read(run.join("payload.cpio"))?);
        fs::remove_file(run.join("payload.cpio"))?;
        let initrd = run.join("initrd");
        fs::write(&initrd, bytes)?;
        Ok(initrd)
    }
}

/// What makes one cell out of a boot.
pub struct Payload<'a> {
    /// A word that no other cell of the boot has.
    pub name: String,
    pub condition: &'a Condition,
    /// Moment to script, in trials of the bench.
    pub hooks: BTreeMap<String, String>,
    /// When further runs are killed: thousandths of a run, and `s` where the whole session dies.
    pub kills: String,
    /// The guest's name.
    pub host: String,
    /// A prompt instead of a run.
    pub shell: bool,
}

impl Payload<'_> {
    /// The condition as shell variables for init.
    fn variables(&self, kernel: &Kernel) -> String {
        let condition = self.condition;
        let yes = |flag: bool| if flag { "yes" } else { "no" };
        let settings = |map: &BTreeMap<String, String>| {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("{k}={v}")).collect();
            pairs.join(" ")
        };
        let boot_config = kernel.config_in_boot && condition.boot_config;
        let lines = [
            format!("CGROUP={}", condition.cgroup),
            format!("BPFFS={}", yes(condition.bpffs)),
            format!("TRACEFS={}", yes(condition.tracefs)),
            format!("DEBUGFS={}", yes(condition.debugfs)),
            format!("SECURITYFS={}", yes(condition.securityfs)),
            format!("BOOT_CONFIG={}", yes(boot_config)),
            format!("MODULES={}", yes(condition.modules)),
            format!("BUSY={}", yes(condition.busy)),
            format!("FEATURES={}", yes(condition.features)),
            format!("KILLS='{}'", self.kills),
            format!("KILL_EACH={}", yes(condition.kill_each)),
            format!("DOCTOR_LIMIT={DOCTOR_LIMIT}"),
            format!("HOST={}", self.host),
            format!("SHELL_WANTED={}", yes(self.shell)),
            format!("SYSCTLS='{}'", settings(&condition.sysctls)),
            format!("WRITES='{}'", settings(&condition.writes)),
            format!("RUNNER='{}'", condition.runner()),
            "DOCTOR='/bin/bpf-doctor check --format yaml'".to_owned(),
        ];
        lines.join("\n") + "\n"
    }
}

/// A kernel config that denies some of the options it has.
pub fn without_options(config: &str, options: &[String]) -> String {
    let mut text = String::new();
    for line in config.lines() {
        let name = line
            .split_once('=')
            .and_then(|(name, _)| name.strip_prefix("CONFIG_"));
        match name.filter(|name| options.iter().any(|option| option == name)) {
            Some(name) => text.push_str(&format!("# CONFIG_{name} is not set")),
            None => text.push_str(line),
        }
        text.push('\n');
    }
    text
}

/// As on a Debian of that age, because fixes depend on the distribution.
fn os_release(os: &Os) -> String {
    format!(
        "PRETTY_NAME=\"Debian GNU/Linux {0} ({1})\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"{0}\"\nVERSION=\"{0} ({1})\"\nVERSION_CODENAME={1}\nID=debian\n",
        os.version_id, os.codename
    )
}

fn write_executable(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// A folder as a cpio archive whose files all belong to root, and which an ordinary
/// user can read, whatever the umask of whoever runs the bench.
fn pack(folder: &Path, archive: &Path) -> Result<()> {
    let script = "cd \"$1\" && chmod -R a+rX . && find . | sort | cpio --quiet --reproducible -o -H newc -R 0:0 > \"$2\"";
    cache::check(
        Command::new("sh")
            .args(["-c", script, "pack"])
            .arg(folder)
            .arg(archive),
    )?;
    Ok(())
}
