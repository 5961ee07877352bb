//! What is said beside an audit of what it was given: bad reports, inventories, baselines.

use std::collections::BTreeSet;

use super::output::Terminal;
use bpf_doctor::fleet::{self, Inventory, Labelled, Summary};
use bpf_doctor::report::clean;

/// The rows of an inventory that can't be used.
pub(super) fn tell_faults(name: &str, inventory: &Inventory) {
    const TOLD: usize = 20;
    let faults = inventory.faults();
    for fault in faults.iter().take(TOLD) {
        Terminal::warn(&clean(&format!("{name}: {fault}")));
    }
    if faults.len() > TOLD {
        let rest = faults.len() - TOLD;
        Terminal::warn(&format!(
            "{name}: and {rest} more rows that could not be used"
        ));
    }
}

/// What else an inventory has that is of no use: hosts without a report, hosts named twice.
pub(super) fn tell_inventory(name: &str, inventory: &Inventory, labelled: &Labelled<'_>) {
    let named = |names: &mut dyn Iterator<Item = &str>| {
        let names: Vec<String> = names.map(clean).collect();
        let some: Vec<String> = names.iter().take(5).cloned().collect();
        let dots = if names.len() > some.len() {
            ", …"
        } else {
            ""
        };
        (names.len(), some.join(", ") + dots)
    };
    if let Some(host) = labelled.headless() {
        Terminal::warn(&clean(&format!(
            "{name}: its first line is one of the host {host}, which gets no labels: the first line must \
             name the columns, such as `host,role,site`"
        )));
    }
    let (count, some) = named(&mut inventory.twice().iter().map(String::as_str));
    if count > 0 {
        Terminal::warn(&format!(
            "{name}: {count} named more than once, of which the last row counts: {some}"
        ));
    }
    let (count, some) = named(&mut labelled.ambiguous());
    if count > 0 {
        Terminal::warn(&format!(
            "{name}: {count} may mean several hosts, and label none of them: {some} (write the \
             names in full, with their domains)"
        ));
    }
    let (count, some) = named(&mut labelled.unmatched());
    if inventory.is_empty() {
        Terminal::warn(&format!("{name}: the inventory names no host"));
    } else if labelled.hosts() == 0 {
        let first = match some.is_empty() {
            true => String::new(),
            false => format!(" (its first: {some})"),
        };
        Terminal::warn(&format!(
            "{name}: the inventory labels none of these hosts{first}"
        ));
    } else if count > 0 {
        Terminal::warn(&format!("{name}: {count} without a report: {some}"));
    }
}

/// Where nearly every host is a new one and nearly every old one is gone, it is the names that
/// changed, and nothing is compared.
pub(super) fn tell_strangers(changes: &fleet::Changes, hosts: u64) {
    let nearly = |part: u64, whole: u64| part > 0 && part * 10 >= whole * 9;
    if nearly(changes.new.hosts, hosts) && nearly(changes.gone.hosts, changes.hosts_before) {
        Terminal::warn(&format!(
            "{} of {hosts} hosts are new and {} of {} are gone: if they are the same, their reports have \
             no machine id that lasts and no name that does (in a pod: mount /etc/machine-id, and check \
             --hostname NODE)",
            changes.new.hosts, changes.gone.hosts, changes.hosts_before
        ));
    }
}

/// Where the baseline is newer than the reports, one was probably given for the other.
pub(super) fn tell_swapped(before: Option<&Summary>, now: &Summary) {
    let (then, now) = (before.and_then(Summary::newest), now.newest());
    if let (Some(then), Some(now)) = (then, now) {
        Terminal::warn(&format!(
            "the baseline is newer than the reports (its newest is of {then}, theirs of {now}): \
             are the two swapped?"
        ));
    }
}

/// The first of them; the audit has more.
pub(super) fn tell_bad(summary: &Summary, of: &str) {
    const TOLD: usize = 20;
    // The first of each file, before more of any.
    let mut seen = BTreeSet::new();
    let (mut told, mut more) = (Vec::new(), Vec::new());
    for bad in summary.bad_reports() {
        match seen.insert(bad.source.as_str()) {
            true => told.push(bad),
            false => more.push(bad),
        }
    }
    told.extend(more);
    told.truncate(TOLD);
    told.sort_unstable();
    for bad in told {
        Terminal::warn(&format!("{of}{}", bad.told()));
    }
    let rest = summary.bad().saturating_sub(TOLD as u64);
    if rest > 0 {
        Terminal::warn(&format!("{of}and {rest} more that could not be used"));
    }
}
