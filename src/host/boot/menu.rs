//! GRUB's menu, as grub-mkconfig writes it, and the variables GRUB keeps.

use std::collections::BTreeMap;

use super::script::{Statement, statements};

/// An entry of the menu, or a menu below it.
#[derive(Debug, Default, PartialEq, Eq)]
struct Item {
    title: String,
    id: String,
    /// Path of the kernel image; empty in a menu.
    image: String,
    /// The arguments it gets.
    cmdline: String,
    items: Vec<Item>,
}

/// Menus below menus that are looked into; nobody has more than two.
const DEEPEST: usize = 8;

/// The menu, and what is booted unless somebody chooses.
#[derive(Debug, Default)]
pub(super) struct Menu {
    items: Vec<Item>,
    /// What `default` is set to: a place in the menu, or a variable.
    default: Option<String>,
    /// Whether the entries are files of their own.
    pub(super) has_entry_files: bool,
}

/// What the next boot takes of a menu.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Next<'a> {
    /// Path of the kernel image.
    pub(super) image: &'a str,
    /// The arguments it gets.
    pub(super) cmdline: &'a str,
    /// What was to be booted, where no entry has that name.
    pub(super) missed: Option<String>,
}

impl Menu {
    pub(super) fn parse(text: &str) -> Self {
        let mut menu = Self::default();
        // Open blocks: a menu or entry, or something else that has braces.
        let mut open: Vec<Option<Item>> = Vec::new();
        for Statement {
            words,
            opens,
            closes,
        } in statements(text)
        {
            // What stands behind these is a command of its own.
            let keywords = ["then", "else", "do"];
            let is_keyword = |word: &&String| keywords.contains(&word.as_str());
            let count = words.iter().take_while(is_keyword).count();
            let words: Vec<String> = words.into_iter().skip(count).collect();
            let first = words.first().map_or("", String::as_str);
            match first {
                "menuentry" | "submenu" if opens => {
                    let shallow = open.len() < DEEPEST;
                    open.push(shallow.then(|| Item::of(&words)));
                }
                "linux" | "linux16" | "linuxefi" | "multiboot" | "multiboot2" | "module"
                | "module2" => {
                    // A hypervisor is started before the kernel; `--nounzip` is for the loader.
                    let is_first = first.starts_with("multiboot");
                    let mut words = words.into_iter().skip(1).peekable();
                    while words.next_if(|word| word.starts_with("--")).is_some() {}
                    let image = words.next().unwrap_or_default();
                    let name = image.rsplit('/').next().unwrap_or_default();
                    let is_kernel = !(is_first && name.starts_with("xen"));
                    let inner = open.iter_mut().rev().flatten().next();
                    if let Some(item) = inner.filter(|item| is_kernel && item.image.is_empty()) {
                        item.image = image;
                        item.cmdline = line_of(words);
                    }
                }
                // What is set in an entry or a function counts once that is chosen or called. The
                // one-time choice is looked at apart.
                _ if default_set(&words).is_some() => {
                    let value = default_set(&words).unwrap_or_default();
                    if open.is_empty() && !value.contains("next_entry") {
                        menu.default = Some(value.to_owned());
                    }
                }
                "blscfg" => menu.has_entry_files = true,
                _ if opens => open.push(None),
                _ => {}
            }
            if closes && let Some(Some(item)) = open.pop() {
                let parent = open.iter_mut().rev().flatten().next();
                parent
                    .map_or(&mut menu.items, |parent| &mut parent.items)
                    .push(item);
            }
        }
        menu
    }

    /// What the next boot takes.
    ///
    /// # Errors
    /// Why that can't be told, as a sentence.
    pub(super) fn next(&self, variables: &BTreeMap<String, String>) -> Result<Next<'_>, String> {
        let place = self.place(variables);
        let mut parts = place.split('>');
        // What names no entry stands for the first (`run_menu` in grub-core/normal/menu.c), and
        // a menu for its first entry.
        let mut found: Option<&Item> = None;
        let mut items = &self.items;
        let mut missed = false;
        while !items.is_empty() {
            let part = parts.next();
            let named = part.and_then(|part| find(items, part));
            missed |= named.is_none() && part.is_some_and(|part| !part.is_empty());
            found = named.or_else(|| items.first());
            items = found.map_or(&self.items, |item| &item.items);
        }
        match found {
            None => Err("the menu has no entries".to_owned()),
            Some(item) if item.image.is_empty() => {
                Err(format!("the entry `{}` starts no kernel", item.title))
            }
            Some(item) => Ok(Next {
                image: &item.image,
                cmdline: &item.cmdline,
                missed: missed.then(|| place.clone()),
            }),
        }
    }

    /// Image and arguments of the first entry, in the order of the menu, that fits.
    pub(super) fn first(&self, fits: &dyn Fn(&str, &str) -> bool) -> Option<(&str, &str)> {
        first(&self.items, fits)
    }

    /// Whether there is anything to choose from.
    pub(super) fn has_entries(&self) -> bool {
        !self.items.is_empty()
    }

    /// Whether what is booted is what was saved before.
    pub(super) fn asks_what_is_saved(&self) -> bool {
        let default = self.default.as_deref();
        default.is_some_and(|default| default.starts_with('$'))
    }

    fn place(&self, variables: &BTreeMap<String, String>) -> String {
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty());
        if let Some(once) = variable("next_entry") {
            return once.clone();
        }
        let default = self.default.as_deref().unwrap_or("0");
        let name = default
            .strip_prefix("${")
            .and_then(|name| name.strip_suffix('}'));
        match name.or_else(|| default.strip_prefix('$')) {
            Some(name) => variable(name).cloned().unwrap_or_else(|| "0".to_owned()),
            None => default.to_owned(),
        }
    }
}

