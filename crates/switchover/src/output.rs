//! The bytes to write: a queue that the caller drains.

use alloc::{boxed::Box, collections::VecDeque, vec::Vec};
use bytes::{Buf, Bytes};

/// Payloads of this many bytes and more travel by reference; smaller ones are copied behind their header, which costs less
/// than another slice in a vectored write.
pub(crate) const BY_REFERENCE: usize = 4096;

/// So many bytes of Pongs may wait to be written, which answers some dozens of Pings that arrive together one by one. Whoever
/// sends more without reading the answers gets one for the latest (RFC 6455, section 5.5.3).
const PONGS: u16 = 4 << 10;

/// Consumed bytes at the front are given back once there are this many, and as many as there are bytes behind them.
const RECLAIM: usize = 16 << 10;

/// What waits to be written, as a [`Buf`]: take slices with [`chunk`](Buf::chunk) or
/// [`chunks_vectored`](Buf::chunks_vectored), write them, and [`advance`](Buf::advance) by what the transport took.
///
/// Headers and small payloads stand in one buffer, large payloads by reference between them. A drained queue owns no heap.
///
/// `&mut Output` is a `Buf` too, and the compiler prefers that one, which borrows the reference: bind what
/// [`Session::output`](crate::Session::output) gives to a variable before asking for a chunk that has to live on.
#[derive(Debug)]
pub struct Output {
    /// Headers and small payloads, in order.
    copied: Vec<u8>,
    /// `taken <= copied.len()`: how much of `copied` has been written.
    taken: usize,
    /// What few have, and nobody while idle: one word in every session.
    rare: Option<Box<Rare>>,
    /// The high-water mark, in bytes.
    mark: u32,
    /// Something was written since [`moved`](Self::moved) was asked.
    moved: bool,
    /// `copied` has been lent by the caller, who wants its capacity back.
    lent: bool,
}

#[derive(Debug, Default)]
struct Rare {
    /// Large payloads, in order: `taken <= at <= copied.len()`, ascending.
    shared: VecDeque<Shared>,
    /// The sum of what remains of the payloads in `shared`.
    shared_len: usize,
    /// How many bytes have to be written until the last queued Pong is out.
    until_pong: usize,
    /// How many bytes of Pongs have been queued since none was.
    pongs: u16,
    /// How many bytes have to be written until the session's own Ping is out.
    until_ping: usize,
    /// One more Pong, a frame as it goes over the wire, for when those in the queue are out. There is none without those.
    waiting: Option<Box<[u8]>>,
}

#[derive(Debug)]
struct Shared {
    /// The place in `copied` before which the payload stands.
    at: usize,
    /// Never empty.
    payload: Bytes,
}

impl Output {
    /// An empty queue with this high-water mark, in bytes.
    pub(crate) const fn new(mark: u32) -> Self {
        Self { copied: Vec::new(), taken: 0, rare: None, mark, moved: false, lent: false }
    }

    /// Whether as many bytes or more wait as the high-water mark says.
    pub(crate) fn is_full(&self) -> bool {
        u32::try_from(self.remaining()).map_or(true, |waiting| waiting >= self.mark)
    }

    /// The buffer to append headers and small payloads to.
    pub(crate) fn copied(&mut self) -> &mut Vec<u8> {
        &mut self.copied
    }

    /// Appends a payload by reference.
    pub(crate) fn push_shared(&mut self, payload: Bytes) {
        if !payload.is_empty() {
            let rare = self.rare.get_or_insert_default();
            rare.shared_len += payload.len();
            rare.shared.push_back(Shared { at: self.copied.len(), payload });
        }
    }

    /// Appends a Pong, or, where too many wait to be written, makes it the one that goes out after them in place of the one
    /// that was to.
    pub(crate) fn push_pong(&mut self, frame: &[u8]) {
        let before = self.remaining();
        let rare = self.rare.get_or_insert_default();
        if rare.waiting.is_some() || rare.pongs >= PONGS {
            rare.waiting = Some(frame.into());
        } else {
            self.copied.extend_from_slice(frame);
            rare.until_pong = before + frame.len();
            // A frame of at most 131 bytes.
            rare.pongs += u16::try_from(frame.len()).unwrap_or(PONGS);
        }
    }

    /// Appends a Ping of the session's own.
    pub(crate) fn push_ping(&mut self, frame: &[u8]) {
        self.copied.extend_from_slice(frame);
        let waiting = self.remaining();
        self.rare.get_or_insert_default().until_ping = waiting;
    }

    /// Whether a Ping of the session's own waits to be written.
    pub(crate) fn has_ping(&self) -> bool {
        self.rare.as_ref().is_some_and(|rare| rare.until_ping > 0)
    }

