//! The format of kernel configs, as scripts/kconfig/confdata.c writes it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Read;

use super::Setting;
use crate::gzip::GZIP;
use crate::host::config_version;

/// Twenty times the largest config there is. More is no config, and a small compressed
/// file can grow without end.
pub(super) const LIMIT: usize = 8 << 20;

/// What a config says.
#[derive(Debug)]
pub(super) struct Parsed {
    pub settings: BTreeMap<Box<str>, Setting>,
    /// How many lines make no sense.
    pub broken_lines: usize,
    /// Options that two lines set differently: the first value, and the one that counts.
    pub twice: Vec<(Box<str>, [Setting; 2])>,
    /// The kernel's version, by the header.
    pub version: Option<Box<str>>,
    /// The machine it is for, by the header, as the kernel's sources name it.
    pub machine: Option<Box<str>>,
}

/// More options that are set twice tell nothing more.
const MOST_TWICE: usize = 6;

/// What the config says, or why this is no config.
pub(super) fn options(bytes: &[u8]) -> Result<Parsed, String> {
    let bytes = plain(bytes)?;
    if bytes.len() > LIMIT {
        return Err(format!("it has more than {LIMIT} bytes"));
    }
    let mut broken_lines = 0;
    let mut settings = Vec::new();
    let text = String::from_utf8_lossy(&bytes);
    // What editors of other systems put before a text.
    let text = text.trim_start_matches('\u{feff}');
    for line in text.lines() {
        match parse_line(line) {
            Line::Option(name, setting) => settings.push((name.into(), setting)),
            Line::Nothing => {}
            Line::Broken => broken_lines += 1,
        }
    }
    if settings.is_empty() {
        return Err("no line sets a CONFIG_ option".to_owned());
    }
    // Of two lines about one option the last counts, for the kernel's build as well.
    let mut by_name: BTreeMap<Box<str>, Setting> = BTreeMap::new();
    let mut replaced: BTreeMap<Box<str>, Setting> = BTreeMap::new();
    for (name, setting) in settings {
        let name: Box<str> = name;
        if let Some(first) = by_name.insert(name.clone(), setting) {
            replaced.entry(name).or_insert(first);
        }
    }
    let twice = replaced.into_iter().filter_map(|(name, first)| {
        let last = by_name.get(&name)?.clone();
        (last != first).then_some((name, [first, last]))
    });
    let twice = twice.take(MOST_TWICE).collect();
    Ok(Parsed {
        settings: by_name,
        twice,
        broken_lines,
        version: config_version(text)
            .filter(|version| version.starts_with(|c: char| c.is_ascii_digit()))
            .map(Box::from),
        machine: machine(text).map(Box::from),
    })
}

/// `x86` of `# Linux/x86 6.1.0 Kernel Configuration`.
fn machine(text: &str) -> Option<&str> {
    text.lines().take(10).find_map(|line| {
        let rest = line.strip_suffix(" Kernel Configuration")?;
        rest.strip_prefix("# Linux/")?.split(' ').next()
    })
}

/// Some options, without a look at the other ten thousand. One that no line names is not in
/// the map.
pub(super) fn chosen(bytes: &[u8], names: &[&str]) -> Result<BTreeMap<Box<str>, Setting>, String> {
    let bytes = plain(bytes)?;
    let mut settings = BTreeMap::new();
    let mut lines = 0;
    for line in String::from_utf8_lossy(&bytes).lines() {
        let line = line.trim_end();
        let named = line
            .strip_prefix("CONFIG_")
            .or_else(|| line.strip_prefix("# CONFIG_"));
        let Some(name) = named.and_then(|rest| rest.split(['=', ' ']).next()) else {
            continue;
        };
        lines += 1;
        if names.contains(&name)
            && let Line::Option(name, setting) = parse_line(line)
        {
            settings.insert(name.into(), setting);
        }
    }
    match lines {
        0 => Err("no line sets a CONFIG_ option".to_owned()),
        _ => Ok(settings),
    }
}

fn plain(bytes: &[u8]) -> Result<Cow<'_, [u8]>, String> {
    if !bytes.starts_with(GZIP) {
        return Ok(Cow::Borrowed(bytes));
    }
    let mut text = Vec::new();
    let unpacked = flate2::read::GzDecoder::new(bytes)
        .take(LIMIT as u64 + 1)
        .read_to_end(&mut text);
    match unpacked {
        Ok(_) => Ok(Cow::Owned(text)),
        Err(error) => Err(format!("it can't be unpacked: {error}")),
    }
}

#[derive(Debug, PartialEq)]
enum Line<'a> {
    Option(&'a str, Setting),
    /// Empty, or a comment.
    Nothing,
    Broken,
}

fn parse_line(line: &str) -> Line<'_> {
    let line = line.trim_end();
    if let Some(comment) = line.strip_prefix('#') {
        let name = comment.trim_start().strip_prefix("CONFIG_");
        return match name.and_then(|name| name.strip_suffix(" is not set")) {
            Some(name) if is_name(name) => Line::Option(name, Setting::No),
            _ => Line::Nothing,
        };
    }
    if line.is_empty() {
        return Line::Nothing;
    }
    let assignment = line
        .strip_prefix("CONFIG_")
        .and_then(|rest| rest.split_once('='));
    let parsed = assignment
        .filter(|(name, _)| is_name(name))
        .and_then(|(name, text)| Some((name, setting(text)?)));
    match parsed {
        Some((name, setting)) => Line::Option(name, setting),
        None => Line::Broken,
    }
}

fn is_name(name: &str) -> bool {
    let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    !name.is_empty() && name.bytes().all(word)
}

