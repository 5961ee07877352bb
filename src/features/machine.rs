//! Rows for programs, written piece by piece: in full there are thousands of them, and all of
//! them as one text, or as the tree that becomes one, would be most of the doctor's memory.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write};

use serde::Serialize;

use super::model::{Features, Group, Row};
use crate::yaml;

/// Writes what a kernel has as YAML: the same text as [`yaml::to_string`] makes of it.
///
/// # Errors
/// What `out` says.
pub fn write_yaml(features: &Features, out: &mut dyn Write) -> io::Result<()> {
    let head = Features {
        schema: features.schema.clone(),
        kernel: features.kernel.clone(),
        table: features.table.clone(),
        sources: features.sources.clone(),
        groups: Vec::new(),
    };
    write_head(&head, features.groups.is_empty(), out)?;
    let texts = texts(features.groups.iter().flat_map(|group| &group.rows))?;
    for group in &features.groups {
        let head = [Group {
            group: group.group.clone(),
            program_type: group.program_type.clone(),
            rows: Vec::new(),
            ..*group
        }];
        write_head(&head, group.rows.is_empty(), out)?;
        for row in &group.rows {
            let text = texts.get(row).map(String::as_str).unwrap_or_default();
            out.write_all(text.as_bytes())?;
        }
    }
    Ok(())
}

/// The text of each row as it stands in a group. Of most helpers there is the same to say for
/// many types of program, so there are far fewer texts than rows.
fn texts<'a>(rows: impl Iterator<Item = &'a Row>) -> io::Result<HashMap<&'a Row, String>> {
    let mut known = HashSet::new();
    let rows: Vec<&Row> = rows.filter(|row| known.insert(*row)).collect();
    let text = yaml(&rows)?;
    let mut texts = HashMap::with_capacity(rows.len());
    let mut rest = text.as_str();
    for row in rows {
        // Nothing else begins at the first column: texts of several lines stand further in.
        let end = rest.find("\n- ").map_or(rest.len(), |end| end + 1);
        let (item, after) = rest.split_at(end);
        texts.insert(row, indented(item));
        rest = after;
    }
    Ok(texts)
}

/// Writes what a kernel has as JSON.
///
/// # Errors
/// What `out` says.
pub fn write_json(features: &Features, out: &mut dyn Write) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, features)?;
    out.write_all(b"\n")
}

fn yaml<T: Serialize>(value: &T) -> io::Result<String> {
    yaml::to_string(value).map_err(io::Error::other)
}

/// Writes what comes before the items of a list, which `head` has last and without any.
fn write_head<T: Serialize>(head: &T, is_empty: bool, out: &mut dyn Write) -> io::Result<()> {
    let text = yaml(head)?;
    match text.strip_suffix(" []\n") {
        Some(begin) if !is_empty => writeln!(out, "{begin}"),
        _ => out.write_all(text.as_bytes()),
    }
}

/// An item of a list in an item of a list.
fn indented(text: &str) -> String {
    let mut deeper = String::with_capacity(text.len() + 2 * text.lines().count());
    for line in text.split_inclusive('\n') {
        // Of texts of several lines, empty ones have no column.
        if line != "\n" {
            deeper.push_str("  ");
        }
        deeper.push_str(line);
    }
    deeper
}
