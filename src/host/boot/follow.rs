//! Variables and conditions of GRUB's script, as far as files tell them.

use std::collections::{BTreeMap, BTreeSet};

use super::condition::Test;

/// A value, or the variable that it depends on and no file tells.
pub(super) type Value = Result<String, String>;

/// Whether a command is run; the greater includes the smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Run {
    No,
    Maybe,
    Yes,
}

impl Run {
    pub(super) fn not(self) -> Self {
        match self {
            Self::No => Self::Yes,
            Self::Maybe => Self::Maybe,
            Self::Yes => Self::No,
        }
    }

    pub(super) fn of(is_so: bool) -> Self {
        if is_so { Self::Yes } else { Self::No }
    }
}

/// What GRUB says of itself since version 2.02, in variables that are `y` (grub-core/normal/main.c).
const FEATURES: &[&str] = &[
    "feature_all_video_module",
    "feature_chainloader_bpb",
    "feature_default_font_path",
    "feature_menuentry_id",
    "feature_menuentry_options",
    "feature_nativedisk_cmd",
    "feature_ntldr",
    "feature_platform_search_hint",
    "feature_timeout_style",
    "feature_200_final",
];

/// What GRUB, its firmware or whoever calls the script sets: no file tells it.
const SET_ELSEWHERE: &[&str] = &[
    "?",
    "biosnum",
    "chosen",
    "cmdpath",
    "config_directory",
    "config_file",
    "grub_cpu",
    "grub_platform",
    "lockdown",
    "prefix",
    "root",
    "secureboot",
    "shim_lock",
];

/// Kept for a boot or a few, and rarely there: taken as not there where nothing kept can be read.
const FOR_ONE_BOOT: &[&str] = &[
    "boot_counter",
    "boot_indeterminate",
    "env_block",
    "extra_cmdline",
    "initrdfail",
    "menu_show_once",
    "next_entry",
    "prev_entry",
    "recordfail",
];

/// More than any value that counts: a short script may name a long variable often.
const LONGEST: usize = 4096;

/// More variables than any function sets.
const MOST: usize = 64;

/// The variables of a script.
#[derive(Debug)]
pub(super) struct Scope {
    variables: BTreeMap<String, Value>,
    /// Whether GRUB kept variables in a file that is there.
    has_kept: bool,
    /// Whether it may have kept some in a file that can't be read.
    has_unread: bool,
    /// The variables that each function of the script sets.
    functions: BTreeMap<String, BTreeSet<String>>,
    /// What variables were before entries that are open set them.
    before: Vec<Vec<(String, Option<Value>)>>,
}

impl Scope {
    /// The variables that GRUB kept; `has_unread` where their file can't be read.
    pub(super) fn new(kept: &BTreeMap<String, String>, has_unread: bool) -> Self {
        let known = kept
            .iter()
            .map(|(name, value)| (name.clone(), Ok(value.clone())));
        Self {
            variables: known.collect(),
            has_kept: !kept.is_empty(),
            has_unread,
            functions: BTreeMap::new(),
            before: Vec::new(),
        }
    }

    /// What is set from here on counts until [`Scope::leave`].
    pub(super) fn enter(&mut self) {
        self.before.push(Vec::new());
    }

    /// Takes back what was set since the last [`Scope::enter`].
    pub(super) fn leave(&mut self) {
        for (name, value) in self.before.pop().into_iter().flatten().rev() {
            match value {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(&name),
            };
        }
    }

    fn value(&self, name: &str) -> Value {
        if let Some(value) = self.variables.get(name) {
            return value.clone();
        }
        let is_elsewhere = SET_ELSEWHERE.contains(&name)
            || ["net_", "pxe_", "feature_"]
                .iter()
                .any(|begin| name.starts_with(begin))
            || name.starts_with(|c: char| c.is_ascii_digit());
        match name {
            _ if FEATURES.contains(&name) => Ok("y".to_owned()),
            // Nobody keeps the first, which scripts set.
            "default" => Ok(String::new()),
            _ if FOR_ONE_BOOT.contains(&name) => Ok(String::new()),
            _ if is_elsewhere || self.has_unread => Err(name.to_owned()),
            _ => Ok(String::new()),
        }
    }

