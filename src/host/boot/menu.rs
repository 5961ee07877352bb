//! GRUB's menu, as grub-mkconfig writes it.

use super::entries::Entry;
use super::follow::{Run, Scope, Value};
use super::script::{Statement, line_of, statements};

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
    /// Whether no file tells that it is in the menu, or what it starts.
    is_open: bool,
    /// Which of the entries in files it is.
    file: Option<usize>,
}

/// Menus below menus that are looked into; nobody has more than two.
const DEEPEST: usize = 8;

/// The menu, and what is booted unless somebody chooses.
#[derive(Debug, Default)]
pub(super) struct Menu {
    items: Vec<Item>,
    /// What `default` is set to in the end: a place in the menu.
    default: Option<Value>,
    /// Where among the items those in files of their own belong, and whether they are there.
    files_at: Option<(usize, Run)>,
}

/// A menu while its script is followed.
#[derive(Debug)]
struct Reader {
    menu: Menu,
    scope: Scope,
    open: Vec<Block>,
    /// Which of the open blocks are entries or menus.
    items: Vec<usize>,
    /// The function whose body is open, and which block that is.
    function: Option<(String, usize)>,
}

/// A block of the script that is open.
#[derive(Debug)]
struct Block {
    kind: Kind,
    /// Whether what is in it is run.
    run: Run,
}

#[derive(Debug)]
enum Kind {
    /// An entry or a menu; nothing where it lies too deep.
    Item(Option<Box<Item>>),
    /// Something else that has braces.
    Braces,
    /// `if` to `fi`: how far what follows is run where none of its conditions held.
    If { left: Run },
    /// `for`, `while` and `until` to `done`.
    Loop,
}

/// Why it can't be told what the next boot takes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Untold {
    /// The menu makes no sense.
    Malformed(String),
    /// It depends on what no file tells.
    Open(String),
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
    /// Which of the entries in files it is.
    pub(super) file: Option<usize>,
}

impl Menu {
    /// Follows the script, as GRUB would with these variables.
    pub(super) fn parse(text: &str, scope: Scope) -> Self {
        let mut reader = Reader {
            menu: Self::default(),
            scope,
            open: Vec::new(),
            items: Vec::new(),
            function: None,
        };
        for mut statement in statements(text) {
            // What stands behind these is a command of its own.
            let words = statement.words.iter();
            let count = words.take_while(|word| reader.take_keyword(word)).count();
            statement.words.drain(..count);
            let closes = statement.closes;
            reader.take(statement);
            if closes {
                reader.close();
            }
        }
        while !reader.open.is_empty() {
            reader.close();
        }
        Self {
            default: Some(reader.scope.expanded("${default}")),
            ..reader.menu
        }
    }

