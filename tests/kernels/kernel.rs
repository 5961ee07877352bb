//! A kernel to boot: fetched as a package or built from Debian's source, and
//! kept in the cache until the table asks for another one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
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
}

/// Beside the image: what it is and what it was made from.
#[derive(Debug, Deserialize, Serialize)]
pub struct Meta {
    pub release: String,
    pub version: String,
}

impl Recipes {
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.packaged.keys().chain(self.built.keys())
    }
}

/// Has the kernel ready, from the cache if it has it, from the mirror if not.
pub fn prepare(name: &str, recipes: &Recipes, refresh: bool) -> Result<Kernel> {
    let (os, config_in_boot, recipe) = match (recipes.packaged.get(name), recipes.built.get(name)) {
        (Some(kernel), None) => (
            &kernel.os,
            true,
            format!("{} {}", kernel.package, kernel.suites.join(" ")),
        ),
        (None, Some(kernel)) => (&kernel.os, false, kbuild::recipe(kernel)),
        _ => bail!("kernels.yaml must name {name} once"),
    };
    let home = cache::root()?.join("images").join(name);
    fs::create_dir_all(&home)?;
    // The mirror is asked only when the recipe is new: a full cache needs no network.
    let pointer = home.join(format!("newest-{}", cache::digest(&[&recipe])?));
    let known = fs::read_to_string(&pointer)
        .ok()
        .map(|digest| home.join(digest.trim()));
    let place = match known.filter(|place| place.is_dir() && !refresh) {
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
            fs::write(&pointer, digest.as_bytes())?;
            place
        }
    };
    let meta: Meta = serde_yaml::from_str(&fs::read_to_string(place.join("meta.yaml"))?)?;
    Ok(Kernel {
        place,
        release: meta.release,
        version: meta.version,
        os: os.clone(),
        config_in_boot,
    })
}

/// The image and the configuration out of the packages behind a meta package.
fn fetch(kernel: &Packaged, home: &Path) -> Result<PathBuf> {
    let apt = Apt::with_suites(&kernel.suites)?;
    let (version, dependencies) = apt.newest(&kernel.package)?;
    let place = home.join(cache::digest(&[&kernel.package, &version])?);
    cache::once(&place, |staging| {
        let tree = staging.join("tree");
        let mut queue = dependencies;
        let mut seen = Vec::new();
        while let Some(package) = queue.pop() {
            // Modules are most of the bytes, and nothing here loads one.
            if package.starts_with("linux-modules-") || seen.contains(&package) {
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
        fs::remove_dir_all(&tree)?;
        write_meta(staging, &release, &version)
    })?;
    Ok(place)
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
    };
    fs::write(place.join("meta.yaml"), serde_yaml::to_string(&meta)?)?;
    Ok(())
}
