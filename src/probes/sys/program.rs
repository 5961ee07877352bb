//! Programs: loaded, run for a test, asked about.

use std::os::fd::AsFd;
use std::os::fd::AsRawFd;
use std::os::fd::BorrowedFd;
use std::os::fd::OwnedFd;

use super::super::errno::Code;
use super::super::kinds::Command;
use super::super::kinds::Lengths;
use super::super::kinds::Recipe;
use super::attr::Attr;
use super::attr::answer;

/// A program the kernel has taken.
pub(in super::super) struct Program(pub(super) OwnedFd);

/// What a program said and left when it was run for a test.
#[derive(Debug, Default)]
pub(in super::super) struct Ran {
    pub(in super::super) returned: u32,
    /// The packet as it was then.
    pub(in super::super) data: Vec<u8>,
}

impl Program {
    /// Gives instructions to the verifier, which writes what it has to say into `log`, if there
    /// is room for anything.
    pub(in super::super) fn load(recipe: &Recipe<'_>, log: &mut [u8]) -> Result<Self, Code> {
        let mut attr = Attr::new()
            .number(0, recipe.of as u32)
            .length(4, recipe.code.len())
            .address(8, recipe.code)
            .text(16, c"GPL")
            .number(44, recipe.flags)
            .name(48, recipe.name)
            .number(68, recipe.hook)
            .number(108, recipe.attach_btf_id);
        if let Some(program) = recipe.extends {
            attr = attr.fd(112, &program.0);
        }
        // The kernel takes no address of a log without a level and a length.
        if !log.is_empty() {
            attr = attr
                .number(24, 1)
                .length(28, log.len())
                .address(32, log.as_mut_ptr());
        }
        // `struct bpf_func_info`: two numbers each.
        let functions: Vec<u32> = recipe
            .btf
            .iter()
            .flat_map(|(_, functions)| functions.iter())
            .flat_map(|(at, of)| [*at, *of])
            .collect();
        if let Some((btf, _)) = recipe.btf {
            attr = attr.fd(72, &btf.0);
        }
        if !functions.is_empty() {
            attr = attr
                .number(76, 8)
                .address(80, functions.as_ptr())
                .length(88, functions.len() / 2);
        }
        // SAFETY: the addresses are those of as many instructions as told, in the kernel's layout,
        // of a text with a closing zero, of as many function records as told, and of as many
        // writable bytes as told; all outlive the call.
        unsafe { attr.open(Command::ProgLoad) }.map(Self)
    }

    /// Runs the program once on `input` by BPF_PROG_TEST_RUN and gives what it returned.
    pub(in super::super) fn test_run(&self, input: &[u8]) -> Result<u32, Code> {
        // Without room for the packet afterwards: none is given back.
        self.test(input, &mut [], 0).map(|ran| ran.returned)
    }

    /// As [`Program::test_run`], and gives back the packet too.
    pub(in super::super) fn test_run_packet(&self, input: &[u8]) -> Result<Ran, Code> {
        self.test(input, &mut [], input.len() + 512)
    }

    /// As [`Program::test_run`], on a packet or on none, with a context, which some types change.
    pub(in super::super) fn test_run_with(
        &self,
        input: &[u8],
        context: &mut [u8],
    ) -> Result<u32, Code> {
        self.test(input, context, 0).map(|ran| ran.returned)
    }

    fn test(&self, input: &[u8], context: &mut [u8], room: usize) -> Result<Ran, Code> {
        let mut data = vec![0; room];
        let mut attr = Attr::new().fd(0, &self.0);
        // Programs that take no packet must be given none, not even an empty one.
        if !input.is_empty() {
            attr = attr.length(8, input.len()).address(16, input);
        }
        if !data.is_empty() {
            attr = attr.length(12, data.len()).address(24, data.as_mut_ptr());
        }
        if !context.is_empty() {
            attr = attr
                .length(40, context.len())
                .address(48, context.as_mut_ptr());
        }
        // SAFETY: each address is that of as many bytes as told, which outlive the call, those of
        // what is given back and of a context are writable.
        unsafe { attr.call(Command::ProgTestRun)? };
        data.truncate(attr.answer(12) as usize);
        Ok(Ran {
            returned: attr.answer(4),
            data,
        })
    }

    /// What the program became.
    pub(in super::super) fn lengths(&self) -> Result<Lengths, Code> {
        // The first fields of `struct bpf_prog_info`, the last two being addresses.
        let mut info = [0; 4 + 4 + 8 + 4 + 4 + 8 + 8];
        super::info(&self.0, &mut info)?;
        Ok(Lengths {
            jited: answer(&info, 16),
            rewritten: answer(&info, 20),
        })
    }

    /// The descriptor's number, which instructions and maps name a program by.
    pub(in super::super) fn number(&self) -> i32 {
        self.0.as_raw_fd()
    }
}

impl AsFd for Program {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
