use std::collections::VecDeque;
use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::*;

/// One direction of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// How many bytes fit between the writer and the reader. With 0 nothing can be written.
    pub capacity: usize,
    /// How long a byte, an end or a reset travels.
    pub latency: Duration,
    /// The most bytes that each write takes, one size after the other and then from the beginning; without any size, as
    /// many as there are. A size of 0 counts as 1.
    pub writes: Vec<usize>,
    /// The most bytes that each read gives, in the same way.
    pub reads: Vec<usize>,
}

impl Default for Link {
    /// 64 KiB, no latency, in pieces as large as they come.
    fn default() -> Self {
        Self { capacity: 64 << 10, latency: Duration::ZERO, writes: Vec::new(), reads: Vec::new() }
    }
}

impl Link {
    /// A link that gives one byte a read.
    pub fn bytewise() -> Self {
        Self { reads: vec![1], ..Self::default() }
    }
}

/// Links of any kind: from one byte to 64 KiB, from no latency to a second, in pieces of many sizes.
pub fn links() -> impl Strategy<Value = Link> {
    let capacity = prop_oneof![Just(64 << 10), 1..300_usize, Just(1)];
    let latency = prop_oneof![Just(0), 1..1000_u64].prop_map(Duration::from_millis);
    let pieces = prop_oneof![Just(Vec::new()), Just(vec![1]), vec(1..200_usize, 1..6)];
    (capacity, latency, pieces.clone(), pieces).prop_map(|(capacity, latency, writes, reads)| Link {
        capacity,
        latency,
        writes,
        reads,
    })
}

/// A link and what is on its way.
#[derive(Debug)]
pub(super) struct Pipe {
    pub(super) link: Link,
    /// Bytes and signals with the time at which they arrive, in order.
    travelling: VecDeque<(Duration, Item)>,
    /// The number of bytes in `travelling`.
    travelling_len: usize,
    /// Bytes that have arrived and were not read.
    pub(super) unread: VecDeque<u8>,
    /// How many writes there were.
    writes: usize,
    /// How many reads there were.
    reads: usize,
}

#[derive(Debug)]
pub(super) enum Item {
    Bytes(Vec<u8>),
    /// The writer has shut down writing.
    End,
    Reset,
}

/// What the reader finds.
pub(super) enum Arrival {
    /// Bytes, which are now in `unread`.
    Bytes(usize),
    /// There will be no more bytes.
    End,
    /// The connection was reset.
    Reset,
}

impl Pipe {
    pub(super) fn new(link: Link) -> Self {
        Self { link, travelling: VecDeque::new(), travelling_len: 0, unread: VecDeque::new(), writes: 0, reads: 0 }
    }

    /// Takes from the front of `bytes` what one write takes now; gives how many that are.
    pub(super) fn write(&mut self, bytes: &[u8], now: Duration) -> usize {
        let room = self.link.capacity.saturating_sub(self.travelling_len + self.unread.len());
        let taken = bytes.len().min(room);
        if taken == 0 {
            return 0;
        }
        let taken = taken.min(piece(&self.link.writes, &mut self.writes));
        self.travelling_len += taken;
        self.send(Item::Bytes(bytes[..taken].to_vec()), now);
        taken
    }

    pub(super) fn send(&mut self, item: Item, now: Duration) {
        self.travelling.push_back((now + self.link.latency, item));
    }

    /// The next thing that has arrived.
    pub(super) fn arrive(&mut self, now: Duration) -> Option<Arrival> {
        let (_, item) = self.travelling.pop_front_if(|(time, _)| *time <= now)?;
        Some(match item {
            Item::Bytes(bytes) => {
                let len = bytes.len();
                self.travelling_len -= len;
                self.unread.extend(bytes);
                Arrival::Bytes(len)
            }
            Item::End => Arrival::End,
            Item::Reset => Arrival::Reset,
        })
    }

    /// What one read gives: nothing where nothing has arrived.
    pub(super) fn read(&mut self) -> Vec<u8> {
        if self.unread.is_empty() {
            return Vec::new();
        }
        let len = self.unread.len().min(piece(&self.link.reads, &mut self.reads));
        self.unread.drain(..len).collect()
    }

    /// When the next thing arrives.
    pub(super) fn next_arrival(&self) -> Option<Duration> {
        self.travelling.front().map(|(time, _)| *time)
    }
}

/// The size of the next piece.
fn piece(sizes: &[usize], number: &mut usize) -> usize {
    let size = number.checked_rem(sizes.len()).map_or(usize::MAX, |place| sizes[place].max(1));
    *number += 1;
    size
}
