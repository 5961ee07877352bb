//! Probes that are a compiled program: one way through open, load, trigger and read for all.

use libbpf_rs::MapCore as _;
use libbpf_rs::MapFlags;
use libbpf_rs::Object;
use libbpf_rs::ObjectBuilder;
use libbpf_rs::ProgramInput;
use libbpf_rs::ProgramMut;
use nix::errno::Errno;

use super::bench::At;
use super::bench::Trial;
use super::bench::Trouble;
use super::call::Call;
use super::errno::Answered as _;
use super::errno::Code;
use super::outcome::Stage;
use super::sys;

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

/// The key of the one entry each map of a probe has.
const FIRST: [u8; 4] = [0; 4];

/// A probe that is a compiled program.
pub(super) struct Experiment {
    /// The program's name, and the object's.
    pub(super) name: &'static str,
    /// The object file; see [`image`].
    pub(super) image: &'static [u8],
    /// Whether the kernel can be asked to run the program as it is (BPF_PROG_TEST_RUN). Where
    /// it can't, the program is attached and its event caused.
    pub(super) test_run: bool,
    /// Causes the event the program's section names, by something this process does to itself.
    pub(super) cause: fn() -> Result<(), Errno>,
}

impl Experiment {
    /// Opens and loads the object, tells its map `asked` what the program has to know, has the
    /// program run, and gives what its map `answers` says then. All of it is gone in the end.
    pub(super) fn perform(&self, asked: &[u8]) -> Result<Vec<u8>, Trouble> {
        sys::keep_libbpf_from_memlock();
        let mut builder = ObjectBuilder::default();
        let object = builder.name(self.name).at(Stage::Open)?;
        let object = object.open_memory(self.image).at(Stage::Open)?;
        // ESRCH: libbpf's own, for kernel BTF that is missing or lacks a type. EINVAL or EACCES:
        // the verifier's, with its log. EPERM: privilege, or a policy.
        let object = object.load().at(Stage::Load)?;
        tell(&object, asked)?;
        let program = object
            .progs_mut()
            .find(|program| program.name() == self.name);
        let program = program.ok_or(Errno::ENOENT).told().at(Stage::Load)?;
        if !(self.test_run && test_run_works(&program)?) {
            let _link = program.attach().at(Stage::Attach)?;
            (self.cause)().of(Call::Prctl).at(Stage::Trigger)?;
        }
        told(&object)
    }
}

/// Runs the program without an event; no where the kernel has no test run for its type.
fn test_run_works(program: &ProgramMut<'_>) -> Result<bool, Trouble> {
    match program
        .test_run(ProgramInput::default())
        .map_err(Code::from)
    {
        Ok(_) => Ok(true),
        // bpf_prog_test_run() says ENOTSUPP of a type that has none; EINVAL comes from kernels
        // that don't know the command, or not in this form.
        Err(code)
            if code == Code::ENOTSUPP || code == Errno::EOPNOTSUPP || code == Errno::EINVAL =>
        {
            Ok(false)
        }
        Err(code) => Err(code).at(Stage::Trigger),
    }
}

/// Writes the map `asked`; what the given bytes leave open becomes zero.
fn tell(object: &Object, asked: &[u8]) -> Trial {
    let map = object.maps().find(|map| map.name() == "asked");
    let map = map.ok_or(Errno::ENOENT).told().at(Stage::Load)?;
    let mut value = asked.to_vec();
    value.resize(map.value_size() as usize, 0);
    map.update(&FIRST, &value, MapFlags::ANY).at(Stage::Trigger)
}

/// Reads the map `answers`.
fn told(object: &Object) -> Result<Vec<u8>, Trouble> {
    let map = object.maps().find(|map| map.name() == "answers");
    let map = map.ok_or(Errno::ENOENT).told().at(Stage::Load)?;
    let value = map.lookup(&FIRST, MapFlags::ANY).at(Stage::Read)?;
    value.ok_or(Errno::ENOENT).told().at(Stage::Read)
}