    /// What the next boot takes.
    ///
    /// # Errors
    /// Why that can't be told.
    pub(super) fn next(&self) -> Result<Next<'_>, Untold> {
        let place = match &self.default {
            None => String::new(),
            Some(Ok(place)) => place.clone(),
            Some(Err(name)) => {
                let problem =
                    format!("its default entry depends on `${name}`, which no file tells");
                return Err(Untold::Open(problem));
            }
        };
        let mut parts = place.split('>');
        // What names no entry stands for the first (`run_menu` in grub-core/normal/menu.c), and
        // a menu for its first entry.
        let mut found: Option<&Item> = None;
        let mut items = &self.items;
        let mut missed = false;
        while !items.is_empty() {
            let part = parts.next();
            let named = part.map(|part| find(items, part)).transpose()?.flatten();
            missed |= named.is_none() && part.is_some_and(|part| !part.is_empty());
            if named.is_none()
                && let Some(first) = items.first().filter(|item| item.is_open)
            {
                return Err(first.open());
            }
            found = named.or_else(|| items.first());
            items = found.map_or(&self.items, |item| &item.items);
        }
        match found {
            None => Err(Untold::Malformed("the menu has no entries".to_owned())),
            Some(item) if item.image.is_empty() => Err(Untold::Malformed(format!(
                "the entry `{}` starts no kernel",
                item.title
            ))),
            Some(item) => Ok(Next {
                image: &item.image,
                cmdline: &item.cmdline,
                missed: missed.then(|| place.clone()),
                file: item.file,
            }),
        }
    }

    /// Image and arguments of the first entry, in the order of the menu, that fits.
    pub(super) fn first(&self, fits: &dyn Fn(&str, &str) -> bool) -> Option<(&str, &str)> {
        first(&self.items, fits)
    }

    /// Whether entries are taken from files of their own.
    pub(super) fn has_entry_files(&self) -> bool {
        self.files_at.is_some()
    }

    /// The same with the entries in files, in their order, where it takes them.
    pub(super) fn with_entries(mut self, files: &[Entry]) -> Self {
        let Some((place, run)) = self.files_at else {
            return self;
        };
        let items = files.iter().enumerate().map(|(at, entry)| Item {
            title: entry.title.clone(),
            id: entry.id.clone(),
            image: format!("/{}", entry.image.trim_start_matches('/')),
            is_open: run == Run::Maybe,
            file: Some(at),
            ..Item::default()
        });
        let items = items.collect::<Vec<_>>();
        self.items.splice(place..place, items);
        self
    }

    /// Whether there is anything to choose from.
    pub(super) fn has_entries(&self) -> bool {
        !self.items.is_empty()
    }
}

impl Reader {
    fn run(&self) -> Run {
        self.open.last().map_or(Run::Yes, |block| block.run)
    }

    fn push(&mut self, kind: Kind, run: Run) {
        self.open.push(Block { kind, run });
    }

    /// Takes a word that only says what is run of an open block; whether it was one.
    fn take_keyword(&mut self, word: &str) -> bool {
        let block = self
            .open
            .last_mut()
            .map(|block| (&block.kind, &mut block.run));
        match (word, block) {
            ("else", Some((Kind::If { left }, run))) => *run = *left,
            ("then" | "do" | "else", _) => {}
            ("fi", Some((Kind::If { .. }, _))) | ("done", Some((Kind::Loop, _))) => {
                self.open.pop();
            }
            _ => return false,
        }
        true
    }

    fn take(&mut self, Statement { words, opens, .. }: Statement) {
        let run = self.run();
        let first = words.first().map_or("", String::as_str);
        let holds = |scope: &Scope| scope.holds(words.get(1..).unwrap_or_default());
        match first {
            "if" => {
                let holds = holds(&self.scope);
                let left = run.min(holds.not());
                self.push(Kind::If { left }, run.min(holds));
            }
            "elif" => {
                let holds = holds(&self.scope);
                if let Some(Block { kind, run }) = self.open.last_mut()
                    && let Kind::If { left } = kind
                {
                    (*run, *left) = ((*left).min(holds), (*left).min(holds.not()));
                }
            }
            "for" | "while" | "until" => {
                let run = run.min(Run::Maybe);
                self.scope.run(&words, run);
                self.push(Kind::Loop, run);
            }
            "function" if opens => {
                let name = words.get(1).cloned().unwrap_or_default();
                self.function.get_or_insert((name, self.open.len()));
                self.push(Kind::Braces, Run::No);
            }
            "menuentry" | "submenu" if opens => {
                let is_shallow = self.items.len() < DEEPEST;
                let item = is_shallow.then(|| Box::new(Item::of(&words, run == Run::Maybe)));
                if is_shallow {
                    self.items.push(self.open.len());
                }
                self.scope.enter();
                self.push(Kind::Item(item), run);
            }
            _ if opens => self.push(Kind::Braces, run),
            "linux" | "linux16" | "linuxefi" | "multiboot" | "multiboot2" | "module"
            | "module2" => self.start(words, run),
            "blscfg" if run != Run::No => {
                let at = self.menu.items.len();
                self.menu.files_at.get_or_insert((at, run));
            }
            _ => match &self.function {
                Some((name, _)) => self.scope.define(name, &words),
                None => self.scope.run(&words, run),
            },
        }
    }