    /// Appends the Pong that waits for others to be written.
    pub(crate) fn release_pong(&mut self) {
        if let Some(rare) = &mut self.rare
            && let Some(frame) = rare.waiting.take()
        {
            rare.pongs = 0;
            self.push_pong(&frame);
        }
    }

    /// Whether something was written since this was asked last.
    pub(crate) fn moved(&mut self) -> bool {
        core::mem::take(&mut self.moved)
    }

    /// Whether everything has been written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// Fills `slices` from the front with what is to be written next and returns how many it filled. Needs no std, unlike
    /// [`chunks_vectored`](Buf::chunks_vectored).
    pub fn slices<'a>(&'a self, slices: &mut [&'a [u8]]) -> usize {
        let mut filled = 0;
        for (slot, slice) in slices.iter_mut().zip(self.segments()) {
            *slot = slice;
            filled += 1;
        }
        filled
    }

    /// Swaps in a buffer of the caller's, if nothing is queued.
    pub(crate) fn lend(&mut self, buffer: &mut Vec<u8>) {
        if self.is_empty() {
            self.copied = core::mem::take(buffer);
            self.copied.clear();
            self.lent = true;
        }
    }

    /// Gives a lent buffer back; what still waits in it to be written moves to memory of its own.
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) {
        if core::mem::take(&mut self.lent) {
            let rest = self.copied.get(self.taken..).unwrap_or_default().to_vec();
            self.forget_taken();
            *buffer = core::mem::replace(&mut self.copied, rest);
        }
    }

    fn segments(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = self.taken;
        let mut shared = self.rare.iter().flat_map(|rare| rare.shared.iter());
        let mut payload: Option<&[u8]> = None;
        core::iter::from_fn(move || {
            if let Some(payload) = payload.take() {
                return Some(payload);
            }
            let (to, next) = match shared.next() {
                Some(next) => (next.at, Some(&next.payload[..])),
                None => (self.copied.len(), None),
            };
            let copied = self.copied.get(from..to).unwrap_or_default();
            from = to;
            if copied.is_empty() {
                next
            } else {
                payload = next;
                Some(copied)
            }
        })
    }

    /// Takes up to `n` bytes off the segment at the front and returns how many.
    fn advance_segment(&mut self, n: usize) -> usize {
        let mut to = self.copied.len();
        if let Some(rare) = &mut self.rare
            && let Some(front) = rare.shared.front_mut()
        {
            if front.at == self.taken {
                let n = n.min(front.payload.len());
                front.payload.advance(n);
                rare.shared_len -= n;
                if front.payload.is_empty() {
                    rare.shared.pop_front();
                }
                return n;
            }
            to = front.at;
        }
        let n = n.min(to - self.taken);
        self.taken += n;
        n
    }

    /// Gives memory back: all of it when everything is written, else what has been written of a long queue.
    fn reclaim(&mut self) {
        if self.is_empty() {
            self.forget_taken();
            if self.lent {
                self.copied.clear();
            } else {
                self.copied = Vec::new();
            }
            self.rare = None;
        } else if self.taken >= RECLAIM && self.taken * 2 >= self.copied.len() {
            self.copied.drain(..self.taken);
            self.forget_taken();
            if !self.lent && self.copied.capacity() / 4 > self.copied.len() {
                self.copied.shrink_to(self.copied.len() * 2);
            }
        }
    }

    /// The bytes that have been written are no longer in `copied`.
    fn forget_taken(&mut self) {
        for shared in self.rare.iter_mut().flat_map(|rare| rare.shared.iter_mut()) {
            shared.at -= self.taken;
        }
        self.taken = 0;
    }
}

impl Buf for Output {
    fn remaining(&self) -> usize {
        self.copied.len() - self.taken + self.rare.as_ref().map_or(0, |rare| rare.shared_len)
    }

    fn chunk(&self) -> &[u8] {
        self.segments().next().unwrap_or_default()
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for (slot, slice) in slices.iter_mut().zip(self.segments()) {
            *slot = std::io::IoSlice::new(slice);
            filled += 1;
        }
        filled
    }

