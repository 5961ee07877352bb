//! Labels of hosts from an inventory: a table in CSV, or a map in YAML or JSON.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use super::digest::{KEY_LIMIT, LABELS_LIMIT, is_key};
use super::words::NAME_LIMIT;
use super::written::{AsWritten, Digits, Lines, Maps, Scalar, Written};
use crate::report::clean;
use crate::yaml;

pub(super) type Labels = BTreeMap<String, String>;

/// Labels of hosts, by the hosts' names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    /// The labels of each host there, and its name.
    pub(super) entries: Vec<(String, Labels)>,
    /// The entry of a name in small letters, as names of hosts know no others.
    hosts: BTreeMap<String, usize>,
    /// The entry of the first part of a name; none where several have it.
    short: BTreeMap<String, Option<usize>>,
    faults: Vec<String>,
    twice: BTreeSet<String>,
    /// What the first column of a table is called.
    pub(super) first_column: Option<String>,
}

/// The entry of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Match {
    /// It has the host's name.
    Named(usize),
    /// It has the same first part, and one of the two has no more.
    Like(usize),
}

impl Inventory {
    /// Reads an inventory: CSV whose first column names the host and whose others are labels,
    /// or a map from hosts to maps of labels. An empty value is none. Rows that can't be used
    /// are among its [`faults`](Self::faults), and the rest goes on.
    ///
    /// # Errors
    /// What is wrong with all of it, in a line.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = yaml::text(bytes).map_err(|error| error.to_string())?;
        let first = text
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with('#'));
        let first = first.unwrap_or_default();
        let is_map = first.starts_with(['{', '-']) || first.contains(": ") || first.ends_with(':');
        let mut inventory = match is_map {
            true => Self::map(text)?,
            false => Self::table(text, first)?,
        };
        for (_, labels) in &mut inventory.entries {
            labels.retain(|_, value| !value.is_empty() && value != "~");
        }
        for (name, entry) in &inventory.hosts {
            let (first, rest) = name.split_once('.').unwrap_or((name, ""));
            // Numbers with dots are addresses, which have no first part.
            let is_name = first.bytes().any(|byte| !byte.is_ascii_digit());
            if is_name && !rest.is_empty() {
                inventory
                    .short
                    .entry(first.to_owned())
                    .and_modify(|known| *known = None)
                    .or_insert(Some(*entry));
            }
        }
        Ok(inventory)
    }

    /// Rows that could not be used, with their lines.
    #[must_use]
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// Hosts that are there more than once; the last row counts.
    #[must_use]
    pub fn twice(&self) -> &BTreeSet<String> {
        &self.twice
    }

    /// Whether it names no host.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a host: by its name, or where that is not there by the first part of it,
    /// since one tells `web-17` and the other `web-17.example.com`.
    pub(super) fn entry(&self, host: &str) -> Option<Match> {
        if host.is_empty() {
            return None;
        }
        let host = host.to_ascii_lowercase();
        if let Some(entry) = self.hosts.get(&host) {
            return Some(Match::Named(*entry));
        }
        let entry = match host.split_once('.') {
            Some((first, _)) => self.hosts.get(first).copied(),
            None => self.short.get(&host).copied().flatten(),
        };
        entry.map(Match::Like)
    }

    fn map(text: &str) -> Result<Self, String> {
        let no_map = |error: yaml::Error| format!("{error}; {A_MAP}");
        let map: Written<Written<Scalar>> = yaml::from_str(text).map_err(no_map)?;
        let mut numbers = Vec::new();
        let as_written = AsWritten {
            maps: Maps::Hosts(&map.0),
            numbers: &mut numbers,
        };
        yaml::seeded(text, as_written).map_err(no_map)?;
        let mut numbers = numbers.into_iter();
        let mut inventory = Self::default();
        if map
            .0
            .iter()
            .any(|(host, written)| is_of_ansible(host, &written.0))
        {
            return Err(format!(
                "it is an inventory of Ansible, of which groups are not read; {A_MAP}"
            ));
        }
        for (host, written) in map.0 {
            let mut labels = Labels::new();
            let named = short(&host);
            for (key, value) in written.0 {
                let value = match value {
                    Scalar::Bool(value) => value.to_string(),
                    Scalar::Number(Digits) => numbers.next().unwrap_or_default(),
                    Scalar::Text(value) => value,
                    Scalar::Nothing(()) => String::new(),
                    Scalar::Many(_) => {
                        let key = short(&key);
                        let fault = format!(
                            "{named}: the label {key} is passed over, since its value is a map or a list"
                        );
                        inventory.faults.push(fault);
                        continue;
                    }
                };
                if !is_key(&key) {
                    let fault = format!("{named}: the label {}", no_key(&key));
                    inventory.faults.push(fault);
                } else if labels.insert(key.clone(), value).is_some() {
                    let key = short(&key);
                    let fault = format!("{named}: it has the label {key} twice; the last counts");
                    inventory.faults.push(fault);
                }
            }
            if let Err(problem) = inventory.add(&host, labels) {
                inventory.faults.push(problem);
            }
        }
        Ok(inventory)
    }

    fn table(text: &str, first: &str) -> Result<Self, String> {
        let told = |error: &csv::Error| clean(&error.to_string());
        // What spreadsheets write where a comma is a decimal point, and what they copy.
        let others = [b';', b'\t'].into_iter();
        let mut others = others.filter(|one| first.contains(char::from(*one)));
        let delimiter = match first.contains(',') {
            true => b',',
            false => others.next().unwrap_or(b','),
        };
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .delimiter(delimiter)
            .trim(csv::Trim::All)
            .flexible(true)
            .from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| told(&error))?.clone();
        if header.len() < 2 {
            return Err(
                "its first line must name a column for hosts and one for each label, with commas \
                 between them"
                    .to_owned(),
            );
        }
        let mut columns = BTreeSet::new();
        if let Some(twice) = header.iter().find(|column| !columns.insert(*column)) {
            return Err(format!("it has two columns `{}`", short(twice)));
        }
        let mut inventory = Self {
            first_column: header.get(0).map(str::to_owned),
            ..Self::default()
        };
        for key in header.iter().skip(1).filter(|key| !is_key(key)) {
            let fault = format!("line 1: the column {}", no_key(key));
            inventory.faults.push(fault);
        }
        let mut lines = Lines::of(text);
        for record in reader.records() {
            let record = match record {
                Ok(record) => record,
                Err(error) => {
                    inventory.faults.push(told(&error));
                    continue;
                }
            };
            let line = lines.at(record.position().map_or(0, csv::Position::byte));
            if record.iter().any(|value| value.contains(['\n', '\r'])) {
                let last = record.iter().map(|value| value.matches('\n').count());
                let last = line + last.sum::<usize>() as u64;
                inventory.faults.push(format!(
                    "line {line}: a value in quotes goes on to line {last}, as where a quote is not \
                     closed; none of these lines is used"
                ));
                continue;
            }
            if record.len() != header.len() {
                let columns = match record.len() {
                    1 => "1 column".to_owned(),
                    many => format!("{many} columns"),
                };
                inventory.faults.push(format!(
                    "line {line}: it has {columns}, and the first line {}",
                    header.len()
                ));
                continue;
            }
            let host = record.get(0).unwrap_or_default();
            let labels = header.iter().zip(&record).skip(1);
            let labels = labels.filter(|(key, _)| is_key(key));
            let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
            if let Err(problem) = inventory.add(host, labels.collect()) {
                inventory.faults.push(format!("line {line}: {problem}"));
            }
        }
        Ok(inventory)
    }

    fn add(&mut self, host: &str, labels: Labels) -> Result<(), String> {
        let is_long = |text: &String| text.len() > NAME_LIMIT;
        let labels_are_long = labels
            .iter()
            .any(|(key, value)| is_long(key) || is_long(value));
        if host.is_empty() {
            return Err("it names no host".to_owned());
        }
        if labels_are_long || host.len() > NAME_LIMIT {
            let host = short(host);
            return Err(format!(
                "a label of {host} has more than {NAME_LIMIT} bytes"
            ));
        }
        if labels.len() > LABELS_LIMIT {
            let host = short(host);
            return Err(format!("{host} has more than {LABELS_LIMIT} labels"));
        }
        let name = host.to_ascii_lowercase();
        match self.hosts.get(&name) {
            Some(entry) => {
                self.twice.insert(host.to_owned());
                if let Some((_, known)) = self.entries.get_mut(*entry) {
                    *known = labels;
                }
            }
            None => {
                self.hosts.insert(name, self.entries.len());
                self.entries.push((host.to_owned(), labels));
            }
        }
        Ok(())
    }
}

