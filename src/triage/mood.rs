//! The mood of the sentence in which something was found: whether it tells what happened, or
//! gives advice, sets a condition, grants something, wishes for it or quotes a document. What is
//! no fact makes no sure cause by itself, whatever words are in it.

use std::sync::LazyLock;

use regex::bytes::Regex;

use super::patterns::{any_case, is_in};

/// How a sentence speaks of what stands in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    /// It happened.
    #[default]
    Fact,
    /// It is asked for: `this needs X`.
    Need,
    /// It is to be done: `enable X`.
    Advice,
    /// It may be so: `if X is missing, we do without`.
    Condition,
    /// It would be nice to have.
    Wish,
    /// A manual or the text of a change says it of itself.
    Document,
    /// It is there, switched on or handed out: `--cap-add X`.
    Given,
    /// It is said not to be so: `this is not a denial of X`.
    Denied,
}

impl Mood {
    /// What a symptom of this weight weighs in a sentence of this mood; of two the heavier one
    /// stays the heavier.
    pub(super) fn weighed(self, weight: i32, suffers: bool, on_failure: bool) -> Option<i32> {
        let most = self.most(suffers, on_failure)?;
        Some(match most {
            ANY => weight,
            most => weight.min(most - (ANY - weight) / 4),
        })
    }

    /// What a symptom in a sentence of this mood weighs at most; nothing, where it makes no cause.
    /// That a log tells of a failure lends weight to what is advised in it; on the failure's own
    /// line it is what the program says of its failure.
    fn most(self, suffers: bool, on_failure: bool) -> Option<i32> {
        match self {
            Self::Fact => Some(ANY),
            Self::Need | Self::Advice if on_failure => Some(ANY),
            Self::Advice if suffers => Some(MEDIUM),
            Self::Need => Some(if suffers { ANY } else { MEDIUM }),
            Self::Advice => Some(LOW),
            Self::Condition | Self::Wish | Self::Document => suffers.then_some(LOW),
            Self::Given | Self::Denied => None,
        }
    }
}

impl Mood {
    /// The same for what the verifier says, which neither gives advice nor asks for anything.
    pub(super) fn of_verifier(self) -> Self {
        match self {
            Self::Need | Self::Advice => Self::Fact,
            other => other,
        }
    }
}

/// No symptom weighs more.
const ANY: i32 = 100;
/// What weighs so much makes a cause of medium confidence.
const MEDIUM: i32 = 84;
/// What weighs so much makes one of low confidence.
const LOW: i32 = 60;