    /// # Panics
    ///
    /// If `n` exceeds [`remaining`](Buf::remaining), as [`Buf`] asks for.
    fn advance(&mut self, n: usize) {
        assert!(n <= self.remaining(), "advanced by {n} of {} bytes", self.remaining());
        let mut left = n;
        while left > 0 {
            left -= self.advance_segment(left);
        }
        self.moved |= n > 0;
        if let Some(rare) = &mut self.rare {
            rare.until_ping = rare.until_ping.saturating_sub(n);
            rare.until_pong = rare.until_pong.saturating_sub(n);
            if rare.until_pong == 0 {
                rare.pongs = 0;
                self.release_pong();
            }
        }
        self.reclaim();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Copy(Vec<u8>),
        Share(Vec<u8>),
        Pong(u8),
        Advance(usize),
        Lend,
        GiveBack,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Copy),
            prop::collection::vec(any::<u8>(), 0..40).prop_map(Step::Share),
            any::<u8>().prop_map(|byte| Step::Copy(vec![byte; 20_000])),
            any::<u8>().prop_map(Step::Pong),
            any::<u8>().prop_map(Step::Pong),
            (0..60usize).prop_map(Step::Advance),
            (0..30_000usize).prop_map(Step::Advance),
            Just(Step::Lend),
            Just(Step::GiveBack),
        ]
    }

    proptest! {
        /// Whatever is queued and however it is drained, the bytes come out once and in order, Pongs among them, and no more
        /// memory is held than the queue needs.
        #[test]
        fn is_a_queue(steps in prop::collection::vec(step(), 0..100)) {
            let mut output = Output::new(1);
            let mut buffer = Vec::new();
            let mut expected = VecDeque::new();
            // The Pongs in the queue: how many bytes to their ends. And the one that waits.
            let (mut pongs, mut waiting) = (Vec::<usize>::new(), None);
            for step in steps {
                match step {
                    Step::Copy(bytes) => {
                        output.copied().extend_from_slice(&bytes);
                        expected.extend(bytes);
                    }
                    Step::Share(bytes) => {
                        output.push_shared(bytes.clone().into());
                        expected.extend(bytes);
                    }
                    Step::Pong(byte) => {
                        let frame = [byte; 1000];
                        output.push_pong(&frame);
                        if pongs.len() < 5 && waiting.is_none() {
                            expected.extend(frame);
                            pongs.push(expected.len());
                        } else {
                            waiting = Some(frame);
                        }
                    }
                    Step::Advance(n) => {
                        let n = n.min(output.remaining());
                        output.moved();
                        output.advance(n);
                        prop_assert_eq!(output.moved(), n > 0);
                        expected.drain(..n);
                        if pongs.last().is_none_or(|end| *end <= n) {
                            pongs.clear();
                            if let Some(frame) = waiting.take() {
                                expected.extend(frame);
                                pongs.push(expected.len());
                            }
                        } else {
                            pongs.iter_mut().for_each(|end| *end = end.saturating_sub(n));
                        }
                    }
                    Step::Lend => output.lend(&mut buffer),
                    Step::GiveBack => output.give_back(&mut buffer),
                }
                let mut slices = [&[][..]; 200];
                let filled = output.slices(&mut slices);
                let bytes = slices[..filled].concat();
                prop_assert_eq!(&bytes, &expected.iter().copied().collect::<Vec<u8>>());
                prop_assert_eq!(output.remaining(), bytes.len());
                prop_assert!(slices[..filled].iter().all(|slice| !slice.is_empty()));
                prop_assert_eq!(output.chunk(), slices[0]);
                prop_assert!(output.taken < 16_384 || output.taken * 2 < output.copied.len());
                prop_assert!(!output.is_empty() || output.lent || output.copied.capacity() == 0);
            }
        }
    }

    /// A long queue that is never quite drained holds no more than some multiple of what is in it.
    #[test]
    fn a_backlog_gives_memory_back() {
        let mut output = Output::new(1);
        output.copied().extend_from_slice(&vec![0; 1 << 20]);
        output.advance((1 << 20) - 10);
        assert!(output.copied.capacity() < 100, "{}", output.copied.capacity());
        for _ in 0..1_000 {
            output.copied().extend_from_slice(&[0; 1_000]);
            output.advance(1_000);
            assert!(output.copied.capacity() <= 4 * RECLAIM, "{}", output.copied.capacity());
        }
    }

    #[test]
    fn drained_it_owns_no_heap() {
        let mut output = Output::new(1);
        output.copied().extend_from_slice(b"header");
        output.push_shared(Bytes::from_static(b"payload"));
        output.advance(13);
        assert_eq!((output.copied.capacity(), output.rare.is_none()), (0, true));
    }

    #[test]
    fn a_lent_buffer_comes_back() {
        let mut output = Output::new(1);
        let mut buffer = vec![0; 100];
        output.lend(&mut buffer);
        output.copied().push(1);
        output.advance(1);
        output.give_back(&mut buffer);
        assert!(buffer.is_empty() && buffer.capacity() >= 100);

        output.lend(&mut buffer);
        output.copied().extend_from_slice(&[1, 2]);
        output.push_shared(Bytes::from_static(b"3"));
        output.advance(1);
        output.give_back(&mut buffer);
        assert!(buffer.capacity() >= 100 && output.copied.capacity() == 1);
        assert_eq!(output.copy_to_bytes(2), b"\x023"[..]);

        // What waits by reference is no reason to take the buffer.
        output.push_shared(Bytes::from_static(b"3"));
        output.lend(&mut buffer);
        assert!(buffer.capacity() >= 100 && !output.lent);
    }
}
