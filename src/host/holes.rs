//! Files with holes, which archives have without them: where the pieces between belong.

use std::io;

/// Pieces of a file; each takes bytes of the archive.
const PIECES: usize = 1 << 16;

/// The pieces of a file, by the places where they begin and their lengths.
pub(super) type Pieces = Vec<(u64, u64)>;

/// As GNU's own format has it: four pieces in the header, more in blocks behind it, which `next`
/// fills.
pub(super) fn of_gnu(
    header: &tar::GnuHeader,
    next: &mut dyn FnMut(&mut [u8]) -> io::Result<()>,
) -> io::Result<Pieces> {
    let mut pieces = Vec::new();
    let mut add = |all: &[tar::GnuSparseHeader]| -> io::Result<()> {
        for piece in all.iter().filter(|piece| !piece.is_empty()) {
            pieces.push((piece.offset()?, piece.length()?));
        }
        match pieces.len() > PIECES {
            true => Err(too_many()),
            false => Ok(()),
        }
    };
    add(&header.sparse)?;
    let mut goes_on = header.is_extended();
    while goes_on {
        let mut more = tar::GnuExtSparseHeader::new();
        next(more.as_mut_bytes())?;
        add(&more.sparse)?;
        goes_on = more.is_extended();
    }
    in_order(pieces)
}

/// As newer ones have it: numbers in lines, how many pieces, then place and length of each, in
/// blocks of their own before the bytes, which `next` gives.
pub(super) fn told_inside(next: &mut dyn FnMut() -> io::Result<Vec<u8>>) -> io::Result<Pieces> {
    let mut numbers = Vec::new();
    let mut wanted = 1;
    let mut line = String::new();
    while numbers.len() < wanted {
        for byte in next()? {
            match byte {
                _ if numbers.len() == wanted => break,
                b'0'..=b'9' if line.len() < 20 => line.push(char::from(byte)),
                b'\n' => {
                    let number = line.parse::<u64>().map_err(|_| senseless())?;
                    line.clear();
                    if numbers.is_empty() {
                        let count = usize::try_from(number).unwrap_or(usize::MAX);
                        if count > PIECES {
                            return Err(too_many());
                        }
                        wanted += 2 * count;
                    }
                    numbers.push(number);
                }
                _ => return Err(senseless()),
            }
        }
    }
    in_order(in_pairs(numbers.get(1..).unwrap_or_default()))
}

/// Places and lengths that stand one behind the other.
pub(super) fn in_pairs(numbers: &[u64]) -> Pieces {
    let pairs = numbers.chunks_exact(2);
    let pairs = pairs.filter_map(|pair| pair.first_chunk::<2>());
    pairs.map(|[begin, length]| (*begin, *length)).collect()
}

/// Pieces stand in a file one behind the other.
pub(super) fn in_order(pieces: Pieces) -> io::Result<Pieces> {
    let mut end = 0_u64;
    for (begin, length) in &pieces {
        if *begin < end {
            return Err(senseless());
        }
        end = begin.saturating_add(*length);
    }
    Ok(pieces)
}

fn senseless() -> io::Error {
    io::Error::other("its list of holes makes no sense")
}

fn too_many() -> io::Error {
    io::Error::other("it has too many holes")
}
