//! Tests of the bench's own parts, which need no kernel: the bench is a
//! program without cargo's test harness, and this is the harness for them.

#![allow(
    dead_code,
    reason = "only the tests of these modules are of interest here"
)]
#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the bench is a program of its own: it prints, reads files and starts QEMU"
)]

mod apt;
mod boots;
mod cache;
mod cell;
mod console;
mod coverage;
mod expected;
mod faults;
mod features;
mod frames;
mod guest;
mod judge;
mod kbuild;
mod kernel;
mod outcomes;
mod qemu;
mod report;
mod table;

#[cfg(test)]
mod units {
    mod apt;
    mod console;
    mod faults;
    mod features;
    mod frames;
    mod guest;
    mod judge;
    mod kbuild;
    mod outcomes;
    mod report;
    mod table;
}
