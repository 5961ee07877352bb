//! Labels of hosts, once for all hosts that have the same ones: a host has the number of its
//! set. A label that is another on each host takes some hundred bytes of each.
//!
//! Where labels take more than there is room for, labels are left out, and never hosts: first
//! those that take the most for each host, such as a serial number, of all hosts alike. What
//! many hosts share, such as a role, takes next to nothing and stays.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::room::{A_LIST, A_TEXT};

/// A label: its name and its value.
pub(super) type Label = (Arc<str>, Arc<str>);

/// Labels, sorted by their keys.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LabelSet {
    labels: Arc<[Label]>,
    /// Whether some were left out.
    is_cut: bool,
}

/// The number of the set without labels.
pub(super) const NONE: u32 = 0;
/// So many names of labels that are left out are known, and told.
pub(super) const LEFT_OUT: usize = 1000;

/// All sets of labels.
#[derive(Debug, Clone, Default)]
pub(super) struct LabelTable {
    /// The sets but the one without labels, which has the number before theirs.
    sets: Vec<LabelSet>,
    numbers: BTreeMap<LabelSet, u32>,
    /// Keys and values, each once: of a host's labels most are those of many others.
    texts: BTreeSet<Arc<str>>,
    /// Labels that are left out wherever they are met.
    left_out: BTreeSet<Arc<str>>,
    held: usize,
}

