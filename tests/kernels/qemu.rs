//! Boots a guest, and gives up on one that will not end.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::console;

/// What is booted.
#[derive(Debug)]
pub struct Machine {
    pub kernel: PathBuf,
    pub initrd: PathBuf,
    pub arguments: String,
}

/// A guest that waits for the name of a cell.
#[derive(Debug)]
pub struct Saved {
    state: PathBuf,
    /// What it had said until then.
    console: String,
}

/// What a boot left behind.
#[derive(Debug)]
pub struct Boot {
    pub console: String,
    pub result: Vec<u8>,
    /// From the boot, or from where the guest was saved.
    pub seconds: f64,
    /// The guest did not end by itself: why it was ended.
    pub ended: Option<String>,
}

impl Machine {
    /// No KVM, even where it exists: a host's KVM may be broken, and the cells must
    /// say the same everywhere. No cmpxchg16b: QEMU 7.2's emulation of it makes
    /// newer kernels oops now and then. No timer check: on a busy host an emulated
    /// timer can be late enough for the kernel to panic over it.
    fn command(&self) -> Command {
        let mut command = Command::new("qemu-system-x86_64");
        command.args(["-accel", "tcg", "-cpu", "qemu64,-cx16", "-smp", "1"]);
        command.args(["-m", "512M", "-nodefaults", "-no-user-config"]);
        command.args(["-no-reboot", "-display", "none"]);
        command.arg("-kernel").arg(&self.kernel);
        command.arg("-initrd").arg(&self.initrd);
        // Emulated time stands still when the machine is busy elsewhere; to the guest that looks
        // like a stalled processor, and says nothing of the doctor. Whatever the kernel logs
        // must reach the console, also when somebody has made it say less.
        command.arg("-append").arg(format!(
            "console=ttyS0 panic=-1 no_timer_check rcupdate.rcu_cpu_stall_suppress=1 ignore_loglevel {}",
            self.arguments
        ));
        command
    }

    /// Starts it with its console in `run/console.log` and its second serial port at
    /// `port`.
    fn start(&self, run: &Path, port: &str, more: &[&str], io: [Stdio; 2]) -> Result<Child> {
        let console = format!("file:{}", run.join("console.log").display());
        let [stdin, stdout] = io;
        self.command()
            .args([
                "-serial",
                &console,
                "-chardev",
                port,
                "-serial",
                "chardev:results",
            ])
            .args(more)
            .current_dir(run)
            .stdin(stdin)
            .stdout(stdout)
            .stderr(fs::File::create(run.join("qemu.log"))?)
            .spawn()
            .context("starting qemu-system-x86_64")
    }
}

/// Boots until the guest waits for the name of a cell, and saves it at `run/state`.
pub fn save(run: &Path, machine: &Machine, limit: Duration) -> Result<Saved> {
    let console = run.join("console.log");
    let begin = Instant::now();
    let orders = ["-monitor", "stdio"];
    let io = [Stdio::piped(), Stdio::null()];
    let mut child = machine.start(run, "null,id=results", &orders, io)?;
    loop {
        let said = read_lossy(&console);
        if console::waits(&said) {
            break;
        }
        let late = begin.elapsed() > limit;
        if late || console::is_dead(&said) || child.try_wait()?.is_some() {
            let _ = child.kill();
            child.wait()?;
            bail!("the guest did not boot:\n{}", console::tail(&said));
        }
        sleep(Duration::from_millis(50));
    }
    let mut monitor = child.stdin.take().context("QEMU has no monitor")?;
    monitor.write_all(b"migrate \"exec:cat >state\"\nquit\n")?;
    // The monitor must stay open until QEMU has read its orders.
    let status = child.wait()?;
    drop(monitor);
    let state = run.join("state");
    let bytes = fs::metadata(&state).map_or(0, |file| file.len());
    ensure!(
        status.success() && bytes > 0,
        "the guest could not be saved: {status}: {}",
        read_lossy(&run.join("qemu.log"))
    );
    Ok(Saved {
        state,
        console: read_lossy(&console),
    })
}

/// Boots, or goes on from where a guest waits as the cell of that name: to the end, or to
/// the limit, or to the kernel's death.
pub fn boot(
    run: &Path,
    machine: &Machine,
    from: Option<(&Saved, &str)>,
    limit: Duration,
) -> Result<Boot> {
    let (console, result) = (run.join("console.log"), run.join("result.out"));
    let begin = Instant::now();
    let mut stdin = Stdio::null();
    let mut incoming = Vec::new();
    let mut before = "";
    if let Some((saved, cell)) = from {
        let name = run.join("cell");
        // What arrives before the guest's state has been read is lost: at most what the
        // port's queue of 16 bytes holds.
        fs::write(&name, format!("{}cell {cell}\n", "\n".repeat(64)))?;
        stdin = fs::File::open(&name)?.into();
        let state = format!("exec:cat '{}'", saved.state.display());
        incoming = vec!["-incoming".to_owned(), state];
        before = &saved.console;
    }
    let incoming: Vec<&str> = incoming.iter().map(String::as_str).collect();
    let io = [stdin, fs::File::create(&result)?.into()];
    let mut child = machine.start(run, "stdio,id=results,signal=off", &incoming, io)?;
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
    let seconds = begin.elapsed().as_secs_f64();
    let console_text = format!("{before}{}", read_lossy(&console));
    if from.is_some() {
        // For people, who want to see the kernel from its first line.
        fs::write(&console, &console_text)?;
    }
    if ended.is_none() && console::panicked(&console_text) {
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
        console: console_text,
        result: fs::read(&result).unwrap_or_default(),
        seconds,
        ended,
    })
}

/// Boots with the console on this terminal.
pub fn interact(machine: &Machine) -> Result<()> {
    let status = machine
        .command()
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
