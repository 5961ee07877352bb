//! Where documents end, in YAML, in lists of it, and in JSON.

use memchr::memchr;
use memchr::memmem;

use super::list::begins_list;

/// Between two reports of the doctor that were written one behind the other, as `cat` does. No
/// other document has its keys twice, so that it ends nothing else.
pub(super) const JOINT: &[u8] = b"\ncomplete: true\nschema: ";

/// So long may a line be that stands behind a report.
const LINE: usize = 4 << 10;
/// The last line of a report of the doctor.
const LAST: &[u8] = b"\ncomplete: true\n";
/// What a report in YAML begins with.
const REPORT: &[u8] = b"schema: bpf-doctor/";
/// Most space between the bracket and the first key of a report in JSON.
const SPACE: usize = 8;

/// Whether something begins with a text, of which that may be all; none where it does not tell.
type Begins = fn(&[u8], bool) -> Option<bool>;

/// How far a document reaches.
#[derive(Clone, Copy)]
pub(super) enum End {
    /// To here; the next one begins there.
    At(usize, usize),
    /// Further than what was read.
    Beyond,
}

/// The end of the document at the start of this text: a line that begins with `---` or `...`,
/// or where another report follows.
pub(super) fn yaml_end(text: &[u8], from: usize, ended: bool) -> End {
    // Before the first document, or where two marks follow each other.
    let mut at = from;
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let found = if at == 0 && (rest.starts_with(b"---") || rest.starts_with(b"...")) {
            Some(0)
        } else {
            let dashes = memmem::find(rest, b"\n---");
            let before = rest.get(..dashes.unwrap_or(rest.len())).unwrap_or_default();
            let dots = memmem::find(before, b"\n...");
            let from = dots.or(dashes).unwrap_or(rest.len());
            match next_of_any(text, at, at + from, ended) {
                End::At(end, next) => return End::At(end, next),
                End::Beyond if from == rest.len() && !ended => return End::Beyond,
                End::Beyond => {}
            }
            dots.or(dashes).map(|at| at + 1)
        };
        let Some(found) = found.map(|found| at + found) else {
            return match ended {
                true => End::At(text.len(), text.len()),
                false => End::Beyond,
            };
        };
        match text.get(found + 3) {
            Some(b' ' | b'\t' | b'\r' | b'\n') => return End::At(found, found + 3),
            None if ended => return End::At(found, found + 3),
            None => return End::Beyond,
            Some(_) => at = found + 1,
        }
    }
}

/// Where a report begins at a line of its own, though nothing says that this document has
/// ended: what stood before it was no report, or one that is whole, or was cut off.
fn next_of_any(text: &[u8], from: usize, to: usize, ended: bool) -> End {
    let part = text.get(from..to).unwrap_or_default();
    // The line behind the last one may not have been whole before.
    let near = from.saturating_sub(LINE);
    let tail = text.get(near..to).unwrap_or_default();
    let (mut last, mut joint) = (None, None);
    for found in memmem::find_iter(tail, LAST) {
        let behind = near + found + LAST.len();
        last = last.or(Some(behind));
        let follows = text.get(behind..to).unwrap_or_default();
        if follows.starts_with(b"schema: ") {
            joint = Some(behind.max(from));
            break;
        }
    }
    let first = part.get(..joint.map_or(part.len(), |joint| joint - from));
    let first = first.unwrap_or_default();
    // Behind another one, or behind what has nothing that reports have.
    let yaml = memmem::find_iter(first, b"\nschema: bpf-doctor/").find(|found| {
        let before = text.get(..from + found).unwrap_or_default();
        let begin = before.get(blank_lines(before)..).unwrap_or_default();
        begin.starts_with(REPORT) || memmem::find(before, b"\nfindings:").is_none()
    });
    let yaml = yaml.map(|found| from + found + 1);
    let first = first.get(..yaml.map_or(first.len(), |yaml| yaml - from));
    // A line at which JSON begins; none where what was read does not tell.
    let line = |part: &[u8], begin: &[u8], begins: Begins| -> Option<Option<usize>> {
        for found in memmem::find_iter(part, begin) {
            let at = from + found + 1;
            if begins(text.get(at..)?, ended)? {
                return Some(Some(at));
            }
        }
        Some(None)
    };
    let first = first.unwrap_or_default();
    let begin = text.get(blank_lines(text)..).unwrap_or_default();
    // No report in YAML has a list at the beginning of a line.
    let list = match begin.starts_with(REPORT) {
        true => Some(None),
        false => line(first, b"\n[", begins_list),
    };
    let cut = list.flatten().map_or(first.len(), |list| list - from);
    let object = line(first.get(..cut).unwrap_or_default(), b"\n{", begins_in_json);
    let (Some(list), Some(object)) = (list, object) else {
        return End::Beyond;
    };
    let json = object.or(list);
    let next = json.or(yaml).or(joint);
    let first = text.get(..next.unwrap_or(to)).unwrap_or_default();
    let is_all = ended || first.len() < text.len();
    let other = last.and_then(|last| foreign(first, last, is_all));
    match other.or(next) {
        Some(next) => End::At(next, next),
        None => End::Beyond,
    }
}