/// What a command sets `default` to: `set default=1`, or `default=1`, perhaps beside others.
fn default_set(words: &[String]) -> Option<&str> {
    let mut words = words.iter().map(String::as_str).peekable();
    if words.next_if_eq(&"set").is_none() && !words.clone().all(|word| word.contains('=')) {
        return None;
    }
    let mut values = words.filter_map(|word| word.strip_prefix("default="));
    values.next_back()
}

impl Item {
    /// `menuentry 'TITLE' --class x $menuentry_id_option 'ID' {`
    fn of(words: &[String]) -> Self {
        let option = |word: &&String| *word == "$menuentry_id_option" || *word == "--id";
        let id = words.iter().skip_while(|word| !option(word)).nth(1);
        let joined = words.iter().find_map(|word| word.strip_prefix("--id="));
        Self {
            title: words.get(1).cloned().unwrap_or_default(),
            id: id
                .map(String::as_str)
                .or(joined)
                .unwrap_or_default()
                .to_owned(),
            ..Self::default()
        }
    }
}

fn first<'a>(items: &'a [Item], fits: &dyn Fn(&str, &str) -> bool) -> Option<(&'a str, &'a str)> {
    items.iter().find_map(|item| {
        let own = fits(&item.image, &item.cmdline).then_some((&*item.image, &*item.cmdline));
        own.or_else(|| first(&item.items, fits))
    })
}

fn find<'a>(items: &'a [Item], part: &str) -> Option<&'a Item> {
    let named = items
        .iter()
        .find(|item| item.id == part || item.title == part);
    named.or_else(|| items.get(part.parse::<usize>().ok()?))
}

