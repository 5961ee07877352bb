//! GRUB's script, taken apart into commands.

/// A command of GRUB's script, and the braces around it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) words: Vec<String>,
    /// Whether a block begins behind it.
    pub(super) opens: bool,
    /// Whether a block ends behind it.
    pub(super) closes: bool,
}

/// The commands of a script, as GRUB's own lexer tells them apart (grub-core/script/yylex.l): by
/// line, by semicolon and by brace, where these do not stand in quotes.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut statements = Vec::new();
    let mut now = Statement::default();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut variable = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, '#') if word.is_none() => while chars.next_if(|c| *c != '\n').is_some() {},
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            // At the end of a line it goes on with the next.
            (None | Some('"'), '\\') => match chars.next() {
                None | Some('\n') => {}
                next => word.get_or_insert_default().extend(next),
            },
            (None, '$') => {
                word.get_or_insert_default().push(c);
                if let Some(brace) = chars.next_if_eq(&'{') {
                    variable = true;
                    word.get_or_insert_default().push(brace);
                }
            }
            (None, '}') if variable => {
                variable = false;
                word.get_or_insert_default().push(c);
            }
            (None, '\n' | ';' | '{' | '}') => {
                now.words.extend(word.take());
                now.opens = c == '{';
                now.closes = c == '}';
                let was = std::mem::take(&mut now);
                if was != Statement::default() {
                    statements.push(was);
                }
            }
            (None, c) if c.is_whitespace() => now.words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    now.words.extend(word);
    statements.push(now);
    statements
}

/// The command line of these arguments, as GRUB writes it: those with spaces in quotes.
pub(super) fn line_of(arguments: impl Iterator<Item = String>) -> String {
    let shown = arguments.map(|argument| match argument.contains(' ') {
        true => format!("\"{argument}\""),
        false => argument,
    });
    shown.collect::<Vec<_>>().join(" ")
}
