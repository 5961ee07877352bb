//! Probes that are a compiled program: one way through open, load, trigger and read for all.

use std::ffi::CStr;

use nix::errno::Errno;

use super::bench::At;
use super::bench::Trial;
use super::bench::Trouble;
use super::errno::Code;
use super::outcome::Stage;
use super::sys::Object;

/// The object that build.rs made of `probes/<name>.bpf.c`, aligned as an ELF file wants it.
macro_rules! image {
    ($name:literal) => {{
        #[repr(C, align(8))]
        struct Aligned<Bytes: ?Sized>(Bytes);
        static IMAGE: &Aligned<[u8]> = &Aligned(*include_bytes!(concat!(
            env!("OUT_DIR"),
            "/",
            $name,
            ".bpf.o"
        )));
        &IMAGE.0
    }};
}
pub(super) use image;

/// A probe that is a compiled program.
pub(super) struct Experiment {
    /// The program's name, and the object's.
    pub(super) name: &'static CStr,
    /// The object file; see [`image`].
    pub(super) image: &'static [u8],
    /// Whether the kernel can be asked to run the program as it is (BPF_PROG_TEST_RUN). Where
    /// it can't, the program is attached and its event caused.
    pub(super) test_run: bool,
    /// Causes the event the program's section names, by something this process does to itself.
    pub(super) cause: fn() -> Result<(), Errno>,
}

impl Experiment {
    /// Opens and loads the object, tells it what `ask` has to say, has the program run, and
    /// lets `judge` say whether it did what it should. All of it is gone in the end.
    pub(super) fn perform(
        &self,
        ask: impl FnOnce(&Object) -> Trial,
        judge: impl FnOnce(&Object) -> Trial,
    ) -> Trial {
        let mut object = Object::open(self.image, self.name).at(Stage::Open)?;
        // ESRCH: libbpf's own, for kernel BTF that is missing or lacks a type. EINVAL or EACCES:
        // the verifier's, with its log. EPERM: privilege, or a policy.
        object.load().at(Stage::Load)?;
        ask(&object)?;
        if !(self.test_run && self.test_run_works(&object)?) {
            let _link = object.attach(self.name).at(Stage::Attach)?;
            (self.cause)().at(Stage::Trigger)?;
        }
        judge(&object)
    }

    /// Runs the program without an event; no where the kernel has no test run for its type.
    fn test_run_works(&self, object: &Object) -> Result<bool, Trouble> {
        match object.program(self.name).at(Stage::Load)?.test_run(&[]) {
            Ok(_) => Ok(true),
            // bpf_prog_test_run() says ENOTSUPP of a type that has none; EINVAL comes from
            // kernels that don't know the command, or not in this form.
            Err(code)
                if code == Code::ENOTSUPP || code == Errno::EOPNOTSUPP || code == Errno::EINVAL =>
            {
                Ok(false)
            }
            Err(code) => Err(code).at(Stage::Trigger),
        }
    }
}
