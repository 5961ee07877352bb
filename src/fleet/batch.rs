//! Documents on their way from a stream to the thread that reads them.

/// A part of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    /// A document, and the line it begins in.
    Document(usize, &'a [u8]),
    /// A document of more than [`LIMIT`](super::read::LIMIT) bytes, which was passed over.
    TooLarge(usize),
    /// A document so large that the rest of the stream was given up.
    Endless(usize),
    /// Much that is no report; the rest of the stream was given up.
    Useless(usize),
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
    /// The line it begins in.
    line: usize,
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
    pub(super) fn add(&mut self, line: usize, text: &[u8]) {
        self.documents.push(Place {
            line,
            start: self.copies.len(),
            length: text.len(),
            is_copy: true,
        });
        self.copies.extend_from_slice(text);
    }

    /// Adds a document that lies there in what will be the bytes.
    pub(super) fn lies(&mut self, line: usize, start: usize, length: usize) {
        self.documents.push(Place {
            line,
            start,
            length,
            is_copy: false,
        });
    }

    /// The documents, and the line each begins in.
    pub(super) fn each(&self) -> impl Iterator<Item = (usize, &[u8])> {
        self.documents.iter().map(|place| {
            let bytes = if place.is_copy {
                &self.copies
            } else {
                &self.bytes
            };
            let text = bytes.get(place.start..place.start + place.length);
            (place.line, text.unwrap_or_default())
        })
    }
}
