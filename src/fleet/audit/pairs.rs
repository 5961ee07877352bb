//! Which host of now is which one of an earlier time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::digest::{Key, key_of};
use super::super::summary::{Row, Summary};
use super::ROWS;
use super::tally::Names;

/// Hosts that went from one shape to another.
#[derive(Default)]
pub(super) struct Pairs {
    pub(super) pairs: BTreeMap<(u32, u32), Names>,
    pub(super) new: Names,
    pub(super) gone: Names,
    /// New hosts that have the name of one that is gone, and another machine id.
    pub(super) again: Names,
}

/// Whether a host is known by its name alone.
fn is_by_name(id: Key, row: &Row) -> bool {
    key_of("name", row.name.as_bytes()) == id
}

/// Finds each host at the other time: by its id, or by its name where one of the two reports
/// has no machine id. Two machines that had one name are two.
pub(super) fn pair(before: &Summary, now: &Summary) -> Pairs {
    let mut pairs = Pairs::default();
    let mut lost: HashMap<&str, Option<(Key, &Row)>> = HashMap::new();
    let gone = before
        .hosts
        .iter()
        .filter(|(id, _)| !now.hosts.contains_key(*id));
    for (id, row) in gone.filter(|(_, row)| !row.name.is_empty()) {
        // A name that two hosts have tells neither.
        let entry = lost.entry(&row.name);
        entry
            .and_modify(|known| *known = None)
            .or_insert(Some((*id, row)));
    }
    let mut namesakes: HashMap<&str, u64> = HashMap::new();
    for (_, row) in now
        .hosts
        .iter()
        .filter(|(id, _)| !before.hosts.contains_key(*id))
    {
        *namesakes.entry(&row.name).or_default() += 1;
    }
    lost.retain(|name, _| namesakes.get(name) == Some(&1));
    // What has a host of its very name is not that of another one.
    let mut respelt = respelt_pairs(before, now);
    respelt.retain(|_, (_, old)| !lost.contains_key(&*old.name));
    let mut found: BTreeSet<Key> = BTreeSet::new();
    let mut add = |old: &Row, new: &Row| {
        let names = pairs.pairs.entry((old.shape, new.shape)).or_default();
        names.add_up_to(ROWS, 1, [&*new.name]);
    };
    for (id, row) in &now.hosts {
        match before.hosts.get(id) {
            Some(old) => add(old, row),
            None => match lost.get(&*row.name).copied().flatten() {
                Some((old_id, old)) if is_by_name(old_id, old) || is_by_name(*id, row) => {
                    found.insert(old_id);
                    add(old, row);
                }
                _ => match respelt.get(id) {
                    Some((old_id, old)) => {
                        found.insert(*old_id);
                        add(old, row);
                    }
                    None => {
                        pairs.new.add_up_to(ROWS, 1, [&*row.name]);
                        if lost.contains_key(&*row.name) {
                            pairs.again.add_up_to(ROWS, 1, [&*row.name]);
                        }
                    }
                },
            },
        }
    }
    for (id, row) in &before.hosts {
        if !now.hosts.contains_key(id) && !found.contains(id) {
            pairs.gone.add_up_to(ROWS, 1, [&*row.name]);
        }
    }
    pairs
}

/// The same name, whatever signs stand between its words.
fn respelt(row: &Row) -> Key {
    let plain = |c: char| match c.is_alphanumeric() {
        true => c.to_ascii_lowercase(),
        false => '-',
    };
    let name: String = row.name.chars().map(plain).collect();
    key_of("respelt", name.as_bytes())
}

/// Hosts of one time alone that are known by their names alone, by those names however they are
/// spelt; what two hosts have tells neither.
fn by_spelling<'a>(of: &'a Summary, other: &Summary) -> HashMap<Key, Option<(Key, &'a Row)>> {
    let mut all: HashMap<Key, Option<(Key, &Row)>> = HashMap::new();
    let alone = of
        .hosts
        .iter()
        .filter(|(id, row)| !other.hosts.contains_key(*id) && is_by_name(**id, row));
    for (id, row) in alone {
        let entry = all.entry(respelt(row));
        entry
            .and_modify(|known| *known = None)
            .or_insert(Some((*id, row)));
    }
    all
}

/// Pairs of such hosts, from now to then: doctors have put names otherwise that they take from
/// directories, `web.3` and `web-3`.
fn respelt_pairs<'a>(before: &'a Summary, now: &Summary) -> HashMap<Key, (Key, &'a Row)> {
    let then = by_spelling(before, now);
    let new = by_spelling(now, before).into_iter();
    let new = new.filter_map(|(name, host)| Some((host?.0, (*then.get(&name)?)?)));
    new.collect()
}
