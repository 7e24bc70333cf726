//! Classes as tables that a shuffle looks up, for backends with vectors.

use super::Class;
use crate::classify;

/// Looks for the end of a class by lanes of `N` bytes, of which `others` gives those not in it. The last ones reach back;
/// what is shorter is left to a table.
#[inline(always)]
pub(super) fn end_by<const N: usize>(
    class: Class,
    input: &[u8],
    from: usize,
    others: impl Fn(&[u8; N]) -> u32,
) -> usize {
    let mut at = from;
    while let Some(lanes) = input.get(at..).and_then(<[u8]>::first_chunk) {
        match others(lanes) {
            0 => at += N,
            found => return at + found.trailing_zeros() as usize,
        }
    }
    match input.last_chunk() {
        Some(lanes) if at < input.len() => match others(lanes) >> (at + N - input.len()) {
            0 => input.len(),
            found => at + found.trailing_zeros() as usize,
        },
        _ => class.end(input, at),
    }
}

/// A class as two tables of 16 bytes: a byte belongs where `low[byte & 15] & high[byte >> 4]` is
/// not 0. Each row of 16 bytes has a bit of its own, and those from 0x80 on have none.
#[derive(Clone, Copy)]
pub(super) struct Nibbles {
    pub(super) low: [u8; 16],
    pub(super) high: [u8; 16],
}

/// Bits of [`HEAD`] for bytes that are no `tchar`: those below SP, and DEL.
pub(super) const CONTROL: u8 = 0b11;

/// `tchar` in the bits above [`CONTROL`], one for each row from 0x20 on. So a byte that may not
/// stand in a token gives `CONTROL` at most, and a control byte among these not 0.
pub(super) const HEAD: Nibbles = {
    let mut tables = Nibbles::rows_of(classify::TOKEN);
    let mut low = 0;
    while low < 16 {
        tables.low[low] |= 0b01;
        low += 1;
    }
    tables.high[0x0] |= 0b01;
    tables.high[0x1] |= 0b01;
    tables.low[0xF] |= 0b10;
    tables.high[0x7] |= 0b10;
    tables
};

pub(super) const TARGET: Nibbles = Nibbles::rows_of(classify::TARGET);
pub(super) const REG_NAME: Nibbles = Nibbles::rows_of(classify::REG_NAME);

impl Nibbles {
    /// The tables of a class whose bytes are all in the rows from 0x20 to 0x7F.
    const fn rows_of(class: u8) -> Self {
        let mut tables = Self { low: [0; 16], high: [0; 16] };
        let mut byte = 0x20u8;
        while byte < 0x80 {
            let (row, column) = (byte >> 4, byte & 0xF);
            if classify::belongs(class, byte) {
                tables.low[column as usize] |= 1 << row;
                tables.high[row as usize] |= 1 << row;
            }
            byte += 1;
        }
        tables
    }
}