/// What hands something out or switches it on, up to its name.
static GIVES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r#"^[\s$#>]*(?:sudo )?ulimit (?:-\w+ *)*$|--(?:enable|module|set-val|set-str|cap-add)\b[^;|&]*$|\bscripts/config\b[^;|&]*$|\b(?:cap_?add|add)["']?: ?\[?[\s"'\w,\]-]*$|\b(?:Ambient|Bounding)?Capabilit(?:ies|yBoundingSet|ySet)=[\w\s]*$|\b(?:setcap|capsh)\b[^;|&]*$|\b(?:we|i|has been|have been|was|were|is|are|already|now) (?:have |had |also |re-?)?(?:enabled|granted|added|switched on) (?:the )?[\w\s,/`'"-]*$|\bCap(?:Eff|Prm|Bnd)\b[^.;]*\bhas\b[\w\s,]*$"#,
    )
});
/// A capability that is held.
static HOLDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(r#"\b(?:holds?|has|having) (?:the )?(?:capabilit(?:y|ies) )?[`'"]?CAP_\w+$"#)
});
/// What opens a condition.
static CONDITION: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"(?:^(?:\W|\d+\.)*(?:(?:and|but|or|so|even|only|note that|also)[\s,]+)*|[,(;] ?(?:and |or |but |even )?|\b(?:f[ae]ll(?:s|ing)? back|skip\w*|degrad\w*|ignor\w*|works|not needed|optional)\b[^.;]{0,60} )(?:if|when|whenever|unless|in case|where)\b",
    )
});
/// Somebody tells what he did and saw.
static REPORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:I|I'm|my)\b|\b(?:we|it) (?:get|gets|got|see|sees|saw|hit|hits|found|ran|tried|upgraded|fail(?:s|ed)|crash(?:es|ed)|say(?:s)?|said|report(?:s|ed))\b|\b(?:when|while|if|once) (?:trying|running|loading|starting|attempting|attaching|creating|opening|using|calling|executing|building|compiling)\b|\b(?:error|fatal|panic)\b",
    )
});
/// Somebody tells what he saw at a time: `when the program is loaded: `.
static THEN: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"^\W*(?:\w+ )?(?:when|whenever|where)\b[^:]*: "));
/// The reader is spoken to.
static READER: LazyLock<Option<Regex>> = LazyLock::new(|| any_case(r"\b(?:you|your)\b"));
/// What opens advice.
static ADVICE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"(?:^\W*|[:,;(-] ?|\b(?:and|then|or|to) )(?:please |you (?:should|can|may|must|might want to|need to|have to|will need to) |try (?:to )?|make sure|ensure|consider|remember to|enable|add|grant|use|run|install|build|rebuild|recompile|compile|boot|give|pass|set|switch|turn on|check (?:that|whether|if))\b[^.;]*$|\b(?:should|must|needs? to|have to|has to|recommended to) be (?:enabled|set|granted|given|added|built)\b",
    )
});
/// What asks for something.
static NEED: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"\b(?:requires?|required|needs?|needed|depends on)\b"));
/// What is so in general, whatever happened here.
static GENERAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"^\W*note\b|\bor (?:later|newer|higher|above)\b"));
/// Somebody asks what may be.
static QUESTION: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"^\W*(?:Q\d*[:.)] ?)?(?:does|do|will|would|should|is there)\b"));
/// It is asked for at times, as manuals say.
static AT_TIMES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:may|might|will|would|could|can) (?:also )?(?:need|require)\b|\bsince (?:linux |kernel |v)?\d|\bsee (?:the |our )?(?:docs?|documentation|manual|readme|guide)\b",
    )
});
/// Who asks for it is not named: a list of what a program wants.
static LISTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"^(?:\W|\d+\.)*(?:requires?|requirements?|prerequisites?|needs|needed|required|documents?|recommended)\b",
    )
});
static WISH: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:would like|would be (?:nice|great|good|useful|helpful|better)|wish(?:es)?\b|propos(?:e|al)|suggest(?:s|ion)?\b|how about|could we|feature request|it'?d be|is it possible|should we)\b",
    )
});
static DOCUMENT: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\bE[A-Z0-9]{3,12}\W{1,3}(?:indicates?|means|is (?:returned|raised|given)|will be returned)\b|\b(?:this|the|my|a) (?:patch|commit|change|series|pr|pull request|release)\b[^.:]{0,40}\b(?:makes?|adds?|lets?|fixes|teaches|allows|changes|removes|avoids|stops)\b|^\W*document that\b|\bwhether\b[^.;:]*\bor not\b",
    )
});
/// What would be seen, should somebody do something.
static FORETOLD: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:will|would|can|could|may|might|should) (?:then |now |also |probably |likely )?(?:trigger|cause|produce|give|yield|result in|lead to|fail with|end in|end up with|be rejected with|be refused with)\b[^.;]*$|^\W*(?:\w+ly,? )?[a-z]+ [^.;,]{1,60},? and you(?:'ll| will)? (?:get|see)\b[^.;]*$",
    )
});
/// Somebody tells of himself.
static OWN: LazyLock<Option<Regex>> = LazyLock::new(|| any_case(r"\b(?:I|I'm|my|we|our)\b"));
/// What is said not to be so, up to what it is.
static DENIED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:is|was|are|were|it's|that's|isn't|wasn't)\b[^.;:]{0,60}\b(?:not|n't) (?:an? |the |due to |caused by |because of |related to )[\w/ -]{0,40}$",
    )
});
/// What is told to be no trouble.
static FINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:works?|runs?|worked|loads?) (?:fine|well|anyway|all the same|as expected|great)\b|\bno (?:problem|harm|big deal)\b",
    )
});
/// What says that there is trouble all the same.
static HOWEVER: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r"\b(?:but|however|except|though|until|unless|on other|on another|fail\w*|error|crash\w*|refus\w*|reject\w*|while)\b|\bnot (?:work|load|run)|n't\b",
    )
});
/// The title of a part of a text.
static HEADING: LazyLock<Option<Regex>> = LazyLock::new(|| any_case(r"^\s*#{2,6} \w"));
/// A failure told as one.
static FAILURE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(
        r#"\b(?:error|fatal|panic|failed|failure|exception|critical)\b["'\])]{0,3}\s*[:=(\]|]|\bfailed to\b|: -\d{1,3}\b|^\W*(?:failed|unable|cannot|can't|could not|couldn't) |: (?:-E[A-Z]|operation not permitted|permission denied|invalid argument|no such (?:file|process|device)|(?:operation )?not supported|argument list too long|no space left|cannot allocate|device or resource busy|function not implemented|bad (?:file|address))|os error \d|\berrno\b|\b(?:exit(?:ed)?|status)(?: code| status)?[ =:]*[1-9]|\bprocessed \d+ insns|\b(?:is|are|was) not permitted\b|\bnot supported \(|\b(?:map create|load program): "#,
    )
});