/// Where a line begins behind a report's last key that is none of YAML, as a shell leaves it:
/// there the report ends. More keys, which a later doctor may have, go on with it, and so does
/// what is no more than space or a remark.
fn foreign(text: &[u8], last: usize, is_all: bool) -> Option<usize> {
    let begin = text.get(blank_lines(text)..)?;
    if !begin.starts_with(REPORT) {
        return None;
    }
    let mut at = last;
    loop {
        let rest = text.get(at..)?;
        let all = (is_all && !rest.is_empty()).then_some(rest.len());
        let end = memchr(b'\n', rest).or(all)?;
        if !goes_on(rest.get(..end)?) {
            return Some(at);
        }
        at += end + 1;
    }
}

/// Whether a line can follow the last key of a report in the same document.
fn goes_on(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match line {
        [] | [b' ' | b'\t' | b'#', ..] => true,
        [first, ..] if first.is_ascii_alphabetic() || b"_\"'?".contains(first) => {
            line.ends_with(b":") || memmem::find(line, b": ").is_some()
        }
        _ => false,
    }
}

/// Whether a report or a summary in JSON begins here; none where what was read does not tell.
pub(super) fn begins_in_json(text: &[u8], ended: bool) -> Option<bool> {
    let Some(rest) = text.strip_prefix(b"{") else {
        return Some(false);
    };
    let space = rest.iter().take_while(|byte| byte.is_ascii_whitespace());
    let space = space.take(SPACE).count();
    let key = rest.get(space..).unwrap_or_default();
    let keys = [&b"\"schema\""[..], b"\"complete\""];
    if keys.iter().any(|word| key.starts_with(word)) {
        return Some(true);
    }
    match !ended && keys.iter().any(|word| word.starts_with(key)) {
        true => None,
        false => Some(false),
    }
}

/// Whether what comes behind this text is in an item of a list: the line it stands in begins
/// one, or is indented.
pub(super) fn is_in_item(before: &[u8]) -> bool {
    let line = memchr::memrchr(b'\n', before).map_or(0, |end| end + 1);
    let line = before.get(line..).unwrap_or_default();
    matches!(line, [b' ', ..] | [b'-', b' ', ..])
}

/// Whether a report in YAML begins here, where JSON was expected; none where what was read does
/// not tell.
pub(super) fn begins_in_yaml(text: &[u8], ended: bool) -> Option<bool> {
    match text.starts_with(REPORT) {
        true => Some(true),
        false if !ended && REPORT.starts_with(text) => None,
        false => Some(false),
    }
}

/// How much of a text is line ends at its beginning.
pub(super) fn blank_lines(text: &[u8]) -> usize {
    let ends = text.iter().take_while(|byte| b"\r\n".contains(byte));
    ends.count()
}

/// The end of the item of a list at the start of this text: where the next one begins, or the
/// document ends.
pub(super) fn item_end(text: &[u8], from: usize, ended: bool) -> End {
    let mut at = from.max(blank_lines(text));
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let dash = memmem::find(rest, b"\n-").map(|found| at + found + 1);
        let dots = memmem::find(rest, b"\n...").map(|found| at + found + 1);
        let found = [dash, dots].into_iter().flatten().min();
        let Some(found) = found else {
            return match ended {
                true => End::At(text.len(), text.len()),
                false => End::Beyond,
            };
        };
        let mark = text.get(found..).unwrap_or_default();
        match mark {
            [b'-', b' ', ..] => return End::At(found, found),
            [_, _, _, b' ' | b'\t' | b'\r' | b'\n', ..]
                if mark.starts_with(b"---") || mark.starts_with(b"...") =>
            {
                return End::At(found, found + 3);
            }
            _ if mark.len() < 4 && !ended => return End::Beyond,
            b"---" | b"..." => return End::At(found, found + 3),
            _ => at = found,
        }
    }
}

