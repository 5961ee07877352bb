//! The kernel a log's host runs, told from one that a line asks for: `needs kernel 5.8.0 or
//! newer` says nothing of the host.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::patterns::any_case;

/// Words before a release that ask for it.
static DEMANDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:needs?|need(?:ed|ing)|requires?|requir(?:ed|ing|ements?)|minim(?:um|al)|at least|lowest|oldest|recommend\w*|expects?|expected|(?:to|that you|must|should) have|upgrade to|update to|min[._ -]?(?:kernel)?)(?:\b|_)",
    )
});
/// Those that do so where nothing but the word `kernel` stands between.
static DIRECT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"(?:\b(?:newer than|later than|older than|earlier than|prior to|before|below|until|up to|since|from|starting (?:with|from|in)|introduced (?:in|with|by)|added (?:in|with|to)|(?:available|there|possible|supported) (?:in|from|since|with)|(?:fixed|merged|landed|arrived) in|came with)\b|[<>]=?|≥|≤)[\s(`'\x22*]*(?:(?:the|a|an|linux|kernels?|versions?|releases?|is|v|>=)[\s(:`'\x22*]*)*$",
    )
});
/// Words behind a release that ask for it.
static AFTER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"^[\s)`'\x22*+]*(?:kernels?\s+)?(?:(?:or|and|&) (?:newer|later|above|higher|greater|up|upwards?|beyond|more recent|older|earlier|lower)\b|onwards?\b|(?:(?:versions?|kernels?|releases?|is|are|was|as|at|or|above|newer|later|higher)\s+)*(?:required|needed|necessary|recommended|expected|(?:the |a )?minimum)\b)",
    )
});
/// Words that tell what there is.
static RUNS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:found|running|runs|detect(?:s|ed)|discovered|obtained|booted|got|current(?:ly)?|actual(?:ly)?|but|host|instead|your (?:version|system|machine|host|kernel is)|you(?:'re| are)? (?:have|on|running|using)|uname|this (?:machine|system|host|kernel is|is))\b",
    )
});
/// The number of another version.
static VERSION: LazyLock<Option<Regex>> = LazyLock::new(|| any_case(r"\d+\.\d"));

/// Whether a release on a line, at this place, is one that something asks for.
pub(super) fn is_asked_for(line: &[u8], start: usize, end: usize) -> bool {
    let before = clause(line.get(..start).unwrap_or_default());
    let after = line.get(end..).unwrap_or_default();
    let found = |regex: &LazyLock<Option<Regex>>, text: &[u8]| {
        regex.as_ref().is_some_and(|regex| regex.is_match(text))
    };
    if found(&DIRECT, before) || found(&AFTER, after) {
        return true;
    }
    let last = |regex: &LazyLock<Option<Regex>>| {
        let found = regex.as_ref()?.find_iter(before).last();
        found.map(|found| found.end())
    };
    let Some(demand) = last(&DEMANDS) else {
        return false;
    };
    // What is asked for stands first behind the word for it; another one is of the host.
    let between = before.get(demand..).unwrap_or_default();
    !found(&VERSION, between) && last(&RUNS).is_none_or(|runs| runs <= demand)
}

/// What belongs together before the end of a text: sentences and the fields of a log line end.
fn clause(text: &[u8]) -> &[u8] {
    let ends: [&[u8]; 5] = [b". ", b"; ", b"\" ", b"' ", b"! "];
    let last = ends.iter().filter_map(|end| {
        let place = memchr::memmem::rfind(text, end)?;
        Some(place + end.len())
    });
    text.get(last.max().unwrap_or_default()..)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_that_is_asked_for_is_not_that_of_the_host() {
        let rows = [
            ("NodePort needs kernel [4.17.0] or newer.", true),
            ("minimum kernel version: [4.19.57]", true),
            ("Kernel version at least [5.8.0]", true),
            ("kernel [5.10.0] or newer is required, found 4.18.0", true),
            ("kernel 5.10.0 or newer is required, found [4.18.0]", false),
            ("requires kernel 5.10.0, kernel [4.18.0]", false),
            ("kernel [5.8.0] is required", true),
            ("kernel [5.4.0] is too old, 5.8.0 is required", false),
            ("there since kernel [5.13.0]", true),
            ("kernel >= [5.13.0]", true),
            ("before kernel version [5.11.0] the limit counts", true),
            ("you must have kernel [5.8.0]", true),
            (
                "it is required that you run 5.8; you have kernel [5.4.0]",
                false,
            ),
            ("level=error msg=\"needs more\" kernel=[5.4.0]", false),
            ("It needs a newer one. I run kernel [5.4.0]", false),
            ("it fails on kernel [5.15.0]", false),
            ("running kernel [5.15.0]", false),
            ("kernel (5.18.14) versions: OK, kernel [5.18.14]", false),
            ("Linux version [6.1.0]", false),
        ];
        for (marked, wanted) in rows {
            let start = marked.find('[').unwrap_or_default();
            let line = marked.replacen('[', "", 1);
            let end = line.find(']').unwrap_or_default();
            let line = line.replacen(']', "", 1);
            assert_eq!(
                is_asked_for(line.as_bytes(), start, end),
                wanted,
                "{marked}"
            );
        }
    }
}
