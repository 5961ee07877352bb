//! Facts told anew: with the places they really come from, or without what is nobody's
//! business.

use super::{Fact, Facts, Value};

impl Fact {
    fn rewrite(&mut self, key: &str, change: &mut dyn FnMut(&str, &str) -> String) {
        match self {
            Self::Known { value, source } => {
                match value {
                    Value::Text(text) => *text = change(key, text),
                    Value::List(items) => {
                        for item in items {
                            *item = change(key, item);
                        }
                    }
                    Value::Bool(_) | Value::Number(_) | Value::Absent => {}
                }
                *source = change("", source);
            }
            Self::Unknown { reason, source } => {
                reason.detail = change("", &reason.detail);
                *source = change("", source);
            }
        }
    }

    fn move_to(&mut self, origin: &dyn Fn(&str) -> Option<String>) {
        let (Self::Known { source, .. } | Self::Unknown { source, .. }) = self;
        if let Some(place) = origin(source) {
            *source = place;
        }
    }
}

impl Facts {
    /// Has facts name the places their bytes really come from, where `origin` knows better.
    pub(super) fn relocate(&mut self, origin: &dyn Fn(&str) -> Option<String>) {
        for fact in self.observed.values_mut() {
            fact.move_to(origin);
        }
        self.config.relocate(origin);
        if self.observed.contains_key("config-file") {
            self.set("config-file", self.config.file());
        }
    }

    /// Changes every text that was read from the host: values, each with the key of its fact, and
    /// reasons and sources, which have none. Of the kernel config, the place
    /// and what it says of who built it with which compiler.
    pub fn rewrite(&mut self, change: &mut dyn FnMut(&str, &str) -> String) {
        for (key, fact) in &mut self.observed {
            fact.rewrite(key, change);
        }
        self.config.rewrite(change);
    }
}
