//! A long conversation with an endpoint that echoes: what to send, and what has to come back.
//!
//! It is the same in every run. Messages are text and binary, from 0 bytes to 1 MiB, whole and in fragments, with a Ping in
//! every turn, between two fragments where there are any.

use std::{collections::VecDeque, fmt, ops::Range};

/// Lengths where the frame header changes its form, with their neighbours, and the largest one.
const EDGES: [usize; 9] = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1 << 20];

/// A turn ends with the message that brings it to this many bytes. So much fits into the buffers of the network: who sends a whole
/// turn before it receives does not wait for a peer that waits for it.
const TURN: usize = 32 << 10;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// Text, with characters of one to four bytes.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// Something to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A message in one frame.
    Whole(Data),
    /// A fragment, and whether it is the last one of its message.
    Fragment(Data, bool),
    /// A Ping with this payload.
    Ping(Vec<u8>),
}

/// What answers a turn: the echo of each message in order, and the Pong at any time.
#[derive(Debug)]
pub struct Expected {
    echoes: VecDeque<Data>,
    pong: Option<Vec<u8>>,
}

/// How an answer differs from what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// An echo that is not the message.
    Echo {
        /// Length of the message.
        expected: usize,
        /// Length of the echo.
        len: usize,
        /// The first byte that differs.
        at: usize,
    },
    /// A message when none was outstanding.
    Unsent(usize),
    /// A Pong that answers no Ping.
    Pong,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Echo { expected, len, at } if expected == len && at == len => {
                write!(f, "the echo of a message of {len} bytes is of the other kind")
            }
            Self::Echo { expected, len, at } => {
                write!(f, "the echo of a message of {expected} bytes has {len} bytes and differs at {at}")
            }
            Self::Unsent(len) => write!(f, "a message of {len} bytes that nobody sent"),
            Self::Pong => f.write_str("a pong that answers no ping"),
        }
    }
}

impl std::error::Error for Difference {}

/// The turns of a conversation with this many messages: what to send, and what to await before the next turn.
pub fn turns(messages: usize) -> impl Iterator<Item = (Vec<Step>, Expected)> {
    let mut random = SplitMix(6455);
    let mut numbers = 0..messages;
    std::iter::from_fn(move || (!numbers.is_empty()).then(|| turn(&mut numbers, &mut random)))
}

impl Data {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there are no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }

    fn part(&self, range: Range<usize>) -> Self {
        match self {
            Self::Text(text) => Self::Text(text[range].to_owned()),
            Self::Binary(bytes) => Self::Binary(bytes[range].to_owned()),
        }
    }
}

impl Expected {
    /// Whether all answers are there.
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.echoes.is_empty() && self.pong.is_none()
    }

    /// Bytes of the echoes that are awaited.
    #[must_use]
    pub fn len(&self) -> usize {
        self.echoes.iter().map(Data::len).sum()
    }

    /// Whether no bytes of echoes are awaited.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A message arrived.
    ///
    /// # Errors
    /// It is not the next echo.
    pub fn message(&mut self, echo: &Data) -> Result<(), Difference> {
        let message = self.echoes.pop_front().ok_or(Difference::Unsent(echo.len()))?;
        if *echo == message {
            return Ok(());
        }
        let same = message.as_bytes().iter().zip(echo.as_bytes()).take_while(|(sent, came)| sent == came);
        Err(Difference::Echo { expected: message.len(), len: echo.len(), at: same.count() })
    }

    /// A Pong arrived.
    ///
    /// # Errors
    /// It does not answer the Ping.
    pub fn pong(&mut self, payload: &[u8]) -> Result<(), Difference> {
        self.pong.take().filter(|ping| ping == payload).map(drop).ok_or(Difference::Pong)
    }
}

/// One turn, of the messages with the next numbers.
fn turn(numbers: &mut Range<usize>, random: &mut SplitMix) -> (Vec<Step>, Expected) {
    let len = random.below(126);
    let ping = random.bytes(len);
    let mut steps = vec![Step::Ping(ping.clone())];
    let mut expected = Expected { echoes: VecDeque::new(), pong: Some(ping) };
    let mut sent = 0;
    while sent < TURN
        && let Some(number) = numbers.next()
    {
        let data = message(number, random);
        sent += data.len();
        if number % 4 < 2 {
            steps.push(Step::Whole(data.clone()));
        } else {
            fragments(&data, random, &mut steps);
        }
        expected.echoes.push_back(data);
    }
    (steps, expected)
}

/// Odd numbers are binary. The first ones have the lengths of [`EDGES`]; one in ten of the others is large.
fn message(number: usize, random: &mut SplitMix) -> Data {
    let size = match EDGES.get(number / 2) {
        Some(size) => *size,
        None if number % 10 == 9 || number % 20 == 4 => random.below(1 << 20),
        None => random.below(4 << 10),
    };
    if number % 2 == 1 {
        return Data::Binary(random.bytes(size));
    }
    let mut text = String::with_capacity(size);
    while text.len() < size {
        let character = ['a', '\n', 'é', '漢', '😀', '\0'][random.below(6)];
        text.push(if text.len() + character.len_utf8() <= size { character } else { '.' });
    }
    Data::Text(text)
}

/// Two to eight fragments, some of them empty, and the turn's Ping between the first two.
fn fragments(data: &Data, random: &mut SplitMix, steps: &mut Vec<Step>) {
    let ping = if matches!(steps.as_slice(), [Step::Ping(_)]) { steps.pop() } else { None };
    let mut cuts: Vec<usize> = (0..1 + random.below(7)).map(|_| random.below(data.len() + 1)).collect();
    if let Data::Text(text) = data {
        cuts.iter_mut().for_each(|cut| *cut = text.floor_char_boundary(*cut));
    }
    cuts.sort_unstable();
    let mut from = 0;
    for (number, cut) in cuts.into_iter().enumerate() {
        steps.push(Step::Fragment(data.part(from..cut), false));
        if number == 0 {
            steps.extend(ping.clone());
        }
        from = cut;
    }
    steps.push(Step::Fragment(data.part(from..data.len()), true));
}

/// A generator that needs no crate: SplitMix64.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap_or_default()
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len + 8);
        while bytes.len() < len {
            bytes.extend(self.next().to_le_bytes());
        }
        bytes.truncate(len);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_messages_have_every_kind_and_length() {
        let (mut steps, mut sizes) = (Vec::new(), Vec::new());
        for (turn, expected) in turns(1000) {
            assert_eq!(turn.iter().filter(|step| matches!(step, Step::Ping(_))).count(), 1);
            sizes.extend(expected.echoes.iter().map(Data::len));
            steps.extend(turn);
        }
        let total: usize = sizes.iter().sum();
        assert_eq!(sizes.len(), 1000);
        assert!((60_000_000..100_000_000).contains(&total), "{total}");
        assert!(EDGES.iter().all(|edge| sizes.contains(edge)));
        assert!(steps.iter().any(|step| matches!(step, Step::Fragment(data, false) if data.is_empty())));
        let whole = |step: &&Step| matches!(step, Step::Whole(_));
        assert!(steps.iter().filter(whole).count() >= 400);
    }

    #[test]
    fn a_changed_echo_is_found() {
        let (_, mut expected) = turns(1).next().unwrap();
        assert_eq!(expected.message(&Data::Text("x".into())), Err(Difference::Echo { expected: 0, len: 1, at: 0 }));
        assert_eq!(expected.message(&Data::Text("x".into())), Err(Difference::Unsent(1)));
        assert_eq!(expected.pong(b"not the ping"), Err(Difference::Pong));
    }
}
