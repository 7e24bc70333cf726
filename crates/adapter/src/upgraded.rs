//! A transport that has left HTTP, with what was read of the new protocol already.

use std::io::{self, IoSlice, Read, Write};

use bytes::BytesMut;

/// A transport behind the answer to its last request of HTTP: a stream of the protocol that was agreed on. What was read with
/// that answer, or with the request, is what is read first.
#[derive(Debug)]
pub struct Upgraded<T> {
    pub(crate) io: T,
    /// What was read, and not read from here.
    input: BytesMut,
}

impl<T> Upgraded<T> {
    /// A transport, and what was read behind the answer or the request.
    pub fn new(io: T, input: BytesMut) -> Self {
        Self { io, input }
    }

    /// The transport.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// The transport, for what is neither reading nor writing.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.io
    }

    /// The transport, and what was read of it: the first bytes of the new protocol.
    pub fn into_parts(self) -> (T, BytesMut) {
        (self.io, self.input)
    }

    /// At most so many of the bytes that were read before; `None` once there are none, and the transport is next.
    pub(crate) fn take_input(&mut self, most: usize) -> Option<BytesMut> {
        let len = self.input.len();
        match len {
            0 => None,
            // What has been read takes its memory along.
            _ if len <= most => Some(std::mem::take(&mut self.input)),
            _ => Some(self.input.split_to(most)),
        }
    }
}

impl<T: Read> Read for Upgraded<T> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let Some(input) = self.take_input(bytes.len()) else { return self.io.read(bytes) };
        bytes[..input.len()].copy_from_slice(&input);
        Ok(input.len())
    }
}

impl<T: Write> Write for Upgraded<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.io.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.io.write_vectored(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.io.flush()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Whatever the sizes of the reads, what was read before comes first, and then the transport.
        #[test]
        fn reads_what_was_read_first(
            before in prop::collection::vec(any::<u8>(), 0..100),
            behind in prop::collection::vec(any::<u8>(), 0..100),
            sizes in prop::collection::vec(1..40_usize, 1..10),
        ) {
            let mut stream = Upgraded::new(&behind[..], BytesMut::from(&before[..]));
            let (mut read, mut sizes) = (Vec::new(), sizes.into_iter().cycle());
            loop {
                let mut bytes = vec![0; sizes.next().unwrap_or(1)];
                let len = stream.read(&mut bytes).expect("a slice can be read");
                if len == 0 {
                    break;
                }
                read.extend_from_slice(&bytes[..len]);
                let of_both = [&before[..], &behind].concat();
                prop_assert!(of_both.starts_with(&read));
            }
            prop_assert_eq!(read.len(), before.len() + behind.len());
            prop_assert_eq!(stream.into_parts().1.capacity(), 0);
        }
    }
}
