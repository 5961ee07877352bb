//! One boot for all cells with the same kernel and command line: what it takes to boot is
//! paid once, and every cell goes on from the same moment of a guest that nobody has touched.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::guest::{Base, Payload};
use crate::kernel::Kernel;
use crate::qemu::{self, Boot, Machine, Saved};

/// Seconds until a guest that should wait for the name of a cell counts as hanging.
const LIMIT: Duration = Duration::from_secs(180);

/// Boots by the name of the kernel and the condition's arguments.
pub type Boots = BTreeMap<(String, String), Result<Start>>;

/// What cells start from.
pub struct Start {
    /// What `uname -r` must say there.
    pub release: String,
    machine: Machine,
    /// None for a cell that has a boot to itself.
    saved: Option<Saved>,
    /// With the initramfs and the guest's state, some 150 MB.
    place: PathBuf,
}

impl Start {
    /// Makes the initramfs for these cells and, where there are several, boots and saves.
    pub fn prepare(
        place: PathBuf,
        guest: &Base,
        kernel: &Kernel,
        arguments: &str,
        doctor: &Path,
        cells: &[Payload],
    ) -> Result<Self> {
        // What an earlier run left must not be taken for this one's.
        let _ = fs::remove_dir_all(&place);
        fs::create_dir_all(&place).with_context(|| format!("creating {}", place.display()))?;
        let machine = Machine {
            kernel: kernel.place.join("vmlinuz"),
            initrd: guest.with_payload(&place, kernel, doctor, cells)?,
            arguments: format!("{} {arguments}", kernel.arguments),
        };
        let mut start = Self {
            release: kernel.release.clone(),
            machine,
            saved: None,
            place,
        };
        if cells.len() > 1 {
            start.saved = Some(qemu::save(&start.place, &start.machine, LIMIT)?);
        }
        Ok(start)
    }

    /// Goes on as this cell, to the end, or to the limit, or to the kernel's death.
    pub fn run(&self, run: &Path, cell: &str, limit: Duration) -> Result<Boot> {
        let from = self.saved.as_ref().map(|saved| (saved, cell));
        qemu::boot(run, &self.machine, from, limit)
    }

    /// Boots with the console on this terminal.
    pub fn interact(&self) -> Result<()> {
        qemu::interact(&self.machine)
    }
}

impl Drop for Start {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}
