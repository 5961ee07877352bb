//! Which checks were asked for.

use crate::catalogue::{Catalogue, nearest};

/// The checks that `--only` and `--skip` leave.
#[derive(Debug, Clone)]
pub struct Selection {
    only: Vec<String>,
    skip: Vec<String>,
}

/// A name that is neither a check nor an area.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no check and no area `{name}`{hint}")]
pub struct NoSuchCheck {
    name: String,
    hint: String,
}

impl Selection {
    /// A selection by ids of checks and of areas; everything if `only` is empty.
    ///
    /// # Errors
    /// A name the catalogue doesn't have, with the nearest that it has.
    pub fn new(
        catalogue: &Catalogue,
        only: &[String],
        skip: &[String],
    ) -> Result<Self, NoSuchCheck> {
        let checks = catalogue.checks.iter().map(|check| check.id.as_str());
        let areas = catalogue.areas.iter().map(|area| area.id.as_str());
        let names: Vec<&str> = checks.chain(areas).collect();
        for name in only.iter().chain(skip) {
            if !names.contains(&name.as_str()) {
                let near = nearest(name, names.iter().copied());
                return Err(NoSuchCheck {
                    name: name.clone(),
                    hint: near
                        .map(|near| format!("; did you mean `{near}`?"))
                        .unwrap_or_default(),
                });
            }
        }
        Ok(Self {
            only: only.to_vec(),
            skip: skip.to_vec(),
        })
    }

    /// Whether the check of this id and area was asked for.
    #[must_use]
    pub fn has(&self, check: &str, area: &str) -> bool {
        let named = |names: &[String]| names.iter().any(|name| name == check || name == area);
        (self.only.is_empty() || named(&self.only)) && !named(&self.skip)
    }
}
