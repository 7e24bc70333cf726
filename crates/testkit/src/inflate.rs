//! DEFLATE read naively, bit by bit. (RFC 1951; RFC 7692, section 7.2.2)
//!
//! No tables, no window, no state between pieces: [`inflate`] has the whole stream before it and all that came of it.
//! Slow, and easy to check against the text of the RFC, so that a real inflater can be compared with it on any bytes, and
//! a real deflater be asked how far its matches reach.
//!
//! ```
//! use switchover_testkit::inflate::{End, inflate};
//!
//! // "Hello", and "Hello" once more, of which the first byte is new and the others are a match. (RFC 7692, section 7.2.3.2)
//! let stream = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00, 0x00, 0xFF, 0xFF];
//! let first = inflate(&stream, b"");
//! assert_eq!((&first.bytes[..], first.farthest, first.end), (&b"Hello"[..], 0, End::Block { last: false }));
//! let second = inflate(&[0xF2, 0x00, 0x11, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF], b"Hello");
//! assert_eq!((&second.bytes[..], second.farthest), (&b"Hello"[..], 5));
//! ```

/// What a stream inflates to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inflated {
    /// The bytes that came out before the end.
    pub bytes: Vec<u8>,
    /// The largest distance of a match; 0 without a match.
    pub farthest: usize,
    /// Why it ended.
    pub end: End,
}

/// Why inflating ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The input is used up between two blocks, at the end of a byte.
    Block {
        /// The block before it was a last one.
        last: bool,
    },
    /// The input is used up within a block, or within a byte.
    Input,
    /// What stands there is not DEFLATE.
    Invalid,
}

/// Inflates a stream, with `window` as what was inflated before it.
///
/// Behind a last block (BFINAL) another stream begins with the next byte, and with an empty window.
pub fn inflate(stream: &[u8], window: &[u8]) -> Inflated {
    let mut reader = Reader { stream, bit: 0, out: window.to_vec(), first: 0, farthest: 0 };
    let mut last = false;
    let end = loop {
        if reader.bit == 8 * stream.len() {
            break End::Block { last };
        }
        match reader.block() {
            Ok(is_last) => last = is_last,
            Err(end) => break end,
        }
    };
    Inflated { bytes: reader.out.split_off(window.len()), farthest: reader.farthest, end }
}

struct Reader<'a> {
    stream: &'a [u8],
    /// How many bits were read.
    bit: usize,
    out: Vec<u8>,
    /// No match reaches back beyond this index of `out`.
    first: usize,
    farthest: usize,
}

/// For each symbol the length of its code, 0 for none. (Section 3.2.2)
struct Code(Vec<u32>);