/// Something went well.
static SUCCESS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    any_case(r"\bsucce(?:ed(?:s|ed)?|ss)\b\W*$|\bsuccessful(?:ly)?\b|[:,] (?:ok|done)\W*$")
});
/// What says that it did not.
static UNSUCCESSFUL: LazyLock<Option<Regex>> =
    LazyLock::new(|| any_case(r"fail|error|\bnot\b|n't\b|\bun\w+|\bcannot\b|\bbut\b|\bno\b"));

/// Whether a line tells of a failure as programs do, and not as people speak of one.
pub(super) fn tells_failure(line: &str) -> bool {
    is_in(&FAILURE, line)
}

/// Whether a line tells that something went well, and of nothing that failed.
pub(super) fn tells_success(line: &str) -> bool {
    is_in(&SUCCESS, line) && !is_in(&UNSUCCESSFUL, line) && !tells_failure(line)
}

/// The sentence around a place of a line: where it begins and ends.
fn sentence(line: &str, start: usize, end: usize) -> (usize, usize) {
    let ends = |bytes: &[u8], at: usize| {
        matches!(bytes.get(at), Some(b'.' | b'!' | b'?' | b';'))
            && bytes.get(at + 1).is_none_or(u8::is_ascii_whitespace)
    };
    let bytes = line.as_bytes();
    let from = (0..start.min(bytes.len()))
        .rev()
        .find(|at| ends(bytes, *at));
    let to = (end..bytes.len()).find(|at| ends(bytes, *at));
    (from.map_or(0, |at| at + 1), to.unwrap_or(bytes.len()))
}

/// The mood of the sentence that has this part of a line.
pub(super) fn mood(line: &str, start: usize, end: usize) -> Mood {
    let (from, to) = sentence(line, start, end);
    let get = |from: usize, to: usize| line.get(from..to).unwrap_or_default();
    let (whole, ahead, matched) = (get(from, to), get(from, start), get(start, end));
    // A list of names follows what is said of the first.
    let last_name = start + matched.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let first = matched.find(|c: char| c != '_' && !c.is_ascii_alphanumeric());
    let first = start + first.unwrap_or(matched.len());
    if is_in(&GIVES, ahead)
        || is_in(&GIVES, get(from, last_name))
        || is_in(&HOLDS, get(from, first))
    {
        return Mood::Given;
    }
    if is_in(&DENIED, ahead) {
        return Mood::Denied;
    }
    if is_in(&DOCUMENT, whole) || is_in(&HEADING, line) && !tells_failure(line) {
        return Mood::Document;
    }
    if is_in(&FORETOLD, ahead) && !is_in(&OWN, ahead) && !tells_failure(ahead) {
        return Mood::Condition;
    }
    let is_question = line.as_bytes().get(to) == Some(&b'?') && is_in(&QUESTION, whole);
    if (is_question || is_in(&WISH, ahead)) && !tells_failure(line) {
        return Mood::Wish;
    }
    if is_in(&FINE, whole) && !is_in(&HOWEVER, whole) && !tells_failure(line) {
        return Mood::Condition;
    }
    if is_conditional(whole, start - from, end - from) {
        return Mood::Condition;
    }
    if is_in(&LISTED, whole) && !tells_failure(line) {
        return Mood::Document;
    }
    let is_needed = is_in(&NEED, whole);
    if is_needed && is_in(&AT_TIMES, whole) && !tells_failure(line) {
        return Mood::Document;
    }
    let opens = ahead.trim().is_empty() && is_in(&ADVICE, get(from, last_name));
    if is_in(&ADVICE, ahead) || opens || is_needed && is_in(&GENERAL, whole) {
        return Mood::Advice;
    }
    match is_needed {
        true => Mood::Need,
        false => Mood::Fact,
    }
}

