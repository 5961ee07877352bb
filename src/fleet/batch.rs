//! Documents on their way from a stream to the thread that reads them.

/// Where a document begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct At {
    /// The line, counted from 1.
    pub(super) line: usize,
    /// Which of a list of JSON it is, counted from 1.
    pub(super) item: Option<u64>,
}

/// A part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A document, and where it begins.
    Document(At, &'a [u8]),
    /// A document of more than [`LIMIT`](super::read::LIMIT) bytes, which was passed over, and its
    /// beginning.
    TooLarge(At, &'a [u8]),
    /// A document so large that the rest of the stream was given up.
    Endless(At),
    /// Much that is no report; the rest of the stream was given up.
    Useless(At),
}

/// What became of a part that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Got {
    /// It was given.
    Part,
    /// Nothing: more must be read first, and the buffer was to stay as it is.
    Wait,
    /// Nothing: the stream has ended.
    End,
}

/// Is given a part, and where in the buffer a document begins that lies there.
pub(super) type Take<'a> = dyn FnMut(Part<'_>, Option<usize>) + 'a;

/// Documents of one stream.
#[derive(Default)]
pub(super) struct Batch {
    /// The stream's name.
    pub(super) source: String,
    /// What documents lie in.
    pub(super) bytes: Vec<u8>,
    /// Those of them that came from elsewhere, one behind the other.
    copies: Vec<u8>,
    pub(super) documents: Vec<Place>,
}

/// Where a document of a batch is.
pub(super) struct Place {
    /// Where it begins in the stream.
    at: At,
    start: usize,
    length: usize,
    is_copy: bool,
}

impl Batch {
    /// How many bytes of documents that came from elsewhere there are.
    pub(super) fn copied(&self) -> usize {
        self.copies.len()
    }

    /// Takes all documents away.
    pub(super) fn clear(&mut self) {
        self.copies.clear();
        self.documents.clear();
    }

    /// Adds a document.
    pub(super) fn add(&mut self, at: At, text: &[u8]) {
        self.documents.push(Place {
            at,
            start: self.copies.len(),
            length: text.len(),
            is_copy: true,
        });
        self.copies.extend_from_slice(text);
    }

    /// Adds a document that lies there in what will be the bytes.
    pub(super) fn lies(&mut self, at: At, start: usize, length: usize) {
        self.documents.push(Place {
            at,
            start,
            length,
            is_copy: false,
        });
    }

    /// The documents, and where each begins.
    pub(super) fn each(&self) -> impl Iterator<Item = (At, &[u8])> {
        self.documents.iter().map(|place| {
            let bytes = if place.is_copy {
                &self.copies
            } else {
                &self.bytes
            };
            let text = bytes.get(place.start..place.start + place.length);
            (place.at, text.unwrap_or_default())
        })
    }
}
