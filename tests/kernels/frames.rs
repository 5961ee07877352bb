//! What the guest sends over its second serial port: named pieces, then one
//! end marker. Anything else means the guest did not get to its end.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};

/// The pieces by name, only when all of them and the end marker arrived.
pub fn parse(bytes: &[u8]) -> Result<BTreeMap<String, String>> {
    let mut frames = BTreeMap::new();
    let mut rest = bytes;
    loop {
        let Some((line, after)) = split_line(rest) else {
            bail!("no end marker after {} frames", frames.len());
        };
        let words: Vec<&str> = line.split(' ').collect();
        match words.as_slice() {
            ["@@begin", name, size] => {
                let size: usize = size
                    .parse()
                    .with_context(|| format!("size of frame {name}"))?;
                let Some((body, after)) = after.split_at_checked(size) else {
                    bail!(
                        "frame {name} is cut off after {} of {size} bytes",
                        after.len()
                    );
                };
                // The guest puts one line end after the body, whatever the body ends with.
                let end = format!("\n@@end {name}\n");
                let Some(after) = after.strip_prefix(end.as_bytes()) else {
                    bail!("frame {name} does not end where it says");
                };
                let text = String::from_utf8_lossy(body).into_owned();
                if frames.insert((*name).to_owned(), text).is_some() {
                    bail!("frame {name} came twice");
                }
                rest = after;
            }
            ["@@done", count] => {
                let count: usize = count.parse().context("count of the end marker")?;
                if count != frames.len() {
                    bail!("the guest sent {count} frames, {} arrived", frames.len());
                }
                if !after.is_empty() {
                    bail!("{} bytes came after the end marker", after.len());
                }
                return Ok(frames);
            }
            _ => bail!("unexpected line {line:?} among the frames"),
        }
    }
}

fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|&byte| byte == b'\n')?;
    let (line, rest) = bytes.split_at_checked(end)?;
    Some((
        std::str::from_utf8(line).unwrap_or("(no text)"),
        rest.get(1..).unwrap_or_default(),
    ))
}