/// The command line of these arguments, as GRUB writes it: those with spaces in quotes.
fn line_of(arguments: impl Iterator<Item = String>) -> String {
    let shown = arguments.map(|argument| match argument.contains(' ') {
        true => format!("\"{argument}\""),
        false => argument,
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// The variables in an environment block: `name=value` lines, filled up with `#`.
pub(super) fn variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect()
}

#[cfg(test)]
pub(in crate::host) mod tests {
    use super::*;

    /// As Debian's grub-mkconfig writes it, shortened.
    pub(crate) const DEBIAN: &str = r#"
if [ -s $prefix/grubenv ]; then
  load_env
fi
if [ "${next_entry}" ] ; then
   set default="${next_entry}"
   set next_entry=
   save_env next_entry
   set boot_once=true
else
   set default="0"
fi
function savedefault {
  if [ -z "${boot_once}" ]; then
    saved_entry="${chosen}"
  fi
}
menuentry 'Debian GNU/Linux' --class debian $menuentry_id_option 'gnulinux-simple-1f' {
	load_video
	linux	/boot/vmlinuz-6.1.0-10-amd64 root=UUID=1f ro quiet
	initrd	/boot/initrd.img-6.1.0-10-amd64
}
submenu 'Advanced options for Debian GNU/Linux' $menuentry_id_option 'gnulinux-advanced-1f' {
	menuentry 'Debian, with Linux 6.1.0-10-amd64' --class os $menuentry_id_option 'new' {
		linux	/boot/vmlinuz-6.1.0-10-amd64 root=UUID=1f ro quiet
	}
	menuentry 'Debian, with Linux 6.1.0-9-amd64' --class os $menuentry_id_option 'old' {
		linux	/boot/vmlinuz-6.1.0-9-amd64 root=UUID=1f ro quiet
	}
}
menuentry 'UEFI Firmware Settings' $menuentry_id_option 'uefi-firmware' {
	fwsetup
}
"#;

    #[test]
    fn a_menu_that_somebody_wrote_is_read_as_a_script() {
        let two = "menuentry 'A b' --id=a {\n linux /vmlinuz-6.9.2 ro\n}\n\
                   menuentry 'B b' --id=b {\n linux /vmlinuz-6.9.1 ro\n}\n";
        let (old, new) = ("/vmlinuz-6.9.1", "/vmlinuz-6.9.2");
        for (script, image) in [
            ("set default=1", old),
            ("default=1", old),
            ("default=\"1\"", old),
            ("timeout=5 default=1", old),
            ("set timeout=5; set default=1", old),
            ("timeout=5; default='B b'", old),
            ("if [ x = x ]; then set default=1; fi", old),
            ("if [ x = y ]; then true; else default=1; fi", old),
            ("set default=b", old),
            ("echo default=1", new),
            ("set fallback=1", new),
            ("function f {\n set default=1\n}", new),
            (
                "menuentry 'C' {\n linux /vmlinuz-6.9.2\n set default=2\n}",
                new,
            ),
            (
                "menuentry 'Xen' {\n multiboot2 /xen.gz x\n module2 --nounzip /vmlinuz-6.9.1 x ro\n\
                 module2 /initrd\n}",
                old,
            ),
            (
                "menuentry 'Xen' {\n multiboot /xen-4.17.gz\n module /vmlinuz-6.9.1 ro\n}",
                old,
            ),
        ] {
            let menu = Menu::parse(&format!("{script}\n{two}"));
            let next = menu.next(&BTreeMap::new()).unwrap();
            assert_eq!(next.image, image, "{script}");
        }
    }

    #[test]
    fn the_default_is_followed_to_its_image() {
        let old = Ok("/boot/vmlinuz-6.1.0-9-amd64");
        let new = Ok("/boot/vmlinuz-6.1.0-10-amd64");
        for (default, env, image) in [
            ("0", "", new),
            ("0", "saved_entry=1>1\n", new),
            ("1>1", "", old),
            ("1", "", new),
            ("gnulinux-advanced-1f>old", "", old),
            ("Advanced options for Debian GNU/Linux>1", "", old),
            ("1>gone", "", new),
            ("${saved_entry}", "# GRUB\nsaved_entry=1>old\n####", old),
            ("${saved_entry}", "saved_entry=\n", new),
            ("${saved_entry}", "", new),
            ("0", "next_entry=1>old\n", old),
            ("7", "", new),
            ("", "", new),
            (
                "uefi-firmware",
                "",
                Err("the entry `UEFI Firmware Settings` starts no kernel"),
            ),
        ] {
            let text = DEBIAN.replace("set default=\"0\"", &format!("set default=\"{default}\""));
            let menu = Menu::parse(&text);
            let next = menu.next(&variables(env));
            let missed = next.as_ref().ok().and_then(|next| next.missed.clone());
            let gone = ["1>gone", "7"]
                .contains(&default)
                .then(|| default.to_owned());
            assert_eq!(missed, gone, "{default} {env}");
            let told = next.map(|next| next.image);
            assert_eq!(told, image.map_err(str::to_owned), "{default} {env}");
        }
    }

    #[test]
    fn arguments_come_as_the_kernel_gets_them() {
        let text =
            "menuentry x {\n linux /k root=UUID=1f  quiet 'dyndbg=file a +p' \"b=\\\"c\\\"\"\n}";
        let menu = Menu::parse(text);
        let next = menu.next(&BTreeMap::new()).unwrap();
        assert_eq!(next.image, "/k");
        assert_eq!(
            next.cmdline,
            "root=UUID=1f quiet \"dyndbg=file a +p\" b=\"c\""
        );
    }

    #[test]
    fn an_entry_may_stand_in_one_line() {
        for text in [
            "menuentry 'x' { linux /k ro quiet; initrd /i; }",
            "menuentry 'x' {linux /k ro quiet;}",
            "menuentry 'x' --id y { linux /k ro quiet }\nmenuentry z { linux /other; }",
            "if true; then set default=0; fi; menuentry x { linux /k ro quiet # no\n}",
            "submenu 'a' { menuentry 'x' { linux /k ro quiet; } }",
            "menuentry 'x {y}' { linux /k ro \\\n quiet\n}",
        ] {
            let menu = Menu::parse(text);
            let told = menu.next(&BTreeMap::new());
            let told = told.map(|next| (next.image, next.cmdline));
            assert_eq!(told, Ok(("/k", "ro quiet")), "{text}");
        }
        let text = "set default=\"${saved_entry}\"; menuentry a { linux /a; }; \
                    menuentry b { linux /b; }";
        let env = BTreeMap::from([("saved_entry".to_owned(), "b".to_owned())]);
        let menu = Menu::parse(text);
        let told = menu.next(&env).map(|next| (next.image, next.cmdline));
        assert_eq!(told, Ok(("/b", "")));
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = "submenu x {\n".repeat(40_000) + &"}\n".repeat(40_000);
        assert!(Menu::parse(&deep).next(&BTreeMap::new()).is_err());
    }

    #[test]
    fn garbage_is_an_empty_menu() {
        for text in [
            "",
            "}\n}\n{",
            "menuentry {",
            "submenu 'x' {\n}",
            "'\"\\",
            "linux",
        ] {
            let menu = Menu::parse(text);
            assert!(menu.next(&BTreeMap::new()).is_err(), "{text}");
        }
        assert!(Menu::parse("insmod blscfg\nblscfg\n").has_entry_files);
    }
}
