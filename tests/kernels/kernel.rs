//! A kernel to boot: fetched as a package or built from Debian's source, and
//! kept in the cache until the table asks for another one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::apt::Apt;
use crate::{cache, kbuild};

/// `kernels.yaml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipes {
    packaged: BTreeMap<String, Packaged>,
    built: BTreeMap<String, Built>,
}

/// A kernel as Debian ships it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Packaged {
    /// Suites to look in; the newest version of all wins.
    suites: Vec<String>,
    /// The package that always depends on the current kernel.
    package: String,
    /// Kept beside the image, with those they need.
    #[serde(default)]
    modules: Vec<String>,
    /// On every command line of this kernel.
    #[serde(default)]
    arguments: String,
    os: Os,
}

/// A kernel built here, with something taken away.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Built {
    pub suites: Vec<String>,
    /// The package with the source.
    pub source: String,
    /// Options beyond minimal.config.
    #[serde(default)]
    pub with: Vec<String>,
    /// Options taken away, which the final .config must not have.
    pub without: Vec<String>,
    /// What it is for; for readers of the table.
    #[serde(rename = "why")]
    _why: String,
    os: Os,
}

/// What the guest's /etc/os-release says.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Os {
    pub version_id: String,
    pub codename: String,
}

/// A kernel in the cache.
#[derive(Debug)]
pub struct Kernel {
    pub place: PathBuf,
    pub release: String,
    pub version: String,
    pub os: Os,
    /// Its configuration lies in /boot on a host; built kernels carry it inside.
    pub config_in_boot: bool,
    /// On every command line of this kernel.
    pub arguments: String,
}

impl Kernel {
    /// The modules kept with it, in an order in which they can be loaded.
    pub fn modules(&self) -> Result<Vec<PathBuf>> {
        let list = fs::read_to_string(self.place.join("modules/order")).unwrap_or_default();
        let modules: Vec<PathBuf> = list
            .lines()
            .map(|name| self.place.join("modules").join(format!("{name}.ko")))
            .collect();
        for module in &modules {
            ensure!(module.is_file(), "{} is gone", module.display());
        }
        Ok(modules)
    }
}

/// Beside the image: what it is and what it was made from.
#[derive(Debug, Deserialize, Serialize)]
pub struct Meta {
    pub release: String,
    pub version: String,
    /// Digest of the image, as it was when it was put here.
    pub image: String,
}

impl Recipes {
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.packaged.keys().chain(self.built.keys())
    }
}

/// Has the kernel ready, from the cache if it has it, from the mirror if not.
pub fn prepare(name: &str, recipes: &Recipes, refresh: bool) -> Result<Kernel> {
    let packaged = recipes.packaged.get(name);
    let (os, recipe) = match (packaged, recipes.built.get(name)) {
        (Some(kernel), None) => {
            let (suites, modules) = (kernel.suites.join(" "), kernel.modules.join(" "));
            (&kernel.os, format!("{} {suites} {modules}", kernel.package))
        }
        (None, Some(kernel)) => (&kernel.os, kbuild::recipe(kernel)),
        _ => bail!("kernels.yaml must name {name} once"),
    };
    let home = cache::root()?.join("images").join(name);
    fs::create_dir_all(&home)?;
    // The mirror is asked only when the recipe is new: a full cache needs no network.
    let pointer = home.join(format!("newest-{}", cache::digest(&[&recipe])?));
    let known = fs::read_to_string(&pointer)
        .ok()
        .filter(|digest| !digest.trim().is_empty())
        .map(|digest| home.join(digest.trim()));
    let kept = known.filter(|place| place.is_dir() && !refresh);
    if let Some(place) = &kept
        && let Err(why) = meta(place)
    {
        println!("{name}: what the cache has is of no use ({why:#}), and is made again");
        fs::remove_dir_all(place)?;
    }
    let place = match kept.filter(|place| place.is_dir()) {
        Some(place) => place,
        None => {
            let place = match (recipes.packaged.get(name), recipes.built.get(name)) {
                (Some(kernel), _) => fetch(kernel, &home)?,
                (_, Some(kernel)) => kbuild::build(name, kernel, &recipe, &home)?,
                _ => bail!("kernels.yaml does not name {name}"),
            };
            let digest = place
                .file_name()
                .context("a kernel without a digest")?
                .to_string_lossy();
            cache::write_whole(&pointer, digest.as_bytes())?;
            place
        }
    };
    let meta = meta(&place)?;
    Ok(Kernel {
        place,
        release: meta.release,
        version: meta.version,
        os: os.clone(),
        config_in_boot: packaged.is_some(),
        arguments: packaged.map_or_else(String::new, |kernel| kernel.arguments.clone()),
    })
}

/// What a kernel's folder says of itself, if its image is still the one that was put there.
fn meta(place: &Path) -> Result<Meta> {
    let path = place.join("meta.yaml");
    let text = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    let meta: Meta =
        serde_yaml::from_str(&text).with_context(|| format!("reading {}", path.display()))?;
    let image = place.join("vmlinuz");
    ensure!(
        cache::digest_of(&image)? == meta.image,
        "{} is not the image that was put there",
        image.display()
    );
    Ok(meta)
}

