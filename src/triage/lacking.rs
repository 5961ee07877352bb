//! What a kernel is said to lack: one event for all the ways to say it, with what is lacked as
//! its object. What to make of the object stands in the catalogue.

use std::collections::BTreeMap;

use regex::bytes::Captures;

use super::event::{Event, Voice};
use super::mention::is_plain;
use super::mood::{Mood, mood};
use crate::catalogue::Operation;

/// That a kernel lacks something, and that something is not in a kernel.
///
/// Hosts and kernels are named on every second line of a log: each of the patterns needs a word of
/// lacking, too, by which others are passed over without a try.
pub(super) const LACKING: &[&str] = &[
    r"\b(?:kernel|host|system|machine|node|platform|distro\w*|ubuntu|debian|rhel|centos|android|wsl2?)\b(?:[^.:;]|\.\w){0,40}?\b(?:(?:(?:do(?:es)?|did|can|could|will|is|was) ?n[o']?t?|can't) ?(?:be )?(?:yet |currently |actually |even )*(?:seem to |appear to )?(?:support|have|provide|know|offer|implement|include|expose|built with|compiled with|configured with)|lack(?:s|ing)?|(?:has|have|had|with|offers|provides) no |isn't|wasn't|(?:is|was) ?not|missing|misses|(?:is )?too old (?:for|to (?:support|use|have|run|know|load|attach))|without|not support)\b(?P<what>(?:[^.:;]|\.\w){2,60})",
    r"(?P<what>[^.:;]{2,60}?)\b(?:(?:isn|aren|wasn|weren|doesn|don|hasn|haven)'t|(?:is|are|was|were|does|do|has|have|been)?not|unsupported|unavailable|unknown|unimplemented|missing|absent|lacking)\b[^.:;]{0,30}?\b(?:by|on|in|with|from|into|for) (?:(?:this|the|your|current|currently|running|host|my|our|target|installed|older|old|some|linux)\b ?){1,3}(?:[^.:;]|\.\d){0,12}\b(?:kernels?|host|system|machine|node|platform|distro\w*|architecture)\b",
    r"\bno (?:support for (?:the )?)?(?P<what>[^.:;]{2,40}?)(?: support)? (?:in|on|by|from) (?:(?:this|the|your|current|running|host|my|our)\b ?){1,2}[^.:;]{0,10}\b(?:kernel|host|system|machine|node|platform|distro\w*)\b",
];

/// Something lacked, and where the line says so.
pub(super) struct Lacked {
    pub(super) event: Event,
    start: usize,
    end: usize,
}

impl Lacked {
    /// How the line speaks of it.
    pub(super) fn mood(&self, line: &str) -> Mood {
        mood(line, self.start, self.end)
    }
}

/// What is lacked by what one of the patterns found.
pub(super) fn of(captures: &Captures<'_>) -> Option<Lacked> {
    let (whole, what) = (captures.get(0)?, captures.name("what")?);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    // What the kernel of an abbreviation lacks is no other program's matter.
    let voice = match is_plain(&text(whole.as_bytes())) {
        true => Voice::Loose,
        false => Voice::Loader,
    };
    let names = BTreeMap::from([("what".to_owned(), text(what.as_bytes()))]);
    Some(Lacked {
        event: Event {
            operation: Operation::KernelLacks,
            errno: None,
            names,
            voice,
        },
        start: whole.start(),
        end: whole.end(),
    })
}

#[cfg(test)]
mod tests {
    use regex::bytes::RegexBuilder;

    use super::*;
    use crate::catalogue::Pattern;

    fn lacked(line: &str) -> Vec<String> {
        let found = LACKING.iter().filter_map(|source| {
            let mut builder = RegexBuilder::new(source);
            let regex = builder.case_insensitive(true).unicode(false).build().ok()?;
            let lacked = of(&regex.captures(line.as_bytes())?)?;
            lacked.event.names.get("what").cloned()
        });
        found.collect()
    }

    #[test]
    fn a_line_without_a_word_of_lacking_is_not_tried() {
        for source in LACKING {
            let pattern = Pattern::try_from((*source).to_owned()).unwrap();
            let line =
                "mar 03 host1 kubelet[3]: node of the system connection accepted on this host";
            let mut sets = pattern
                .gates()
                .iter()
                .map(Vec::as_slice)
                .chain([pattern.words()]);
            let is_in = |set: &[String]| set.iter().any(|word| line.contains(word.as_str()));
            assert!(
                !sets.all(is_in),
                "{:?} {:?} {source}",
                pattern.words(),
                pattern.gates()
            );
        }
    }

    #[test]
    fn a_kernel_lacks_in_many_words() {
        for line in [
            "the kernel does not support kfuncs",
            "Your kernel doesn't have kfuncs at all",
            "this kernel lacks support for kfuncs",
            "kernel 5.4.0-42 does not support kfuncs",
            "running kernel has no kfuncs",
            "a kernel without kfuncs",
            "kernel is too old to use kfuncs",
            "the kernel is not built with kfuncs",
            "the kernel can't offer kfuncs",
            "kernel isn't compiled with kfuncs",
            "kfuncs are not supported by this kernel",
            "kfuncs aren't available on the running kernel",
            "kfuncs unsupported by the current linux kernel",
            "support for kfuncs is missing from your kernel",
            "no support for kfuncs in this kernel",
            "no kfuncs support in the kernel",
            "kfuncs aren't supported on our 4.19 kernel",
            "this system does not support kfuncs",
            "kfuncs are not available on this platform",
        ] {
            let found = lacked(line);
            assert!(
                found.iter().any(|what| what.contains("kfuncs")),
                "{line}: {found:?}"
            );
        }
        for line in [
            "the kernel supports kfuncs",
            "kfuncs are supported by this kernel",
            "kernel: something else. It does not support kfuncs",
            "kfuncs are nice, and it does not matter in user space",
        ] {
            assert_eq!(lacked(line), Vec::<String>::new(), "{line}");
        }
    }
}