/// Whether what stands there belongs to a condition, or to what would follow from it.
fn is_conditional(sentence: &str, start: usize, end: usize) -> bool {
    if is_in(&REPORT, sentence) {
        return false;
    }
    let Some(regex) = CONDITION.as_ref() else {
        return false;
    };
    let mut openings = regex.find_iter(sentence.as_bytes());
    openings.any(|opening| {
        // What stands behind its colon was printed then.
        let told = sentence.get(opening.start()..start).unwrap_or_default();
        if is_in(&THEN, told) && !is_in(&READER, told) {
            return false;
        }
        let clause = sentence.get(opening.end()..).unwrap_or_default();
        let over = clause.find([',', ')']).map_or(clause.len(), |at| at + 1);
        let within = opening.end() <= end && start < opening.end() + over;
        // What would follow stands behind; that it failed is told as a fact.
        let follows = start >= opening.end() + over
            && opening.start() == 0
            && !tells_failure(sentence.get(opening.end() + over..).unwrap_or_default());
        within || follows
    })
}

#[cfg(test)]
mod tests {
    use super::Mood::{Advice, Condition, Denied, Document, Fact, Given, Need, Wish};
    use super::*;

    #[test]
    fn the_mood_is_that_of_the_sentence() {
        let rows = [
            ("beyla: missing ~CAP_SYS_ADMIN~", Fact),
            ("error: ~CONFIG_BPF_LSM is not set~", Fact),
            ("this program requires ~CAP_BPF~", Need),
            ("the agent: needs root. ~CAP_BPF~ is missing", Fact),
            (
                "Requires ~CONFIG_KPROBES~ and CONFIG_UPROBES (bpf)",
                Document,
            ),
            ("docker run --cap-add ~CAP_BPF~ img", Given),
            (
                "docker run --cap-add CAP_NET_ADMIN --cap-add ~CAP_BPF~ img",
                Given,
            ),
            ("securityContext: capabilities: add: [\"~CAP_BPF~\"]", Given),
            ("AmbientCapabilities=CAP_NET_ADMIN ~CAP_BPF~", Given),
            ("scripts/config --enable ~CONFIG_BPF_LSM~", Given),
            (
                "We enabled ~CONFIG_BPF_LSM~ in the new image; all pass.",
                Given,
            ),
            ("$ ~ulimit -l unlimited~", Given),
            ("CapEff has ~CAP_BPF~, CAP_PERFMON; all fine", Given),
            ("CapEff has CAP_BPF, ~CAP_PERFMON~; all fine", Given),
            ("enable ~CONFIG_X~ if you want it", Advice),
            ("please add ~CAP_BPF~ to the unit", Advice),
            ("To fix this, enable ~CONFIG_X~", Advice),
            (
                "When it can't load (missing ~CAP_BPF~), it degrades to that",
                Condition,
            ),
            ("If ~CONFIG_X is not set~, this is skipped", Condition),
            ("If the ~kernel lacks BTF~, we use the archive.", Condition),
            (
                "When this is so, ~CAP_BPF is missing~ is printed",
                Condition,
            ),
            (
                "- When CAP_BPF is ~missing~, the loader falls back",
                Condition,
            ),
            ("Unless ~CAP_BPF~ is granted, nothing is loaded", Condition),
            ("When I run it: ~missing CAP_BPF~", Fact),
            (
                "when the agent starts it fails with ~missing CAP_BPF~",
                Fact,
            ),
            ("failed to load when ~CAP_BPF~ was missing", Fact),
            ("Q: does it work without ~CAP_BPF~? A: yes", Wish),
            ("was ~CONFIG_X~ enabled?", Fact),
            ("You may need ~CAP_BPF~ to use this", Document),
            ("BPF programs need ~CAP_BPF~ since 5.8", Document),
            (
                "it falls back to perf buffers when ~rings are not supported~",
                Condition,
            ),
            ("It would be nice to print that the ~map is full~", Wish),
            (
                "`E2BIG` indicates that the ~max_entries~ limit is reached",
                Document,
            ),
            (
                "This will trigger an `~invalid read from stack~` error at load.",
                Condition,
            ),
            (
                "Hit the first one and you get `~BPF program is too large~`. Then",
                Condition,
            ),
            ("I ran it and you get `~BPF program is too large~`.", Fact),
            (
                "load program: failed: it may say ~invalid mem access~",
                Fact,
            ),
            (
                "loading it will report `~tail_calls are not allowed~`",
                Fact,
            ),
            (
                "When we deploy there the loader prints: ~invalid func~",
                Fact,
            ),
            ("When it is loaded: ~unreachable insn 3~", Fact),
            ("When you see this: ~unreachable insn 3~, do so", Condition),
            (
                "Kernel 4.18 ~has no BTF~, so we ship our own and it works fine.",
                Condition,
            ),
            ("5.15 works fine, but 4.18 ~has no BTF~", Fact),
            ("tells whether ~JIT is disabled~ or not", Document),
            ("~Enable CONFIG_X~ if you want it", Advice),
            ("### ~invalid indirect read from stack~", Document),
            ("## Error: ~invalid indirect read from stack~", Fact),
            (
                "That error is the verifier, not a ~SELinux/AppArmor denial~ (see",
                Denied,
            ),
            ("it is not loaded: ~SELinux denied bpf~", Fact),
            (
                "This patch makes the verifier print '~R1 unbounded~' less",
                Document,
            ),
            ("Document that the agent needs ~CAP_BPF~", Document),
        ];
        for (marked, wanted) in rows {
            let start = marked.find('~').unwrap();
            let line = marked.replace('~', "");
            let end = marked.rfind('~').unwrap() - 1;
            assert_eq!(mood(&line, start, end), wanted, "{marked}");
        }
    }