/// The image and the configuration out of the packages behind a meta package.
fn fetch(kernel: &Packaged, home: &Path) -> Result<PathBuf> {
    let apt = Apt::with_suites(&kernel.suites)?;
    let (version, dependencies) = apt.newest(&kernel.package)?;
    let modules = kernel.modules.join(" ");
    let place = home.join(cache::digest(&[&kernel.package, &version, &modules])?);
    cache::once(&place, |staging| {
        let tree = staging.join("tree");
        let mut queue = dependencies;
        let mut seen = Vec::new();
        while let Some(package) = queue.pop() {
            // Where they are a package of their own, modules are most of the bytes.
            let unwanted = package.starts_with("linux-modules-") && kernel.modules.is_empty();
            if unwanted || seen.contains(&package) {
                continue;
            }
            let (version, more) = apt.newest(&package)?;
            apt.unpack(&package, &version, &tree)?;
            queue.extend(more);
            seen.push(package);
        }
        // Until 6.12 /boot/vmlinuz-RELEASE, later /usr/lib/modules/RELEASE/vmlinuz.
        let (image, release) = find_image(&tree)?;
        let config = [
            tree.join(format!("boot/config-{release}")),
            tree.join(format!("usr/lib/modules/{release}/config")),
        ];
        let config = config
            .iter()
            .find(|path| path.is_file())
            .context("the packages hold no kernel config")?;
        fs::rename(image, staging.join("vmlinuz"))?;
        fs::rename(config, staging.join("config"))?;
        keep_modules(&tree, &kernel.modules, &staging.join("modules"))?;
        fs::remove_dir_all(&tree)?;
        write_meta(staging, &release, &version)
    })?;
    Ok(place)
}

/// Copies modules and those they need out of the unpacked packages, without compression, and
/// notes an order in which they can be loaded.
fn keep_modules(tree: &Path, wanted: &[String], into: &Path) -> Result<()> {
    fs::create_dir_all(into)?;
    let mut files = BTreeMap::new();
    find_modules(&tree.join("lib/modules"), &mut files);
    find_modules(&tree.join("usr/lib/modules"), &mut files);
    let mut order: Vec<String> = Vec::new();
    let mut queue: Vec<String> = wanted.to_vec();
    while let Some(name) = queue.pop() {
        if order.contains(&name) {
            continue;
        }
        let file = files
            .get(&name)
            .with_context(|| format!("the packages hold no module {name}"))?;
        let needs = cache::check(
            Command::new("/sbin/modinfo")
                .args(["-F", "depends"])
                .arg(file),
        )?;
        let missing: Vec<String> = needs
            .trim()
            .split(',')
            .filter(|need| !need.is_empty() && !order.iter().any(|done| done == need))
            .map(str::to_owned)
            .collect();
        if !missing.is_empty() {
            // Once more after what it needs.
            queue.push(name);
            queue.extend(missing);
            continue;
        }
        let copy = into.join(format!("{name}.ko"));
        if file.extension().is_some_and(|extension| extension == "xz") {
            let script = "xz -dc \"$1\" > \"$2\"";
            let mut unpack = Command::new("sh");
            unpack.args(["-c", script, "unpack"]).arg(file).arg(copy);
            cache::check(&mut unpack)?;
        } else {
            fs::copy(file, copy)?;
        }
        order.push(name);
    }
    fs::write(into.join("order"), order.join("\n"))?;
    Ok(())
}

/// All modules below a folder, by the names they are loaded under.
fn find_modules(folder: &Path, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if entry.file_type().is_ok_and(|of| of.is_dir()) {
            find_modules(&path, found);
        } else if let Some((name, "" | ".xz")) = name.split_once(".ko") {
            found.insert(name.replace('-', "_"), path);
        }
    }
}

fn find_image(tree: &Path) -> Result<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(tree.join("boot"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let name = entry.file_name().to_string_lossy().into_owned();
        if let Some(release) = name.strip_prefix("vmlinuz-") {
            found.push((entry.path(), release.to_owned()));
        }
    }
    for entry in fs::read_dir(tree.join("usr/lib/modules"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let image = entry.path().join("vmlinuz");
        if image.is_file() {
            found.push((image, entry.file_name().to_string_lossy().into_owned()));
        }
    }
    match found.len() {
        1 => found.pop().context("one image"),
        n => bail!("the packages hold {n} kernel images"),
    }
}

/// The last thing written into a kernel's folder.
pub fn write_meta(place: &Path, release: &str, version: &str) -> Result<()> {
    let meta = Meta {
        release: release.to_owned(),
        version: version.to_owned(),
        image: cache::digest_of(&place.join("vmlinuz"))?,
    };
    fs::write(place.join("meta.yaml"), serde_yaml::to_string(&meta)?)?;
    Ok(())
}
