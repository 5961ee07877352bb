//! Logs that came by mail: behind quote marks, in quoted-printable, and broken where the mailer
//! broke them.

use super::rejoin::goes_on;

/// A comment of fewer lines is read as it stands.
const LINES: usize = 3;
/// Mailers do not break shorter lines.
const SHORTEST: usize = 50;

/// The lines of a log as they were before they were mailed, with the number of the first of each;
/// none, if nothing tells of a mail.
pub(super) fn unmailed(bytes: &[u8]) -> Option<Vec<(u64, String)>> {
    let text = String::from_utf8_lossy(bytes);
    let is_encoded = text.lines().any(|line| line.trim_end().ends_with("=20"))
        || text.contains("=3D") && text.lines().any(|line| line.ends_with('='));
    let is_commented = is_comment(&text);
    let is_quoted = is_commented || text.lines().any(|line| line.starts_with("> "));
    if !is_encoded && !is_quoted {
        return None;
    }
    let mut joined: Vec<(u64, String)> = Vec::new();
    let mut glue: Option<&str> = None;
    let mut above = String::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (said, depth) = match line.trim_start().strip_prefix("//") {
            Some(said) if is_commented => (said.strip_prefix(' ').unwrap_or(said), 1),
            _ => unquoted(line),
        };
        let (said, broken) = match is_encoded {
            true => decoded(said),
            false => (said.to_owned(), None),
        };
        let last = joined.last_mut().map(|(_, last)| last);
        match (last, glue) {
            (Some(last), Some(glue)) if !said.trim().is_empty() => {
                last.push_str(glue);
                last.push_str(if glue.is_empty() {
                    &said
                } else {
                    said.trim_start()
                });
            }
            (Some(last), None) if depth > 0 && wraps(&above, &said) => {
                last.push(' ');
                last.push_str(said.trim());
            }
            _ => joined.push((number, said.clone())),
        }
        (glue, above) = (broken, said);
    }
    Some(joined)
}

/// Whether a text is a comment of a source, as a whole.
fn is_comment(text: &str) -> bool {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let (of_it, others): (Vec<&str>, Vec<&str>) =
        lines.partition(|line| line.trim_start().starts_with("//"));
    of_it.len() >= LINES && others.is_empty()
}

/// A line without its quote marks, and how many it had.
fn unquoted(line: &str) -> (&str, usize) {
    let mut depth = 0;
    let mut rest = line;
    while let Some(inner) = rest.strip_prefix('>') {
        depth += 1;
        rest = inner.strip_prefix(' ').unwrap_or(inner);
    }
    (rest, depth)
}

/// A line of quoted-printable as it was, and what it goes on with on the next, if it does.
fn decoded(line: &str) -> (String, Option<&'static str>) {
    let line = line.trim_end();
    let (line, glue) = match (line.strip_suffix("=20"), line.strip_suffix('=')) {
        (Some(line), _) if line.len() >= SHORTEST => (line, Some(" ")),
        (Some(line), _) => (line, None),
        (None, Some(line)) if line.len() >= SHORTEST => (line, Some("")),
        (None, _) => (line, None),
    };
    (line.replace("=3D", "=").replace("=20", " "), glue)
}

/// Whether a mailer broke a line here.
fn wraps(above: &str, line: &str) -> bool {
    above.len() >= SHORTEST
        && goes_on(above, line.trim())
        && !above.trim_end().ends_with(['.', ':', ';'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_mailed_is_as_it_was_before() {
        let rows: [(&str, Option<&[&str]>); 7] = [
            (
                "> libbpf: prog 'tp_xdp_redirect_err': failed to find kernel BTF=20\n\
                 > type ID of 'xdp_redirect_map_err': -3",
                Some(&[
                    "libbpf: prog 'tp_xdp_redirect_err': failed to find kernel BTF type ID of 'xdp_redirect_map_err': -3",
                ]),
            ),
            (
                ">> libbpf: prog 'tp_xdp_redirect_err': failed to find kernel BTF\n\
                 >> type ID of 'xdp_redirect_map_err': -3\n> short\n> next",
                Some(&[
                    "libbpf: prog 'tp_xdp_redirect_err': failed to find kernel BTF type ID of 'xdp_redirect_map_err': -3",
                    "short",
                    "next",
                ]),
            ),
            (
                "libbpf: prog 'a': BPF program load failed: Invalid argument, =\n\
                 R1=3Dctx() and more=20",
                Some(&[
                    "libbpf: prog 'a': BPF program load failed: Invalid argument, R1=ctx() and more",
                ]),
            ),
            ("libbpf: failed\n> next", Some(&["libbpf: failed", "next"])),
            ("libbpf: x=20 of 3\nnext", None),
            (
                "// It was refused with \"load program: permission denied: R2\n\
                 // !read_ok\", which is the verifier and not a\n// denial\n",
                Some(&[
                    "It was refused with \"load program: permission denied: R2 !read_ok\", which is the verifier and not a",
                    "denial",
                ]),
            ),
            ("// one\nint x;\n// two\n", None),
        ];
        for (text, wanted) in rows {
            let found = unmailed(text.as_bytes());
            let found: Option<Vec<&str>> = found
                .as_ref()
                .map(|lines| lines.iter().map(|(_, line)| line.as_str()).collect());
            assert_eq!(found.as_deref(), wanted, "{text}");
        }
    }
}
