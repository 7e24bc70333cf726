//! Where elements end, looked up in the masks of one block of the input at a time.

use crate::{
    Backend,
    simd::{BLOCK, Classify, Masks, Work},
};

/// What one call knows of the bytes it was shown: the masks of one block. The next block begins where
/// this one ends, and the next call behind the last byte of this one. (A block of fewer bytes than
/// it has room for reaches back over some that were classified; that is a constant for each call.)
#[derive(Clone, Copy, Debug)]
pub(super) struct Index {
    pub(super) backend: Backend,
    pub(super) masks: Masks,
    /// Offset of the block's first byte.
    pub(super) base: usize,
    /// Offset behind the block, which ends early where the bytes that were shown do.
    pub(super) end: usize,
}

/// Classifies one block.
struct Block<'i> {
    input: &'i [u8],
    from: usize,
}

impl Work for Block<'_> {
    type Output = Masks;

    #[inline(always)]
    fn run(self, classify: impl Classify) -> Masks {
        classify.at(self.input, self.from)
    }
}

impl Index {
    /// An index of what is from `from` on, that has classified nothing yet.
    pub(super) fn new(backend: Backend, from: usize) -> Self {
        Self { backend, masks: Masks::default(), base: from, end: from }
    }

    /// Offset, from `from` on, of the first byte that may not stand in a token, or the length of `input`.
    pub(super) fn token_end(&mut self, input: &[u8], from: usize) -> usize {
        self.find(input, from, |masks| masks.other)
    }

    /// Offset, from `from` on, of the first byte that may not stand in a field value or a reason phrase, or the length
    /// of `input`.
    pub(super) fn field_end(&mut self, input: &[u8], from: usize) -> usize {
        let mut end = self.find(input, from, |masks| masks.control);
        // HTAB is the one control byte that may stand there.
        while input.get(end) == Some(&b'\t') {
            end = self.find(input, end + 1, |masks| masks.control);
        }
        end
    }

    fn find(&mut self, input: &[u8], from: usize, mask: impl Fn(&Masks) -> u64) -> usize {
        let mut at = from;
        while at < input.len() {
            if !(self.base..self.end).contains(&at) {
                self.masks = self.backend.run(Block { input, from: at });
                self.base = at;
                self.end = input.len().min(at + BLOCK);
            }
            match mask(&self.masks) >> (at - self.base) {
                0 => at = self.end,
                bits => return at + bits.trailing_zeros() as usize,
            }
        }
        input.len()
    }
}