    #[test]
    fn what_is_no_fact_makes_no_sure_cause_by_itself() {
        for (mood, alone, with_failure) in [
            (Fact, Some(ANY), Some(ANY)),
            (Need, Some(MEDIUM), Some(ANY)),
            (Advice, Some(LOW), Some(MEDIUM)),
            (Condition, None, Some(LOW)),
            (Wish, None, Some(LOW)),
            (Document, None, Some(LOW)),
            (Given, None, None),
            (Denied, None, None),
        ] {
            assert_eq!(mood.most(false, false), alone, "{mood:?}");
            assert_eq!(mood.most(true, false), with_failure, "{mood:?}");
        }
        assert_eq!(Advice.most(true, true), Some(ANY));
        assert_eq!(Fact.weighed(70, false, false), Some(70));
        let need = |weight| Need.weighed(weight, false, false).unwrap();
        assert!(need(90) > need(84) && need(90) < 85 && need(60) == 60);
    }

    #[test]
    fn what_went_well_is_no_failure() {
        for (line, wanted) in [
            (
                "[eBPF] INFO attach tracepoint: 't/sys_enter_read', succeed!",
                true,
            ),
            ("attached the kprobe successfully", true),
            ("attach kprobe do_exit: ok", true),
            ("attach kprobe do_exit: not ok", false),
            ("attached successfully, but the map failed", false),
            ("attach: Error: Success", false),
            ("could not be attached successfully: -22", false),
        ] {
            assert_eq!(tells_success(line), wanted, "{line}");
        }
    }

    #[test]
    fn a_failure_is_told_as_programs_tell_it() {
        for (line, wanted) in [
            ("libbpf: failed to load object: -22", true),
            ("Error: can't pin", true),
            ("level=error msg=x", false),
            ("load program: permission denied", true),
            ("If it fails, we fall back", false),
            ("`E2BIG` is an error that tells of a full map", false),
        ] {
            assert_eq!(tells_failure(line), wanted, "{line}");
        }
    }
}
