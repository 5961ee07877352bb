//! Boots a guest, and gives up on one that will not end.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::console;

/// What a boot left behind.
#[derive(Debug)]
pub struct Boot {
    pub console: String,
    pub result: Vec<u8>,
    pub seconds: f64,
    /// The guest did not end by itself: why it was ended.
    pub ended: Option<String>,
}

/// No KVM, even where it exists: a host's KVM may be broken, and the cells must
/// say the same everywhere. No cmpxchg16b: QEMU 7.2's emulation of it makes
/// newer kernels oops now and then. No timer check: on a busy host an emulated
/// timer can be late enough for the kernel to panic over it.
fn machine(kernel: &Path, initrd: &Path, arguments: &str) -> Command {
    let mut command = Command::new("qemu-system-x86_64");
    command.args([
        "-accel",
        "tcg",
        "-cpu",
        "qemu64,-cx16",
        "-smp",
        "1",
        "-m",
        "512M",
    ]);
    command.args([
        "-nodefaults",
        "-no-user-config",
        "-no-reboot",
        "-display",
        "none",
    ]);
    command
        .arg("-kernel")
        .arg(kernel)
        .arg("-initrd")
        .arg(initrd);
    // Emulated time stands still when the machine is busy elsewhere; to the guest that looks
    // like a stalled processor, and says nothing of the doctor.
    command.arg("-append").arg(format!(
        "console=ttyS0 panic=-1 no_timer_check rcupdate.rcu_cpu_stall_suppress=1 {arguments}"
    ));
    command
}

/// Boots to the end, or to the limit, or to the kernel's death.
pub fn boot(
    run: &Path,
    kernel: &Path,
    initrd: &Path,
    arguments: &str,
    limit: Duration,
) -> Result<Boot> {
    let (console, result) = (run.join("console.log"), run.join("result.out"));
    let begin = Instant::now();
    let mut child = machine(kernel, initrd, arguments)
        .arg("-serial")
        .arg(format!("file:{}", console.display()))
        .arg("-serial")
        .arg(format!("file:{}", result.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(run.join("qemu.log"))?)
        .spawn()
        .context("starting qemu-system-x86_64")?;
    let mut ended = None;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let dead = console::is_dead(&read_lossy(&console));
        if dead || begin.elapsed() > limit {
            // After a panic the guest should leave by itself; some only hang.
            ended = Some(if dead {
                "the kernel panicked".to_owned()
            } else {
                format!("not done after {} s", limit.as_secs())
            });
            child.kill()?;
            break child.wait()?;
        }
        sleep(Duration::from_millis(50));
    };
    if ended.is_none() && console::panicked(&read_lossy(&console)) {
        ended = Some("the kernel panicked".to_owned());
    }
    // A panic also ends with status 0, so this is never a sign of success.
    if ended.is_none() && !status.success() {
        bail!(
            "QEMU ended with {status}: {}",
            read_lossy(&run.join("qemu.log"))
        );
    }
    Ok(Boot {
        console: read_lossy(&console),
        result: fs::read(&result).unwrap_or_default(),
        seconds: begin.elapsed().as_secs_f64(),
        ended,
    })
}

/// Boots with the console on this terminal.
pub fn interact(kernel: &Path, initrd: &Path, arguments: &str) -> Result<()> {
    let status = machine(kernel, initrd, arguments)
        .args(["-serial", "mon:stdio", "-serial", "null"])
        .status()?;
    if !status.success() {
        bail!("QEMU ended with {status}");
    }
    Ok(())
}

fn read_lossy(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
