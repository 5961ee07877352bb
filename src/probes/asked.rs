//! What a probe takes and is about, as it matters for who may have refused it.

use super::rights::Capability;
use super::table;
use super::table::Probe;

/// What a probe takes and is about, in the words of its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) privilege: &'a str,
    pub(super) area: &'a str,
}

impl Asked<'_> {
    /// Of this probe.
    pub(super) fn of(probe: &Probe) -> Self {
        Self {
            privilege: probe.privilege,
            area: probe.area,
        }
    }

    /// Whether what it attaches to may be an event of tracing.
    pub(super) fn is_traced(&self) -> bool {
        !["cgroup", "network", "sockets"].contains(&self.area)
    }

    /// Whether the kernel takes it of everybody where kernel.unprivileged_bpf_disabled is 0.
    pub(super) fn takes_none_where_open(&self) -> bool {
        self.privilege == table::BPF || self.is_as_another()
    }

    fn is_as_another(&self) -> bool {
        ["as prog-load", "as map-create"].contains(&self.privilege)
    }

    /// The capabilities that the row says it takes; all of BPF, where it names none.
    pub(super) fn capabilities(&self) -> Vec<Capability> {
        let all = [Capability::Bpf, Capability::Perfmon, Capability::NetAdmin];
        let named = all
            .into_iter()
            .filter(|asked| self.privilege.contains(asked.name()));
        let named: Vec<Capability> = named.collect();
        match named.is_empty() {
            true if self.is_as_another() => vec![Capability::Bpf],
            true => all.to_vec(),
            false => named,
        }
    }
}