impl LabelTable {
    /// The number of a set, some of which may have been left out before.
    pub(super) fn number<'a>(
        &mut self,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        is_cut: bool,
    ) -> u32 {
        let mut set = Vec::new();
        let mut is_cut = is_cut;
        for (key, value) in labels {
            match self.left_out.contains(key) {
                true => is_cut = true,
                false => set.push((self.text(key), self.text(value))),
            }
        }
        self.of_texts(set, is_cut)
    }

    /// The number of a set that is given by hand, on top of another one: of that nothing is
    /// left out.
    pub(super) fn number_on<'a>(
        &mut self,
        labels: impl IntoIterator<Item = (&'a str, &'a str)>,
        before: u32,
    ) -> u32 {
        let labels = labels
            .into_iter()
            .map(|(key, value)| (self.text(key), self.text(value)));
        let set: Vec<Label> = labels.collect();
        self.of_texts(set, self.is_cut(before))
    }

    /// The number of a set whose texts are those of this table.
    fn of_texts(&mut self, set: Vec<Label>, is_cut: bool) -> u32 {
        if set.is_empty() && !is_cut {
            return NONE;
        }
        let set = LabelSet {
            labels: set.into(),
            is_cut,
        };
        if let Some(known) = self.numbers.get(&set) {
            return *known;
        }
        self.held += of_set(set.labels.len());
        self.sets.push(set.clone());
        // More sets than this have no room in memory.
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        self.numbers.insert(set, number);
        number
    }

    /// The number of a set of another table.
    pub(super) fn of_set(&mut self, set: &LabelSet) -> u32 {
        let mut is_cut = set.is_cut;
        let mut labels = Vec::with_capacity(set.labels.len());
        for (key, value) in set.labels.iter() {
            match self.left_out.contains(key) {
                true => is_cut = true,
                false => labels.push((self.same(key), self.same(value))),
            }
        }
        self.of_texts(labels, is_cut)
    }

    /// The labels of a set.
    pub(super) fn get(&self, number: u32) -> &[Label] {
        self.set(number).map_or(&[], |set| &*set.labels)
    }

    /// Whether some of a set's were left out.
    pub(super) fn is_cut(&self, number: u32) -> bool {
        self.set(number).is_some_and(|set| set.is_cut)
    }

    /// Whether there is such a set.
    pub(super) fn has_cut(&self) -> bool {
        self.sets.iter().any(|set| set.is_cut)
    }

    fn set(&self, number: u32) -> Option<&LabelSet> {
        self.sets.get((number as usize).checked_sub(1)?)
    }

    /// About what they take, in bytes.
    pub(super) fn held(&self) -> usize {
        self.held
    }

    /// Labels that were left out of several sets.
    pub(super) fn left_out(&self) -> impl Iterator<Item = &Arc<str>> {
        self.left_out.iter()
    }

    /// Leaves out these labels.
    pub(super) fn leave_out(&mut self, names: impl IntoIterator<Item = Arc<str>>) {
        let before = self.left_out.len();
        self.left_out.extend(names);
        while self.left_out.len() > LEFT_OUT {
            self.left_out.pop_last();
        }
        if self.left_out.len() > before {
            let left_out = std::mem::take(&mut self.left_out);
            self.rebuild(&left_out, false);
            self.left_out = left_out;
        }
    }

    /// Leaves out labels until they take no more than this: first those that a single set has,
    /// then those that take the most for each set that has them.
    pub(super) fn shed(&mut self, most: usize) {
        let mut keys: BTreeMap<Arc<str>, Share> = BTreeMap::new();
        let (mut distinct, mut singles) = (0, 0);
        for set in self.numbers.keys() {
            distinct += 1;
            for (key, value) in set.labels.iter() {
                // One copy is that of `texts`, each of the others that of a set.
                let sharing = Arc::strong_count(value).saturating_sub(1).max(1);
                let bytes = A_LABEL + of_text(value) / sharing;
                if Arc::strong_count(key) <= 2 {
                    singles += bytes + of_text(key);
                    continue;
                }
                let share = keys.entry(Arc::clone(key)).or_default();
                share.sets += 1;
                share.bytes += bytes;
            }
        }
        let mut held = of_set(0) * distinct + size_of::<LabelSet>() * self.sets.len();
        let mut order: Vec<(usize, Arc<str>, Share)> = Vec::with_capacity(keys.len());
        for (key, mut share) in keys {
            share.bytes += of_text(&key);
            held += share.bytes;
            order.push((share.bytes / share.sets.max(1), key, share));
        }
        order.sort_unstable_by(|(cost, key, _), (other, next, _)| (other, next).cmp(&(cost, key)));
        let mut gone: BTreeSet<Arc<str>> = BTreeSet::new();
        let are_singles_gone = singles > 0 && held + singles > most;
        for (_, key, share) in order {
            if held <= most {
                break;
            }
            held -= share.bytes;
            if self.left_out.len() < LEFT_OUT {
                self.left_out.insert(Arc::clone(&key));
            }
            gone.insert(key);
        }
        self.rebuild(&gone, are_singles_gone);
    }

    /// Takes these labels out of all sets, which keep their numbers, and maybe those that a
    /// single set has.
    fn rebuild(&mut self, gone: &BTreeSet<Arc<str>>, singles: bool) {
        self.numbers.clear();
        // From here on a text that a single set has is there once.
        self.texts.clear();
        let is_gone =
            |key: &Arc<str>| gone.contains(key) || (singles && Arc::strong_count(key) == 1);
        self.held = size_of::<LabelSet>() * self.sets.len();
        let mut sets = std::mem::take(&mut self.sets);
        for (place, set) in sets.iter_mut().enumerate() {
            if set.labels.iter().any(|(key, _)| is_gone(key)) {
                let labels = set.labels.iter();
                let kept = labels.filter(|(key, _)| !is_gone(key));
                *set = LabelSet {
                    labels: kept.cloned().collect(),
                    is_cut: true,
                };
            }
            match self.numbers.get_key_value(set) {
                Some((known, _)) => *set = known.clone(),
                None => {
                    for text in set.labels.iter().flat_map(|(key, value)| [key, value]) {
                        self.same(text);
                    }
                    self.held += of_set(set.labels.len());
                    let number = u32::try_from(place + 1).unwrap_or(u32::MAX);
                    self.numbers.insert(set.clone(), number);
                }
            }
        }
        self.sets = sets;
    }

    /// All sets, in the order of their numbers, the first of which is 1.
    pub(super) fn into_sets(self) -> Vec<LabelSet> {
        self.sets
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        match self.texts.get(text) {
            Some(known) => Arc::clone(known),
            None => self.same(&text.into()),
        }
    }

    /// The one copy of a text, which is this one if there is none.
    fn same(&mut self, text: &Arc<str>) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        self.held += of_text(text);
        self.texts.insert(Arc::clone(text));
        Arc::clone(text)
    }
}