fn setting(text: &str) -> Option<Setting> {
    match text {
        "y" => return Some(Setting::Yes),
        "m" => return Some(Setting::Module),
        "n" => return Some(Setting::No),
        _ => {}
    }
    if let Some(quoted) = text.strip_prefix('"') {
        let text = unquote(quoted.strip_suffix('"')?)?;
        // What is asked for with y, m and n never has quotes: the kernel's build refuses them.
        let is_switch = ["y", "m", "n"].contains(&text.as_ref());
        return (!is_switch).then(|| Setting::Text(text.into()));
    }
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        // Kept as text: addresses are read by people, and don't fit a signed number.
        let is_hex = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        return is_hex.then(|| Setting::Text(text.into()));
    }
    text.parse().ok().map(Setting::Number)
}

/// The text between the quotes; `\` stands before `"` and `\`. A quote that has none ends
/// the text too early.
fn unquote(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains(['"', '\\']) {
        return Some(Cow::Borrowed(text));
    }
    let mut plain = String::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return None,
            '\\' => plain.push(chars.next()?),
            _ => plain.push(c),
        }
    }
    Some(Cow::Owned(plain))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn gz(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_are_settings_comments_or_broken() {
        let text = |text: &str| Setting::Text(text.into());
        for (line, parsed) in [
            ("CONFIG_BPF=y", Line::Option("BPF", Setting::Yes)),
            ("CONFIG_BPF=m", Line::Option("BPF", Setting::Module)),
            ("CONFIG_BPF=n", Line::Option("BPF", Setting::No)),
            ("# CONFIG_BPF is not set", Line::Option("BPF", Setting::No)),
            ("CONFIG_BPF=y\r", Line::Option("BPF", Setting::Yes)),
            ("CONFIG_HZ=250", Line::Option("HZ", Setting::Number(250))),
            ("CONFIG_X=-1", Line::Option("X", Setting::Number(-1))),
            ("CONFIG_X=0x1F", Line::Option("X", text("0x1F"))),
            ("CONFIG_X=\"\"", Line::Option("X", text(""))),
            ("CONFIG_X=\"a=b # c\"", Line::Option("X", text("a=b # c"))),
            (r#"CONFIG_X="a\"b\\""#, Line::Option("X", text(r#"a"b\"#))),
            ("CONFIG_3C515=y", Line::Option("3C515", Setting::Yes)),
            ("", Line::Nothing),
            ("# Linux/x86 5.10.218 Kernel Configuration", Line::Nothing),
            ("# CONFIG_BPF is set", Line::Nothing),
            ("# CONFIG_A B is not set", Line::Nothing),
            ("CONFIG_", Line::Broken),
            ("CONFIG_=y", Line::Broken),
            ("CONFIG_BPF", Line::Broken),
            ("CONFIG_BPF=", Line::Broken),
            ("CONFIG_BPF=yes", Line::Broken),
            ("CONFIG_BPF=\"y\"", Line::Broken),
            ("CONFIG_X=\"open", Line::Broken),
            ("CONFIG_X=\"", Line::Broken),
            (r#"CONFIG_X="a\""#, Line::Broken),
            (r#"CONFIG_X="a"b""#, Line::Broken),
            ("CONFIG_X=0x", Line::Broken),
            ("CONFIG_X=99999999999999999999", Line::Broken),
            ("BPF=y", Line::Broken),
            ("\u{1b}[31mCONFIG_BPF=y", Line::Broken),
        ] {
            assert_eq!(parse_line(line), parsed, "{line}");
        }
    }

    #[test]
    fn broken_lines_are_counted_and_the_last_of_two_counts() {
        let parsed =
            options(b"CONFIG_A=y\nrubbish\n\xff\xfe\nCONFIG_B=m\nCONFIG_A=m\nCONFIG_C=").unwrap();
        assert_eq!(parsed.broken_lines, 3);
        assert_eq!(parsed.settings.len(), 2);
        assert_eq!(parsed.settings.get("A"), Some(&Setting::Module));
        assert_eq!(parsed.version, None);
        let twice = [("A".into(), [Setting::Yes, Setting::Module])];
        assert_eq!(parsed.twice, twice);
        let same = options(b"CONFIG_A=y\nCONFIG_A=m\nCONFIG_A=y\n").unwrap();
        assert_eq!(same.twice, []);
    }

    #[test]
    fn gzip_is_unpacked() {
        let header = b"#\n# Automatically generated\n# Linux/x86 6.1.0-rc3 Kernel Configuration\n";
        let config = [&header[..], b"CONFIG_A=y\n"].concat();
        let parsed = options(&gz(&config)).unwrap();
        assert_eq!(parsed.settings.get("A"), Some(&Setting::Yes));
        assert_eq!(parsed.version.as_deref(), Some("6.1.0-rc3"));
        assert_eq!(parsed.machine.as_deref(), Some("x86"));
    }

    #[test]
    fn what_is_no_config_says_why() {
        let config: String = (0..9999).map(|n| format!("CONFIG_A{n}=y\n")).collect();
        let packed = gz(config.as_bytes());
        let mut corrupt = packed.clone();
        for byte in &mut corrupt[200..240] {
            *byte = !*byte;
        }
        for (bytes, reason) in [
            (vec![], "no line sets"),
            (b"\x7fELF".to_vec(), "no line sets"),
            (b"# CONFIG_A\n".to_vec(), "no line sets"),
            (packed[..packed.len() / 2].to_vec(), "can't be unpacked"),
            (packed[..5].to_vec(), "can't be unpacked"),
            (corrupt, "can't be unpacked"),
            (gz(b""), "no line sets"),
            (gz(&vec![b'\n'; 5 * LIMIT]), "more than"),
            (vec![b'\n'; LIMIT + 1], "more than"),
        ] {
            let problem = options(&bytes).unwrap_err();
            assert!(problem.contains(reason), "{problem}");
        }
    }
}
