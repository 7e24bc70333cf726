//! What the fuzz targets share: reading choices from an input, and cutting a stream as the input says.

pub mod book;
pub mod differences;
pub mod views;

/// An input read as a list of choices. Behind its end every choice is 0.
#[derive(Debug)]
pub struct Script<'i> {
    rest: &'i [u8],
}

impl<'i> Script<'i> {
    /// A script that begins with the first byte of `input`.
    pub fn new(input: &'i [u8]) -> Self {
        Self { rest: input }
    }

    /// Whether all of the input has been read.
    pub fn is_over(&self) -> bool {
        self.rest.is_empty()
    }

    /// A byte.
    pub fn byte(&mut self) -> u8 {
        let Some((byte, rest)) = self.rest.split_first() else { return 0 };
        self.rest = rest;
        *byte
    }

    /// Two bytes as one number.
    pub fn number(&mut self) -> u16 {
        u16::from_be_bytes([self.byte(), self.byte()])
    }

    /// Up to `len` bytes.
    pub fn bytes(&mut self, len: usize) -> &'i [u8] {
        let (bytes, rest) = self.rest.split_at(len.min(self.rest.len()));
        self.rest = rest;
        bytes
    }

    /// All that is left.
    pub fn rest(self) -> &'i [u8] {
        self.rest
    }
}

/// The ways to cut `stream` that every target compares: whole, bytewise, and cut at two places that `cuts` chooses.
pub fn splits(stream: &[u8], cuts: [u16; 2]) -> [Vec<&[u8]>; 3] {
    let mut at = cuts.map(|cut| usize::from(cut) % (stream.len() + 1));
    at.sort_unstable();
    let (front, back) = stream.split_at(at[1]);
    let (front, middle) = front.split_at(at[0]);
    [vec![stream], stream.chunks(1).collect(), vec![front, middle, back]]
}