    /// The text with the variables put in.
    pub(super) fn expanded(&self, text: &str) -> Value {
        let mut told = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('$') {
            told.push_str(before);
            let (name, after) = match behind.strip_prefix('{') {
                Some(inner) => inner.split_once('}').unwrap_or((inner, "")),
                None => {
                    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
                    let end = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
                    let end = if behind.starts_with('?') { 1 } else { end };
                    behind.split_at(end)
                }
            };
            match name {
                "" => told.push('$'),
                name => {
                    told.push_str(&self.value(name)?);
                    if told.len() > LONGEST {
                        return Err(name.to_owned());
                    }
                }
            }
            rest = after;
        }
        told.push_str(rest);
        Ok(told)
    }

    /// Does what a command does to variables, if it is run.
    pub(super) fn run(&mut self, words: &[String], run: Run) {
        let first = words.first().map_or("", String::as_str);
        for (name, value) in assignments(words) {
            let value = self.expanded(value);
            self.set(name, value, run);
        }
        match first {
            "unset" => {
                for name in words.iter().skip(1) {
                    self.set(name, Ok(String::new()), run);
                }
            }
            // Another block than GRUB's own may set any.
            "load_env" if words.iter().any(|word| word == "-f" || word == "--file") => {
                self.has_unread |= run != Run::No && !words.iter().any(|word| is_block(word));
            }
            _ => {
                let of_function = self.functions.get(first).cloned().unwrap_or_default();
                self.has_unread |= of_function.len() > MOST && run != Run::No;
                for name in of_function.iter().map(String::as_str).chain(results(words)) {
                    self.set(name, Err(name.to_owned()), run);
                }
            }
        }
    }

    /// Notes what a command in a function sets once that is called.
    pub(super) fn define(&mut self, function: &str, words: &[String]) {
        let known = self.functions.entry(function.to_owned()).or_default();
        let names = assignments(words).into_iter().map(|(name, _)| name);
        for name in names.chain(results(words)).map(str::to_owned) {
            if known.len() <= MOST {
                known.insert(name);
            }
        }
    }

    fn set(&mut self, name: &str, value: Value, run: Run) {
        let value = match run {
            Run::No => return,
            Run::Maybe if self.value(name) != value => Err(name.to_owned()),
            Run::Maybe | Run::Yes => value,
        };
        let was = self.variables.insert(name.to_owned(), value);
        if let Some(before) = self.before.last_mut() {
            before.push((name.to_owned(), was));
        }
    }

    /// Whether there is a file, of which only the block of variables is known.
    pub(super) fn has_file(&self, path: &str) -> Run {
        match is_block(path) {
            true if !self.has_unread => Run::of(self.has_kept),
            _ => Run::Maybe,
        }
    }

    /// Whether this condition holds: what `if` has behind it.
    pub(super) fn holds(&self, words: &[String]) -> Run {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let negations = words.iter().take_while(|word| **word == "!").count();
        let told = match words.get(negations..).unwrap_or_default() {
            ["true"] => Run::Yes,
            ["false"] => Run::No,
            ["[", words @ .., "]"] | ["test", words @ ..] => Test::new(self, words).whole(),
            _ => Run::Maybe,
        };
        match negations % 2 {
            0 => told,
            _ => told.not(),
        }
    }
}

/// Whether a path is that of the block in which GRUB keeps variables.
fn is_block(path: &str) -> bool {
    path.ends_with("/grubenv")
}

/// What a command sets: `set default=1`, or `default=1`, perhaps beside others.
fn assignments(words: &[String]) -> Vec<(&str, &str)> {
    let is_name = |name: &str| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    let pair = |word| str::split_once(word, '=').filter(|(name, _)| is_name(name));
    let is_set = words.first().is_some_and(|word| word == "set");
    let words = words.get(usize::from(is_set)..).unwrap_or_default();
    let pairs: Vec<_> = words
        .iter()
        .filter_map(|word| pair(word.as_str()))
        .collect();
    match is_set || pairs.len() == words.len() {
        true => pairs,
        false => Vec::new(),
    }
}

