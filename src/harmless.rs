//! Which characters text for people may have: one definition for what is printed and for what a
//! checks file may hold.

/// Whether it is a control character, or one that reorders or hides text.
#[must_use]
pub fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