/// What a map must be.
const A_MAP: &str = "a map from hosts to their labels is read, such as `web-1: {role: web}`";

/// Whether this is a group of Ansible rather than a host.
fn is_of_ansible(name: &str, entries: &[(String, Scalar)]) -> bool {
    let is_group = |(key, value): &(String, Scalar)| {
        let many = matches!(value, Scalar::Many(_) | Scalar::Nothing(()));
        many && ["hosts", "children", "vars"].contains(&&**key)
    };
    name == "all" && entries.iter().any(is_group)
}

/// Why this is not what a label can be called.
fn no_key(key: &str) -> String {
    format!(
        "`{}` is passed over, since it is no name of a label: letters, digits and `_ - . /`, \
         {KEY_LIMIT} at most",
        short(key)
    )
}

fn short(text: &str) -> String {
    clean(text).chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::super::labelled::Labelled;
    use super::*;

    fn labels(inventory: &Inventory, host: &str) -> Option<Vec<String>> {
        let (Match::Named(entry) | Match::Like(entry)) = inventory.entry(host)?;
        let labels = inventory.entries[entry].1.iter();
        Some(
            labels
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
        )
    }

    #[test]
    fn inventories_in_csv_and_yaml() {
        for text in [
            "host,role,rack\n# c\na,\"web, old\",17\nb,,2\n",
            "host;role;rack\na;web, old;17\nb;;2\n",
            "\u{feff}host\trole\track\na\tweb, old\t17\nb\t\t2\n",
            "host,role,rack\r\na,\"web, old\",17\r\nb,~,2\r\n",
            "a: {role: 'web, old', rack: 17}\nb: {role: , rack: \"2\"}\n",
            "{\"a\": {\"role\": \"web, old\", \"rack\": 17}, \"b\": {\"rack\": 2}}",
        ] {
            let inventory = Inventory::read(text.as_bytes()).unwrap();
            let of = |host| labels(&inventory, host).unwrap_or_default();
            assert_eq!(of("a"), ["rack=17", "role=web, old"], "{text}");
            assert_eq!(of("b"), ["rack=2"], "{text}");
            assert_eq!(labels(&inventory, "c"), None);
            assert!(inventory.faults().is_empty() && inventory.twice().is_empty());
        }
        for text in ["", "host\na\n", "a,b,b\n1,2,3\n", "a: b\n", "a: [1]\n"] {
            assert!(Inventory::read(text.as_bytes()).is_err(), "{text}");
        }
    }

    /// A release is no number, whatever it looks like.
    #[test]
    fn numbers_are_kept_as_they_are_written() {
        for text in [
            "web-1: {x: [1.0], rel: 8.10, no: 007, big: 1e3, none: ~}\nweb-2: {rel: 8.1}\n",
            "{\"web-1\": {\"rel\": 8.10, \"no\": \"007\", \"big\": 1e3}, \"web-2\": {\"rel\": 8.1}}",
        ] {
            let inventory = Inventory::read(text.as_bytes()).unwrap();
            let found = labels(&inventory, "web-1").unwrap();
            assert_eq!(found, ["big=1e3", "no=007", "rel=8.10"], "{text}");
            assert_eq!(labels(&inventory, "web-2").unwrap(), ["rel=8.1"]);
        }
    }

    /// Whatever ends the lines.
    #[test]
    fn lines_of_faults() {
        for end in ["\n", "\r\n"] {
            let lines = [
                "host,role",
                "",
                "# c",
                "web-1,\"a",
                "b\"",
                "web-2,db,x",
                "\"\",y",
                "",
            ];
            let inventory = Inventory::read(lines.join(end).as_bytes()).unwrap();
            let faults = inventory.faults();
            for (fault, begin) in faults.iter().zip([
                "line 4: a value in quotes goes on to line 5",
                "line 6: ",
                "line 7: ",
            ]) {
                assert!(fault.starts_with(begin), "{faults:?}");
            }
            assert_eq!(faults.len(), 3, "{faults:?}");
        }
    }

    #[test]
    fn rows_that_cannot_be_used_are_named_and_the_rest_goes_on() {
        let long = "x".repeat(300);
        let text = format!("host,role\na,web\nb\nc,db,9\n,x\nd,{long}\ne,cache\na,old\n");
        let inventory = Inventory::read(text.as_bytes()).unwrap();
        let faults = inventory.faults();
        assert_eq!(faults.len(), 4, "{faults:?}");
        for (fault, line) in faults
            .iter()
            .zip(["line 3:", "line 4:", "line 5:", "line 6:"])
        {
            assert!(fault.starts_with(line), "{fault}");
        }
        assert_eq!(labels(&inventory, "e").unwrap(), ["role=cache"]);
        assert_eq!(labels(&inventory, "a").unwrap(), ["role=old"]);
        assert!(inventory.twice().contains("a"));
    }

    #[test]
    fn what_is_there_twice_and_names_that_no_label_has_are_told() {
        for (text, found, faults, twice) in [
            ("web-1: {role: web}\nweb-1: {role: db}\n", "role=db", 0, 1),
            (
                "{\"web-1\": {\"role\": \"web\"}, \"Web-1\": {\"role\": \"db\"}}",
                "role=db",
                0,
                1,
            ),
            ("host,role\nweb-1,web\nWEB-1,db\n", "role=db", 0, 1),
            ("web-1: {role: web, role: db}\n", "role=db", 1, 0),
            ("web-1: {a b: x, role: web}\n", "role=web", 1, 0),
            ("host,a b,role,\nweb-1,x,web,\n", "role=web", 2, 0),
        ] {
            let inventory = Inventory::read(text.as_bytes()).unwrap();
            let labels = labels(&inventory, "web-1").unwrap();
            assert_eq!(labels, [found], "{text}");
            assert_eq!(inventory.faults().len(), faults, "{text}");
            assert_eq!(inventory.twice().len(), twice, "{text}");
        }
        assert!(Inventory::read(b"host,role\n").unwrap().is_empty());
    }

    #[test]
    fn short_names_and_long_ones_are_of_one_host() {
        let text = "host,n\nweb-1.example.com,1\nweb-2,2\ndb.a.org,3\ndb.b.org,4\n10.0.0.1,5\n";
        let inventory = Inventory::read(text.as_bytes()).unwrap();
        for (host, expected) in [
            ("web-1", Some("n=1")),
            ("web-1.example.com", Some("n=1")),
            ("web-2.example.com", Some("n=2")),
            ("Web-1", Some("n=1")),
            ("WEB-2.Example.com", Some("n=2")),
            // Which of the two is not known.
            ("db", None),
            ("db.b.org", Some("n=4")),
            ("10", None),
            ("10.0.0.1", Some("n=5")),
            ("web-3", None),
            ("", None),
        ] {
            let found = labels(&inventory, host).map(|found| found.join(" "));
            assert_eq!(found.as_deref(), expected, "{host}");
        }
        let mut labelled = Labelled::new(&inventory, ["web-1", "nobody"].into_iter());
        labelled.find("web-1");
        labelled.find("nobody");
        assert_eq!(labelled.hosts(), 1);
        let lost: Vec<&str> = labelled.unmatched().collect();
        assert_eq!(lost, ["web-2", "db.a.org", "db.b.org", "10.0.0.1"]);
    }
}