/// The variables that a command puts its result in: `search --set=root`, `read name`, `for x in`.
fn results(words: &[String]) -> Vec<&str> {
    let mut words = words.iter().map(String::as_str);
    let first = words.next().unwrap_or_default();
    match first {
        "read" | "increment" | "decrement" | "for" => words.next().into_iter().collect(),
        _ => {
            let mut names = Vec::new();
            while let Some(word) = words.next() {
                let name = match word {
                    "--set" | "-s" if first != "[" => words.next(),
                    _ => word.strip_prefix("--set="),
                };
                // `regexp --set=1:name`
                names.extend(name.map(|name| name.rsplit(':').next().unwrap_or(name)));
            }
            names
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::script::statements;
    use super::*;

    fn scope(kept: &str, has_unread: bool) -> Scope {
        Scope::new(&super::super::kept::variables_in(kept), has_unread)
    }

    #[test]
    fn conditions_hold_by_what_the_script_and_the_block_set() {
        use Run::{Maybe, No, Yes};
        for (condition, kept, told) in [
            ("[ \"${next_entry}\" ]", "", No),
            ("[ \"${next_entry}\" ]", "next_entry=2\n", Yes),
            ("[ -s $prefix/grubenv ]", "", No),
            ("[ -s $prefix/grubenv ]", "saved_entry=x\n", Yes),
            ("[ -f ${config_directory}/custom.cfg ]", "", Maybe),
            ("[ x\"${feature_menuentry_id}\" = xy ]", "", Yes),
            ("[ x$feature_default_font_path = xy ]", "", Yes),
            ("[ \"$grub_platform\" = efi ]", "", Maybe),
            ("[ \"${a}\" == \"b c\" ]", "a=b c\n", Yes),
            ("[ \"x${timeout}\" != \"x-1\" ]", "", Yes),
            (
                "[ -n \"${boot_counter}\" -a \"${boot_success}\" = \"0\" ]",
                "",
                No,
            ),
            (
                "[ -n \"${boot_counter}\" -a \"${boot_success}\" = \"0\" ]",
                "boot_counter=1\nboot_success=0\n",
                Yes,
            ),
            ("[ \"${n}\" = 0 -o \"${n}\" = \"-1\" ]", "n=-1\n", Yes),
            ("[ ! ( -z \"$a\" -o -n \"$prefix\" ) ]", "a=\n", No),
            ("[ ! -z \"$a\" ]", "a=1\n", Yes),
            ("[ $n -ge 2 ]", "n=10\n", Yes),
            ("[ $n -lt 2 ]", "n=10\n", No),
            ("[ $n -lt 2 ]", "n=x\n", Maybe),
            ("test -z \"$a\"", "", Yes),
            ("! true", "", No),
            ("search --file /x", "", Maybe),
            ("keystatus --shift", "", Maybe),
            ("[ ]", "", Maybe),
            ("[ a b ]", "", Maybe),
        ] {
            let words = statements(condition).remove(0).words;
            assert_eq!(scope(kept, false).holds(&words), told, "{condition} {kept}");
        }
        let deep: Vec<String> = format!("[ {} a ]", "! ".repeat(90_000))
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        assert_eq!(scope("", false).holds(&deep), Maybe);
        let unread = scope("", true);
        let words = statements("[ \"${saved_entry}\" = x ]").remove(0).words;
        assert_eq!(unread.holds(&words), Maybe);
    }

    #[test]
    fn variables_are_what_was_set_last() {
        for (script, text, value) in [
            ("set a=1", "${a}>$a", Ok("1>1")),
            ("a=1; b=${a}2; unset a", "$a$b", Ok("12")),
            ("search --set=root --file /x", "$root", Err("root")),
            ("search --set a --file /x", "$a", Err("a")),
            ("regexp --set 1:a x y", "$a", Err("a")),
            ("read a", "$a", Err("a")),
            ("probe -s a -u $root", "$a", Err("a")),
            ("load_env -f (hd0)/other", "$a", Err("a")),
            ("load_env -f ${config_directory}/grubenv", "$a", Ok("")),
            ("load_env", "$a", Ok("")),
            ("echo a=1", "$a", Ok("")),
            ("", "5 $ and $", Ok("5 $ and $")),
            ("", "$1", Err("1")),
        ] {
            let mut scope = scope("", false);
            for statement in statements(script) {
                scope.run(&statement.words, Run::Yes);
            }
            let told = scope.expanded(text);
            let value = value.map(str::to_owned).map_err(str::to_owned);
            assert_eq!(told, value, "{script}");
        }
    }

    #[test]
    fn a_text_that_grows_without_end_is_not_told() {
        let mut scope = scope("", false);
        scope.run(&["a=0123456789".to_owned()], Run::Yes);
        for _ in 0..20 {
            scope.run(&["a=$a$a$a$a$a$a$a$a".to_owned()], Run::Yes);
        }
        assert!(scope.expanded("$a").is_err());
    }
}
