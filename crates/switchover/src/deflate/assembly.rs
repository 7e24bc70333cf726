//! Where an inflated message waits until it is whole.

use alloc::{vec, vec::Vec};
use bytes::{Bytes, BytesMut};

/// The least memory to ask for, in bytes.
const LEAST: usize = 4 << 10;

/// The memory of a message of more than this many bytes is not kept for the next one.
const KEPT: usize = 64 << 10;

/// A message that grows by an unknown length, up to a limit.
///
/// It grows without being moved, so that at no time more than the limit and 4 KiB is allocated for what may never be whole.
/// A message that has been moved together has its memory for the next one.
#[derive(Debug, Default)]
pub(super) struct Assembly {
    /// The beginning of the message.
    head: BytesMut,
    /// What found no room in `head`, in order. Of the last one `filled` bytes are in use, of the others all.
    rest: Vec<Vec<u8>>,
    filled: usize,
    /// The bytes in use of all but the last of `rest`.
    full: usize,
    /// How long the last message was, and a byte more: room that is left says that a message is whole.
    expected: usize,
}

impl Assembly {
    /// Makes room for a message, unless there is some.
    pub(super) fn begin(&mut self) {
        self.clear();
        if self.head.capacity() < self.expected.max(LEAST / 4) {
            // Takes back the memory of the messages before where those have been dropped.
            self.head.reserve(self.expected.max(LEAST));
        }
    }

    /// Zeroed room behind the message, which is in use from now on: at least one byte and at most `most`, which is not 0.
    pub(super) fn grow(&mut self, wanted: usize, most: usize) -> &mut [u8] {
        let len = self.len();
        let spare = if self.rest.is_empty() { self.head.capacity() - self.head.len() } else { 0 };
        if spare > 0 {
            let start = self.head.len();
            self.head.resize(start + spare.min(wanted).min(most).max(1), 0);
            return self.head.get_mut(start..).unwrap_or_default();
        }
        if self.rest.last().is_none_or(|last| self.filled == last.len()) {
            // As much again as there is.
            self.full += self.filled;
            self.rest.push(vec![0; len.max(LEAST).min(most)]);
            self.filled = 0;
        }
        let start = self.filled;
        let last = self.rest.last_mut().map_or(&mut [][..], |last| last);
        self.filled = last.len().min(start + wanted.min(most).max(1));
        last.get_mut(start..self.filled).unwrap_or_default()
    }

    /// Gives back the end of what [`grow`](Self::grow) gave.
    pub(super) fn shrink(&mut self, unused: usize) {
        if self.rest.is_empty() {
            self.head.truncate(self.head.len() - unused);
        } else {
            self.filled -= unused;
        }
    }

    /// Forgets what there is of the message, which has been delivered, and keeps the room.
    pub(super) fn rewind(&mut self) {
        self.head.clear();
    }

    /// How much room there is behind the message in the same piece of memory.
    pub(super) fn room(&self) -> usize {
        self.head.capacity() - self.head.len()
    }

    /// Moves the message together.
    pub(super) fn join(&mut self) {
        let len = self.len();
        if !self.rest.is_empty() {
            self.head.reserve(len + 1 - self.head.len());
            let count = self.rest.len();
            for (index, piece) in self.rest.drain(..).enumerate() {
                let used = if index + 1 == count { self.filled } else { piece.len() };
                self.head.extend_from_slice(piece.get(..used).unwrap_or_default());
            }
            (self.full, self.filled) = (0, 0);
        }
        self.expected = len.min(KEPT) + 1;
    }

    /// The message, which was [`join`](Self::join)ed, to keep.
    pub(super) fn take(&mut self) -> Bytes {
        let message = self.head.split().freeze();
        self.trim(message.len());
        message
    }

    /// Forgets the message.
    pub(super) fn clear(&mut self) {
        self.rest = Vec::new();
        (self.full, self.filled) = (0, 0);
        let len = self.head.len();
        self.head.clear();
        self.trim(len);
    }

    /// The message, which was [`join`](Self::join)ed.
    pub(super) fn message(&self) -> &[u8] {
        &self.head
    }

    pub(super) fn len(&self) -> usize {
        self.head.len() + self.full + self.filled
    }

    /// Keeps no more memory than a message of ordinary length needs, and that doubles as it grows.
    fn trim(&mut self, len: usize) {
        if len > KEPT {
            self.head = BytesMut::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// What is written into the room that is given is the message, whatever room is wanted and however much is used of it.
        #[test]
        fn is_what_was_written(messages in prop::collection::vec(
            (prop::collection::vec((1..9_000_usize, 0..9_000_usize), 0..20), any::<bool>()), 1..5,
        )) {
            let mut assembly = Assembly::default();
            let mut kept = Vec::new();
            for (steps, keep) in messages {
                let mut expected = Vec::new();
                assembly.begin();
                for (wanted, used) in steps {
                    let room = assembly.grow(wanted, 10_000);
                    prop_assert!((1..=10_000).contains(&room.len()) && room.iter().all(|byte| *byte == 0));
                    let used = used.min(room.len());
                    let unused = room.len() - used;
                    for byte in &mut room[..used] {
                        *byte = expected.len().to_le_bytes()[0];
                        expected.push(*byte);
                    }
                    assembly.shrink(unused);
                    prop_assert_eq!(assembly.len(), expected.len());
                }
                assembly.join();
                prop_assert!(assembly.message() == expected);
                if keep {
                    kept.push((assembly.take(), expected));
                }
            }
            prop_assert!(kept.iter().all(|(message, expected)| message == expected));
        }
    }
}
