//! The language of programs: instructions, functions, loops, and what the kernel lends them.
//!
//! Each probe loads a program that uses one thing and returns a number nothing else gives; EINVAL
//! at the load is the verifier's answer to what it does not know, with its log.

pub(super) mod btf_kinds;
pub(super) mod functions;
pub(super) mod instructions;
pub(super) mod kernel_functions;
pub(super) mod limits;
pub(super) mod objects;
pub(super) mod runs;
pub(super) mod struct_ops;

use super::basics::PACKET;
use super::basics::expect;
use super::bench::At;
use super::bench::Bench;
use super::bench::Trial;
use super::bench::Trouble;
use super::insn::Code;
use super::kinds::ProgType;
use super::kinds::Recipe;
use super::outcome::Stage;
use super::sys::Btf;
use super::types::Types;

/// Runs a socket filter, which must return a number.
fn returns(bench: &mut Bench, code: &Code, number: i32) -> Trial {
    let program = bench.program(ProgType::SocketFilter, code)?;
    let answer = program.test_run(&PACKET).at(Stage::Trigger)?;
    expect(
        "the program returned",
        i64::from(answer as i32),
        number.into(),
    )
}

/// Runs a program of a type, made of a main function and a callback behind it, and gives what it
/// returned. Callbacks have to be described by BTF.
fn with_callback(bench: &mut Bench, main: &Code, callback: &Code) -> Result<u32, Trouble> {
    let (types, [of_main, of_callback]) = Types::functions();
    let types = Btf::load(&types.bytes()).at(Stage::BtfLoad)?;
    let functions = [(0, of_main), (main.len() as u32, of_callback)];
    let code = main.clone().then(callback);
    let program = bench.load(&Recipe {
        btf: Some((&types, &functions)),
        ..Recipe::of(ProgType::SocketFilter, &code)
    })?;
    program.test_run(&PACKET).at(Stage::Trigger)
}