/// What the sets take that have a label, which they are charged for.
#[derive(Default)]
struct Share {
    sets: usize,
    bytes: usize,
}

/// What a label takes in a set besides its texts.
const A_LABEL: usize = size_of::<Label>();

/// What so many labels take besides their texts.
fn of_set(labels: usize) -> usize {
    A_LIST + labels * A_LABEL
}

fn of_text(text: &str) -> usize {
    A_TEXT + text.len()
}

/// The value of a label in a set.
pub(super) fn value<'a>(set: &'a [Label], key: &str) -> Option<&'a str> {
    let mut labels = set.iter();
    let label = labels.find(|(own, _)| **own == *key);
    label.map(|(_, value)| &**value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of a set with a role and so many numbers of the host's own.
    fn add(table: &mut LabelTable, host: usize, own: usize) -> u32 {
        let mut labels: Vec<(String, String)> = (0..own)
            .map(|one| (format!("own-{one}"), format!("{host}-{one}-{:0>40}", 0)))
            .collect();
        labels.push(("role".to_owned(), format!("role-{}", host % 3)));
        let labels = labels.iter();
        table.number(labels.map(|(key, value)| (&**key, &**value)), false)
    }

    #[test]
    fn what_takes_the_most_for_each_host_is_left_out() {
        for (room, left, names) in [
            (usize::MAX, &["own-0", "own-1", "role"][..], &[][..]),
            (90_000, &["own-0", "role"], &["own-1"]),
            (40_000, &["role"], &["own-0", "own-1"]),
            (0, &[], &["own-0", "own-1", "role"]),
        ] {
            let mut table = LabelTable::default();
            let numbers: Vec<u32> = (0..300).map(|host| add(&mut table, host, 2)).collect();
            if table.held() > room {
                table.shed(room);
                assert!(room == 0 || table.held() <= room, "{}", table.held());
            }
            let told: Vec<&str> = table.left_out().map(|name| &**name).collect();
            assert_eq!(told, names);
            // Whoever comes later is treated alike.
            let later = add(&mut table, 300, 2);
            for number in numbers.iter().copied().chain([later]) {
                let keys: Vec<&str> = table.get(number).iter().map(|(key, _)| &**key).collect();
                assert_eq!(keys, left);
                assert_eq!(table.is_cut(number), !names.is_empty());
            }
            // And so is another table that is joined to it.
            let mut other = LabelTable::default();
            let number = add(&mut other, 5, 2);
            table.leave_out(other.left_out().cloned());
            let set = other.into_sets()[number as usize - 1].clone();
            let number = table.of_set(&set);
            assert_eq!(table.get(number), table.get(numbers[5]));
        }
    }

    #[test]
    fn what_one_host_has_goes_first() {
        let mut table = LabelTable::default();
        let mut numbers = Vec::new();
        for host in 0..100 {
            let own = format!("own-{host}");
            let serial = format!("serial-{host}");
            let labels = [(&*own, "x"), ("role", "web"), ("serial", &*serial)];
            numbers.push(table.number(labels, false));
        }
        let held = table.held();
        table.shed(held - 1);
        for number in &numbers {
            let keys: Vec<&str> = table.get(*number).iter().map(|(key, _)| &**key).collect();
            assert_eq!(keys, ["role", "serial"]);
            assert!(table.is_cut(*number));
        }
        assert_eq!(table.left_out().count(), 0);
        assert!(table.held() < held);
    }

    #[test]
    fn labels_given_by_hand_stay() {
        let mut table = LabelTable::default();
        let number = add(&mut table, 1, 1);
        add(&mut table, 2, 1);
        table.shed(0);
        assert!(table.get(number).is_empty() && table.is_cut(number));
        let given = table.number_on([("role", "db")], number);
        assert_eq!(value(table.get(given), "role"), Some("db"));
        assert!(table.is_cut(given));
    }
}
