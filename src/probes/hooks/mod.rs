//! Programs at every hook of cgroups, sockets and the network: attached, and seen to run.
//!
//! Each row makes a program that counts how often it ran, attaches it in a place of the probes'
//! own ([`super::place`]), does the one thing that runs it, and reads the count.

mod bare;
mod cgroup;
mod counter;
mod devices;
mod network;
mod pins;
mod redirect;
mod sockets;
mod target;
mod token;
mod traffic;

use super::table::Probe;

pub(super) use bare::Event;
pub(super) use bare::judge as without_program;

/// What this folder adds to the probe table: pins, in a mount namespace.
pub(super) const PINS: &[&[Probe]] = &[pins::PROBES];
/// And tokens, in a process of their own.
pub(super) const TOKENS: &[&[Probe]] = &[token::PROBES];
/// Then what needs a network namespace at most.
pub(super) const NETWORK: &[&[Probe]] = &[sockets::PROBES, network::PROBES];
/// The same, at its loopback device.
pub(super) const DEVICES: &[&[Probe]] = &[devices::PROBES];
/// As [`DEVICES`], by links.
pub(super) const LINKS: &[&[Probe]] = &[devices::LINKS];
/// The same, with a pair of devices in it.
pub(super) const PAIRS: &[&[Probe]] = &[devices::PAIRS];
/// As [`PAIRS`], of another kind.
pub(super) const NETKIT: &[&[Probe]] = &[devices::NETKIT];
/// The same, with connections in it.
pub(super) const STREAMS: &[&[Probe]] = &[redirect::PROBES];
/// Then what needs a cgroup, and builds on the pins.
pub(super) const CGROUPS: &[&[Probe]] = &[cgroup::PROBES, redirect::IN_CGROUPS];

/// What programs of the network take.
const NET: &str = "CAP_BPF and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN), and CAP_SYS_ADMIN for \
                   a network namespace of its own";
/// What programs of sockets take, which can be shown in the present network namespace as well.
const SOCKETS: &str = "CAP_BPF and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN)";
/// What programs at cgroups take.
const CGROUP: &str = "CAP_BPF and CAP_NET_ADMIN (before 5.8: CAP_SYS_ADMIN), and the right to \
                      make a cgroup below its own";

/// What a row that makes a cgroup leaves.
const IN_A_CGROUP: &str = "for the time of the probes a cgroup below the doctor's own, with the \
                           probes' process in it; a second process removes it should the first \
                           be killed. One map and one program, which runs for that process alone";
const IN_A_NETWORK: &str = "none: a network namespace of the probes' own, and in it one map and \
                            one program";
const LOOPBACK: &str = "a connection to itself on the loopback device, in a network namespace of \
                        its own where it may make one; maps and programs held by descriptors";