    /// Takes a command that loads a kernel.
    fn start(&mut self, words: Vec<String>, run: Run) {
        let is_last = words.first().is_some_and(|word| word.starts_with("linux"));
        let inner = self.items.last().and_then(|at| self.open.get_mut(*at));
        let Some(Block {
            kind: Kind::Item(Some(item)),
            run: of_item,
        }) = inner
        else {
            return;
        };
        match started(words, &self.scope) {
            Some((Ok(image), cmdline)) if run != Run::No => {
                item.start(image, cmdline, run < *of_item, is_last);
            }
            Some((Err(_), _)) if run != Run::No => item.is_open = true,
            _ => {}
        }
    }

    /// Ends the innermost block that has braces, with the conditions in it.
    fn close(&mut self) {
        while let Some(block) = self.open.pop() {
            let depth = self.open.len();
            if self.function.as_ref().is_some_and(|(_, at)| *at == depth) {
                self.function = None;
            }
            let item = match block.kind {
                Kind::If { .. } | Kind::Loop => continue,
                Kind::Braces => return,
                Kind::Item(item) => item,
            };
            self.scope.leave();
            let Some(item) = item else { return };
            self.items.pop();
            if block.run == Run::No {
                return;
            }
            let parent = self.items.last().and_then(|at| self.open.get_mut(*at));
            match parent.map(|block| &mut block.kind) {
                Some(Kind::Item(Some(parent))) => parent.items.push(*item),
                _ => self.menu.items.push(*item),
            }
            return;
        }
    }
}

/// The kernel's image and its arguments in a command that loads one; nothing where it is a
/// hypervisor, which is started before the kernel.
fn started(words: Vec<String>, scope: &Scope) -> Option<(Value, String)> {
    let is_first = words
        .first()
        .is_some_and(|word| word.starts_with("multiboot"));
    let mut words = words.into_iter().skip(1).peekable();
    // `--nounzip` is for the loader.
    while words.next_if(|word| word.starts_with("--")).is_some() {}
    let image = scope.expanded(&words.next().unwrap_or_default());
    let path = image.as_deref().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    (!(is_first && name.starts_with("xen"))).then(|| (image, line_of(words)))
}

impl Item {
    /// `menuentry 'TITLE' --class x $menuentry_id_option 'ID' {`
    fn of(words: &[String], is_open: bool) -> Self {
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
            is_open,
            ..Self::default()
        }
    }

    /// Notes a kernel that is started. One replaces another, and a module does not; where it is not
    /// told which is run, neither is what is started.
    fn start(&mut self, image: String, cmdline: String, is_maybe: bool, replaces: bool) {
        let is_same = (&self.image, &self.cmdline) == (&image, &cmdline);
        if self.image.is_empty() || (replaces && !is_maybe) {
            (self.image, self.cmdline) = (image, cmdline);
        } else if !is_same {
            self.is_open |= is_maybe;
        }
    }

    fn open(&self) -> Untold {
        Untold::Open(format!(
            "whether the entry `{}` is in the menu, or what it starts, depends on what no file tells",
            self.title
        ))
    }
}

fn first<'a>(items: &'a [Item], fits: &dyn Fn(&str, &str) -> bool) -> Option<(&'a str, &'a str)> {
    items.iter().find_map(|item| {
        let own = fits(&item.image, &item.cmdline).then_some((&*item.image, &*item.cmdline));
        own.or_else(|| first(&item.items, fits))
    })
}

