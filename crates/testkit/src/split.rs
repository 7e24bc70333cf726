//! Every way a transport may cut a byte stream.
//!
//! A parser of a byte stream must give the same events and the same error whatever pieces the
//! bytes arrive in. [`for_every_split`] checks a vector under all the splits that find bugs in
//! practice; [`random_cuts`] adds random ones to a property test.
//!
//! ```
//! use switchover_testkit::split;
//!
//! /// Counts the lines of a stream that arrives in pieces.
//! #[derive(Default)]
//! struct Lines(usize);
//! impl Lines {
//!     fn receive(&mut self, piece: &[u8]) {
//!         self.0 += piece.iter().filter(|byte| **byte == b'\n').count();
//!     }
//! }
//!
//! split::for_every_split(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", |pieces| {
//!     let mut lines = Lines::default();
//!     pieces.iter().for_each(|piece| lines.receive(piece));
//!     assert_eq!(lines.0, 3);
//! });
//! ```

use std::fmt;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

/// The stream in one piece.
pub fn whole(bytes: &[u8]) -> Vec<&[u8]> {
    vec![bytes]
}

/// The stream one byte at a time; no piece at all where it is empty.
pub fn bytewise(bytes: &[u8]) -> Vec<&[u8]> {
    chunks(bytes, 1)
}

/// The stream in pieces of `size` bytes, the last one possibly shorter.
///
/// # Panics
/// Where `size` is 0.
pub fn chunks(bytes: &[u8], size: usize) -> Vec<&[u8]> {
    bytes.chunks(size).collect()
}

/// Each of the `bytes.len() + 1` ways to cut the stream in two, those with an empty end included.
pub fn every_cut(bytes: &[u8]) -> impl Iterator<Item = [&[u8]; 2]> {
    (0..=bytes.len()).map(|cut| {
        let (before, after) = bytes.split_at(cut);
        [before, after]
    })
}

/// `bytes` followed by `trailing`: what stands behind a head or a frame in the same buffer must
/// change nothing in how it is read.
pub fn with_trailing(bytes: &[u8], trailing: &[u8]) -> Vec<u8> {
    [bytes, trailing].concat()
}

/// Calls `check` with the stream whole, byte by byte, in chunks of 2, 3, 7, 16 and 61 bytes, and
/// cut in two at every place: `bytes.len() + 8` calls over the whole stream, so keep vectors short.
///
/// Where `check` panics, the split it was given is written to standard error.
pub fn for_every_split(bytes: &[u8], mut check: impl FnMut(&[&[u8]])) {
    let mut run = |split: Split, pieces: &[&[u8]]| {
        let _named = NameOnPanic(split);
        check(pieces);
    };
    run(Split::Whole, &whole(bytes));
    run(Split::Chunks(1), &bytewise(bytes));
    for size in [2, 3, 7, 16, 61] {
        run(Split::Chunks(size), &chunks(bytes, size));
    }
    for (at, pieces) in every_cut(bytes).enumerate() {
        run(Split::Cut(at), &pieces);
    }
}

/// Up to 12 random cuts of a stream of any length; two cuts at one place give an empty piece.
///
/// ```
/// use proptest::prelude::*;
/// use switchover_testkit::split::random_cuts;
///
/// proptest!(|(bytes: Vec<u8>, cuts in random_cuts())| {
///     prop_assert_eq!(cuts.pieces(&bytes).concat(), bytes);
/// });
/// ```
pub fn random_cuts() -> impl Strategy<Value = Cuts> {
    vec(any::<Index>(), 0..=12).prop_map(Cuts)
}

/// Places to cut a stream at, independent of its length (see [`random_cuts`]).
#[derive(Clone, Debug)]
pub struct Cuts(Vec<Index>);

impl Cuts {
    /// The cut positions in a stream of `len` bytes, in order, each in `0..=len`.
    pub fn positions(&self, len: usize) -> Vec<usize> {
        let mut positions: Vec<usize> = self.0.iter().map(|cut| cut.index(len + 1)).collect();
        positions.sort_unstable();
        positions
    }

    /// The pieces of `bytes` between the cuts.
    pub fn pieces<'b>(&self, bytes: &'b [u8]) -> Vec<&'b [u8]> {
        let mut pieces = Vec::with_capacity(self.0.len() + 1);
        let (mut rest, mut start) = (bytes, 0);
        for position in self.positions(bytes.len()) {
            let (piece, after) = rest.split_at(position - start);
            pieces.push(piece);
            (rest, start) = (after, position);
        }
        pieces.push(rest);
        pieces
    }
}

/// How [`for_every_split`] has cut the stream.
enum Split {
    Whole,
    Chunks(usize),
    Cut(usize),
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole => f.write_str("in one piece"),
            Self::Chunks(size) => write!(f, "in pieces of {size} bytes"),
            Self::Cut(at) => write!(f, "cut in two at byte {at}"),
        }
    }
}

struct NameOnPanic(Split);

impl Drop for NameOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the check failed with the stream {}", self.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_split_joins_to_the_stream_and_none_is_left_out() {
        let stream: Vec<u8> = (0..100).collect();
        let mut splits = Vec::new();
        for_every_split(&stream, |pieces| {
            assert_eq!(pieces.concat(), stream);
            splits.push(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>());
        });
        assert_eq!(splits.len(), stream.len() + 8);
        assert!(splits.contains(&vec![100]), "whole");
        assert!(splits.contains(&vec![1; 100]), "bytewise");
        for cut in 0..=100 {
            assert!(splits.contains(&vec![cut, 100 - cut]), "cut at {cut}");
        }
    }

    #[test]
    fn an_empty_stream_has_splits_too() {
        let mut calls = 0;
        for_every_split(b"", |pieces| {
            calls += 1;
            assert!(pieces.concat().is_empty());
        });
        assert_eq!(calls, 8);
    }

    #[test]
    fn trailing_bytes_follow() {
        assert_eq!(with_trailing(b"head", b"tail"), b"headtail");
    }

    proptest! {
        #[test]
        fn random_pieces_join_to_the_stream(bytes: Vec<u8>, cuts in random_cuts()) {
            let pieces = cuts.pieces(&bytes);
            prop_assert_eq!(pieces.len(), cuts.positions(bytes.len()).len() + 1);
            prop_assert_eq!(pieces.concat(), bytes);
        }
    }
}
