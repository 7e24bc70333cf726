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
        self.fill(slices, |slice| slice)
    }

    #[inline]
    fn fill<'a, T>(&'a self, slots: &mut [T], slot: impl Fn(&'a [u8]) -> T) -> usize {
        if self.rare.is_none() {
            // As it is nearly always: one slice, or nothing.
            return match (slots, self.copied.get(self.taken..)) {
                ([first, ..], Some(slice @ [_, ..])) => {
                    *first = slot(slice);
                    1
                }
                _ => 0,
            };
        }
        let mut filled = 0;
        for (place, slice) in slots.iter_mut().zip(self.segments()) {
            *place = slot(slice);
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
    #[inline]
    pub(crate) fn give_back(&mut self, buffer: &mut Vec<u8>) {
        if core::mem::take(&mut self.lent) {
            core::mem::swap(&mut self.copied, buffer);
            if self.taken < buffer.len() || self.rare.is_some() {
                self.copied = buffer.get(self.taken..).unwrap_or_default().to_vec();
                self.forget_taken();
            }
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

    /// Takes `n` bytes off the front, where there are `rare` things in the queue.
    fn advance_segments(&mut self, n: usize) {
        let mut left = n;
        while left > 0 {
            left -= self.advance_segment(left);
        }
        if let Some(rare) = &mut self.rare {
            rare.until_ping = rare.until_ping.saturating_sub(n);
            rare.until_pong = rare.until_pong.saturating_sub(n);
            if rare.until_pong == 0 {
                rare.pongs = 0;
                self.release_pong();
            }
        }
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
            self.taken = 0;
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
        match self.rare {
            None => self.copied.get(self.taken..).unwrap_or_default(),
            Some(_) => self.segments().next().unwrap_or_default(),
        }
    }

    #[cfg(feature = "std")]
    fn chunks_vectored<'a>(&'a self, slices: &mut [std::io::IoSlice<'a>]) -> usize {
        self.fill(slices, std::io::IoSlice::new)
    }

    /// # Panics
    ///
    /// If `n` exceeds [`remaining`](Buf::remaining), as [`Buf`] asks for.
    fn advance(&mut self, n: usize) {
        assert!(n <= self.remaining(), "advanced by {n} of {} bytes", self.remaining());
        self.moved |= n > 0;
        match self.rare {
            None => self.taken += n,
            Some(_) => self.advance_segments(n),
        }
        self.reclaim();
    }
}

#[cfg(test)]
mod tests;
