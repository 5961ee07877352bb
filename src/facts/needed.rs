//! Of a long list of mounts, the lines that facts ask for: a host with many containers has a
//! hundred thousand, and a dozen of them matter.

use std::collections::HashSet;
use std::io::{self, BufRead, BufReader, Read, Write};

use flate2::write::GzEncoder;

use super::{environment, mounts};
use crate::gzip::{GZIP, GzipMembers};

/// Longest line that is looked at, in bytes: the kernel writes no path of more than a page, and
/// an overlay names many.
const LINE: u64 = 128 << 10;

/// So many lines that make no sense are kept, to say that there were some.
const BROKEN: usize = 16;

/// The lines of a list of mounts that facts ask for, in their order; the list may be packed
/// with gzip. Its first line is always kept, since it shows what the list is.
///
/// Which mounts lie on the way to those that matter is known at the list's end; until then it
/// is kept packed.
///
/// # Errors
/// The reader's, and [`io::ErrorKind::FileTooLarge`] for one of more than `most` bytes.
pub fn needed_mounts(input: impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut input = BufReader::new(input);
    let is_packed = input.fill_buf()?.starts_with(GZIP);
    let plain: Box<dyn Read + '_> = match is_packed {
        true => Box::new(GzipMembers::new(input)),
        false => Box::new(input),
    };
    let mut ways = HashSet::from(["/".to_owned()]);
    let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let mut total = 0;
    each_line(plain, &mut |line| {
        total += line.len();
        if total >= most {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let text = String::from_utf8_lossy(line);
        if let Some((point, fs_type)) = mounts::point_and_type(text.trim_end()) {
            mounts::add_ways(&mut ways, &point, fs_type);
        }
        packed.write_all(line)
    })?;
    let packed = packed.finish()?;

    let mut kept = Vec::new();
    let (mut first, mut broken) = (true, 0);
    let mut marks: Vec<&str> = environment::mount_marks().collect();
    each_line(
        flate2::bufread::GzDecoder::new(packed.as_slice()),
        &mut |line| {
            let text = String::from_utf8_lossy(line);
            let text = text.trim_end();
            let all = marks.len();
            marks.retain(|mark| !text.contains(mark));
            let matters = match mounts::point_and_type(text) {
                Some((point, _)) => ways.contains(&point) || marks.len() < all,
                None if text.is_empty() => false,
                None => {
                    broken += 1;
                    broken <= BROKEN
                }
            };
            if matters || (first && !text.is_empty()) {
                kept.extend_from_slice(line);
            }
            first &= text.is_empty();
            Ok(())
        },
    )?;
    Ok(kept)
}

/// Calls `take` with each line, its end included; of one that is too long, with its beginning.
fn each_line(input: impl Read, take: &mut dyn FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.by_ref().take(LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        take(&line)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_mounts_those_that_matter_are_kept() {
        let many: String = (10..2000)
            .map(|id| format!("{id} 1 0:{id} / /run/x/{id} rw - overlay o rw,lowerdir=/a\n"))
            .collect();
        let first = "1 0 8:1 / / rw - ext4 /dev/sda rw\n";
        let pod = "8 1 8:1 /kubelet/pods/1/etc-hosts /etc/hosts rw - ext4 /dev/sda rw\n";
        let wanted = "3 1 0:3 / /run/x rw - tmpfs x rw\n4 3 0:4 / /run/x/b\\040c rw - bpf b rw\n";
        let text = format!("{first}{many}nonsense\n{pod}{wanted}");
        let kept = format!("{first}nonsense\n{pod}{wanted}");
        let mut packed = GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packed.write_all(text.as_bytes()).unwrap();
        for bytes in [text.as_bytes().to_vec(), packed.finish().unwrap()] {
            let needed = needed_mounts(bytes.as_slice(), 1 << 20).unwrap();
            assert_eq!(String::from_utf8(needed).unwrap(), kept);
        }
        let too_large = needed_mounts(text.as_bytes(), 1000).unwrap_err();
        assert_eq!(too_large.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn each_form_of_the_list_is_understood() {
        for (line, kept) in [
            ("bpf /sys/fs/bpf bpf rw 0 0\n", true),
            ("overlay /var/x overlay rw 0 0\n", false),
            ("bpf on /sys/fs/bpf type bpf (rw,nosuid)\n", true),
            ("/dev/sda on /my disk type xfs (rw) [x]\n", false),
        ] {
            let text = format!("proc /proc proc rw 0 0\n{line}");
            let needed = needed_mounts(text.as_bytes(), 9999).unwrap();
            let needed = String::from_utf8(needed).unwrap();
            assert_eq!(needed.contains(line), kept, "{line}");
        }
    }
}