/// The entry with this name or at this place.
fn find<'a>(items: &'a [Item], part: &str) -> Result<Option<&'a Item>, Untold> {
    let is_named = |item: &Item| item.id == part || item.title == part;
    let at = items.iter().position(is_named).filter(|_| !part.is_empty());
    let (found, before) = match (at, part.parse::<usize>().ok()) {
        (Some(at), _) => (items.get(at), &[][..]),
        // The place of those behind is open, too.
        (None, Some(at)) => (items.get(at), items.get(..at).unwrap_or(items)),
        (None, None) => (None, &[][..]),
    };
    match before.iter().chain(found).find(|item| item.is_open) {
        Some(item) => Err(item.open()),
        None => Ok(found),
    }
}

#[cfg(test)]
pub(in crate::host) mod tests {
    use super::*;

    fn parse(text: &str, kept: &str) -> Menu {
        Menu::parse(
            text,
            Scope::new(&super::super::kept::variables_in(kept), false),
        )
    }

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
            let menu = parse(&format!("{script}\n{two}"), "");
            let next = menu.next().unwrap();
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
            let menu = parse(&text, env);
            let next = menu.next();
            let missed = next.as_ref().ok().and_then(|next| next.missed.clone());
            let gone = ["1>gone", "7"]
                .contains(&default)
                .then(|| default.to_owned());
            assert_eq!(missed, gone, "{default} {env}");
            let told = next.map(|next| next.image);
            let image = image.map_err(|why| Untold::Malformed(why.to_owned()));
            assert_eq!(told, image, "{default} {env}");
        }
    }

    #[test]
    fn what_is_not_run_is_not_in_the_menu() {
        let two = "menuentry 'A' --id a {\n linux /vmlinuz-2\n}\n\
                   menuentry 'B' --id b {\n linux /vmlinuz-1\n}\n";
        let open = |told: &str| Err(Untold::Open(told.to_owned()));
        let entry = |title: &str| {
            open(&format!(
                "whether the entry `{title}` is in the menu, or what it starts, depends on what \
                 no file tells"
            ))
        };
        let extra = "menuentry 'X' --id x {\n linux /vmlinuz-0\n}\n";
        // openSUSE's entry for snapshots; Fedora's counter of boots; Ubuntu's boot without an initrd.
        let snapshot = format!("if [ -n \"$extra_cmdline\" ]; then\n{extra}fi\n{two}");
        let counted = format!(
            "set default=\"${{saved_entry}}\"\n\
             if [ -n \"${{boot_counter}}\" -a \"${{boot_success}}\" = \"0\" ]; then\n\
             if [ \"${{boot_counter}}\" = \"0\" -o \"${{boot_counter}}\" = \"-1\" ]; then\n\
             set default=1\nset boot_counter=-1\nelse\ndecrement boot_counter\nfi\n\
             save_env boot_counter\nfi\n{two}"
        );
        let without = "menuentry 'A' {\nif [ \"${initrdfail}\" = 1 ]; then\n\
                       linux /vmlinuz-2 root=1f\nelse\nlinux /vmlinuz-2 root=2f panic=-1\nfi\n}\n";
        let platform = format!("if [ \"$grub_platform\" = \"efi\" ]; then\n{extra}fi\n");
        let by_function = format!(
            "function f {{\n if [ a ]; then set x=1; fi\n}}\nf\n\
             if [ \"$x\" = 1 ]; then set default=1; fi\n{two}"
        );
        let in_entry = "menuentry 'A' {\nset k=2\nif [ \"$k\" = 2 ]; then linux /vmlinuz-$k; \
                        else linux /vmlinuz-1; fi\n}\n"
            .to_owned();
        let both = format!("{two}{platform}");
        for (script, kept, image) in [
            (snapshot.clone(), "", Ok("/vmlinuz-2")),
            (snapshot, "extra_cmdline=x\n", Ok("/vmlinuz-0")),
            (counted.clone(), "saved_entry=a\n", Ok("/vmlinuz-2")),
            (
                counted.clone(),
                "boot_counter=0\nboot_success=0\n",
                Ok("/vmlinuz-1"),
            ),
            (
                counted,
                "boot_counter=2\nboot_success=0\n",
                Ok("/vmlinuz-2"),
            ),
            (without.to_owned(), "", Ok("/vmlinuz-2")),
            (
                without.replace("vmlinuz-2 root=2f", "vmlinuz-3"),
                "",
                Ok("/vmlinuz-3"),
            ),
            (in_entry, "", Ok("/vmlinuz-2")),
            (both.clone(), "", Ok("/vmlinuz-2")),
            (format!("default=x\n{both}"), "", entry("X")),
            (format!("default=2\n{both}"), "", entry("X")),
            (format!("{platform}{two}"), "", entry("X")),
            (format!("default=1\n{platform}{two}"), "", entry("X")),
            (format!("default=b\n{platform}{two}"), "", Ok("/vmlinuz-1")),
            (
                format!("if [ -f /x ]; then default=1; fi\n{two}"),
                "",
                open("its default entry depends on `$default`, which no file tells"),
            ),
            (
                by_function,
                "",
                open("its default entry depends on `$default`, which no file tells"),
            ),
            (
                format!("if [ -f /x ]; then set default=1; fi; set default=0\n{two}"),
                "",
                Ok("/vmlinuz-2"),
            ),
            (
                format!("if false; then true; elif [ \"$a\" = 1 ]; then default=1; fi\n{two}"),
                "a=1\n",
                Ok("/vmlinuz-1"),
            ),
            (
                format!("for x in a b; do set default=1; done\n{two}"),
                "",
                open("its default entry depends on `$default`, which no file tells"),
            ),
            (
                "menuentry A {\nif [ -f /x ]; then linux /a; else linux /b; fi\n}".to_owned(),
                "",
                entry("A"),
            ),
            (
                "menuentry A {\nlinux /vmlinuz-$grub_cpu\n}".to_owned(),
                "",
                entry("A"),
            ),
            (
                "menuentry A {\nif [ -f /x ]; then linux /a; fi\nlinux /b\n}".to_owned(),
                "",
                Ok("/b"),
            ),
        ] {
            let menu = parse(&script, kept);
            let told = menu.next().map(|next| next.image);
            assert_eq!(told, image, "{script} {kept}");
        }
        // What is kept can't be read.
        let saved = format!("set default=\"${{saved_entry}}\"\n{two}");
        for (script, is_told) in [(DEBIAN, true), (saved.as_str(), false), (two, true)] {
            let menu = Menu::parse(script, Scope::new(&std::collections::BTreeMap::new(), true));
            assert_eq!(menu.next().is_ok(), is_told, "{script}");
        }
    }

    #[test]
    fn arguments_come_as_the_kernel_gets_them() {
        let text =
            "menuentry x {\n linux /k root=UUID=1f  quiet 'dyndbg=file a +p' \"b=\\\"c\\\"\"\n}";
        let menu = parse(text, "");
        let next = menu.next().unwrap();
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
            let menu = parse(text, "");
            let told = menu.next();
            let told = told.map(|next| (next.image, next.cmdline));
            assert_eq!(told, Ok(("/k", "ro quiet")), "{text}");
        }
        let text = "set default=\"${saved_entry}\"; menuentry a { linux /a; }; \
                    menuentry b { linux /b; }";
        let menu = parse(text, "saved_entry=b\n");
        let told = menu.next().map(|next| (next.image, next.cmdline));
        assert_eq!(told, Ok(("/b", "")));
    }

    #[test]
    fn nesting_has_an_end() {
        let deep = "submenu x {\n".repeat(40_000) + &"}\n".repeat(40_000);
        assert!(parse(&deep, "").next().is_err());
        let ifs = "if true; then\n".repeat(40_000) + "set a=1\n" + &"fi\n".repeat(40_000);
        assert!(parse(&ifs, "").next().is_err());
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
            assert!(parse(text, "").next().is_err(), "{text}");
        }
        assert!(parse("insmod blscfg\nblscfg\n", "").has_entry_files());
    }
}