impl Reader<'_> {
    /// Reads a block and says whether it was a last one.
    fn block(&mut self) -> Result<bool, End> {
        let last = self.bits(1)? == 1;
        match self.bits(2)? {
            0b00 => self.stored()?,
            0b01 => {
                let lengths = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
                self.compressed(&Code(lengths), &Code(vec![5; 32]))?;
            }
            0b10 => {
                let (literals, distances) = self.codes()?;
                self.compressed(&literals, &distances)?;
            }
            _ => return Err(End::Invalid),
        }
        if last {
            self.bit = self.bit.next_multiple_of(8);
            self.first = self.out.len();
        }
        Ok(last)
    }

    /// Section 3.2.4.
    fn stored(&mut self) -> Result<(), End> {
        self.bit = self.bit.next_multiple_of(8);
        let both = self.bits(32)?;
        let (len, complement) = (both & 0xFFFF, both >> 16);
        if len != !complement & 0xFFFF {
            return Err(End::Invalid);
        }
        for _ in 0..len {
            let byte = self.bits(8)?;
            self.literal(byte);
        }
        Ok(())
    }

    /// Section 3.2.7.
    fn codes(&mut self) -> Result<(Code, Code), End> {
        const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let (literals, distances) = (self.bits(5)? as usize + 257, self.bits(5)? as usize + 1);
        let count = self.bits(4)? as usize + 4;
        if literals > 286 || distances > 30 {
            return Err(End::Invalid);
        }
        let mut lengths = vec![0; 19];
        for &symbol in &ORDER[..count] {
            lengths[symbol] = self.bits(3)?;
        }
        let code = Code(lengths);
        if code.is_empty() {
            // Wrong as well; zlib takes each bit for a length of 0, and then misses the code for the end of the block.
            (0..literals + distances).try_for_each(|_| self.bits(1).map(drop))?;
        }
        if !code.is_complete() {
            return Err(End::Invalid);
        }
        let mut lengths = Vec::new();
        while lengths.len() < literals + distances {
            let (length, times) = match self.symbol(&code)? {
                16 => {
                    let times = self.bits(2)? + 3;
                    (*lengths.last().ok_or(End::Invalid)?, times)
                }
                17 => (0, self.bits(3)? + 3),
                18 => (0, self.bits(7)? + 11),
                length => (length, 1),
            };
            lengths.extend((0..times).map(|_| length));
        }
        if lengths.len() > literals + distances || lengths[256] == 0 {
            return Err(End::Invalid);
        }
        let distances = Code(lengths.split_off(literals));
        let literals = Code(lengths);
        // A single code, or none, may stand for itself.
        if [&literals, &distances].iter().all(|code| code.is_complete() || code.is_single()) {
            Ok((literals, distances))
        } else {
            Err(End::Invalid)
        }
    }

    /// Section 3.2.5.
    fn compressed(&mut self, literals: &Code, distances: &Code) -> Result<(), End> {
        loop {
            let len = match self.symbol(literals)? {
                literal @ 0..256 => {
                    self.literal(literal);
                    continue;
                }
                256 => return Ok(()),
                code @ 257..265 => code - 254,
                code @ 265..285 => {
                    let extra = (code - 261) / 4;
                    3 + ((4 + (code - 261) % 4) << extra) + self.bits(extra)?
                }
                285 => 258,
                _ => return Err(End::Invalid),
            };
            let distance = match self.symbol(distances)? {
                code @ 0..4 => code + 1,
                code @ 4..30 => {
                    let extra = code / 2 - 1;
                    1 + ((2 + code % 2) << extra) + self.bits(extra)?
                }
                _ => return Err(End::Invalid),
            } as usize;
            if distance > self.out.len() - self.first || distance > 32_768 {
                return Err(End::Invalid);
            }
            self.farthest = self.farthest.max(distance);
            for _ in 0..len {
                self.out.push(self.out[self.out.len() - distance]);
            }
        }
    }

    fn literal(&mut self, byte: u32) {
        self.out.push(byte.to_le_bytes()[0]);
    }

    /// Section 3.2.2: codes of one length are consecutive, and begin where those of the length before ended, doubled.
    fn symbol(&mut self, code: &Code) -> Result<u32, End> {
        let (mut read, mut next) = (0, 0);
        for length in 1..=code.longest() {
            read = read << 1 | self.bits(1)?;
            next <<= 1;
            for (symbol, _) in (0..).zip(&code.0).filter(|(_, len)| **len == length) {
                if next == read {
                    return Ok(symbol);
                }
                next += 1;
            }
        }
        Err(End::Invalid)
    }

    /// The next bits, the first one the least significant.
    fn bits(&mut self, count: u32) -> Result<u32, End> {
        let mut bits = 0;
        for place in 0..count {
            let byte = self.stream.get(self.bit / 8).ok_or(End::Input)?;
            bits |= u32::from(byte >> (self.bit % 8) & 1) << place;
            self.bit += 1;
        }
        Ok(bits)
    }
}

impl Code {
    fn longest(&self) -> u32 {
        self.0.iter().copied().max().unwrap_or_default().max(1)
    }

    /// Whether each sequence of bits begins with exactly one of its codes.
    fn is_complete(&self) -> bool {
        let used = self.0.iter().filter(|len| **len > 0).map(|len| 1_u64 << (15 - len)).sum::<u64>();
        used == 1 << 15
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|len| *len == 0)
    }

    fn is_single(&self) -> bool {
        self.0.iter().sum::<u32>() <= 1
    }
}