/// The item of a list as a document of its own: without its hyphen, and as far to the left as
/// documents are, where all of its lines allow that.
pub(super) fn dedent(item: &[u8], out: &mut Vec<u8>) {
    let lead = blank_lines(item);
    let (blank, rest) = item.split_at_checked(lead).unwrap_or_default();
    let rest = rest.strip_prefix(b"- ").unwrap_or(rest);
    let mut lines = rest.split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let fits = |line: &[u8]| line.is_empty() || line.starts_with(b"  ");
    let all = lines.clone().all(fits);
    out.clear();
    out.extend_from_slice(blank);
    if !all {
        out.extend_from_slice(b"  ");
    }
    out.extend_from_slice(first);
    for line in lines {
        out.push(b'\n');
        out.extend_from_slice(match all {
            true => line.get(2..).unwrap_or_default(),
            false => line,
        });
    }
}

/// The end of the JSON value at the start of this text, of which others may follow in the same line
/// where brackets are around them.
pub(super) fn json_end(text: &[u8], is_listed: bool, ended: bool) -> End {
    if text.first() != Some(&b'{') {
        // No report; up to the end of the line it is one fault.
        return match memchr(b'\n', text) {
            Some(end) => End::At(end, end + 1),
            None if ended => End::At(text.len(), text.len()),
            None => End::Beyond,
        };
    }
    // A line that begins and ends like a value, with such a line or nothing after it, is one.
    if let Some(end) = memchr(b'\n', text) {
        let line = text.get(..end).unwrap_or_default().trim_ascii_end();
        let next = text.get(end + 1);
        if line.ends_with(b"}") && (next == Some(&b'{') || (next.is_none() && ended)) {
            return End::At(end, end + 1);
        }
        if line.ends_with(b"}") && next.is_none() {
            return End::Beyond;
        }
    } else if !ended {
        return match is_listed {
            true => balanced(text),
            false => End::Beyond,
        };
    }
    // Where another report begins at a line of its own, this one was cut off. Behind the value none
    // is looked for: small ones would each cost as much as all that was read.
    let end = balanced(text);
    let within = match end {
        End::At(end, _) => text.get(..end).unwrap_or_default(),
        End::Beyond => text,
    };
    match next_report(within) {
        Some(next) => End::At(next, next),
        None => match end {
            End::Beyond if ended => End::At(text.len(), text.len()),
            end => end,
        },
    }
}

/// The end of an object in a list by its brackets alone, where the list goes on or ends behind it
/// in the same line.
pub(super) fn inner_end(text: &[u8]) -> Option<End> {
    let end = balanced(text);
    let End::At(to, _) = end else {
        return None;
    };
    let (object, behind) = text.split_at_checked(to)?;
    let goes_on = matches!(behind.trim_ascii_start().first(), Some(b',' | b']'));
    (goes_on && memchr(b'\n', object).is_none()).then_some(end)
}

/// The end of the line before which a report ends that was cut off. No value has such a line
/// within a text, and no report of the doctor has one at all; nor has JSON one of YAML.
fn next_report(text: &[u8]) -> Option<usize> {
    let begins = [
        &b"\n{\"schema\""[..],
        b"\n{ \"schema\"",
        b"\n{\"complete\"",
        b"\nschema: bpf-doctor/",
        b"\n---\nschema: bpf-doctor/",
    ];
    let places = begins.iter().filter_map(|begin| memmem::find(text, begin));
    places.min()
}

/// The end of a value by its brackets.
fn balanced(text: &[u8]) -> End {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(byte) = text.get(at) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return End::At(at + 1, at + 1);
                }
            }
            b'"' => match string_end(text, at) {
                Some(end) => at = end,
                None => break,
            },
            _ => {}
        }
        at += 1;
    }
    End::Beyond
}

/// Where the quotes are that end the text in quotes which begins here.
#[inline]
pub(super) fn string_end(text: &[u8], at: usize) -> Option<usize> {
    let mut inside = at + 1;
    loop {
        let rest = text.get(inside..)?;
        let found = memchr::memchr2(b'"', b'\\', rest)?;
        if rest.get(found) == Some(&b'"') {
            return Some(inside + found);
        }
        inside += found + 2;
    }
}

/// Whether there is nothing but blank lines, comments and directives.
pub(super) fn is_blank(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').all(|line| {
        let line = line.trim_ascii();
        line.is_empty() || line.starts_with(b"#") || line.starts_with(b"%")
    })
}
