//! Writing frames into a buffer of the caller.

use core::fmt;

use crate::FrameHeader;

/// Writes `header` and, masked by the header's mask where it has one, `payload` to the front of `out`; returns the
/// bytes written.
///
/// `payload` is the whole payload, `header.payload_len` bytes, or as much of its front as is at hand: the rest can
/// follow piece by piece, with [`Mask::copy`](crate::Mask::copy) from the offset reached. Bytes beyond the length that
/// the header declares are left out: they would be read as the next frame.
///
/// # Errors
/// `out` does not hold them all. Nothing was written.
#[inline]
pub fn frame(header: &FrameHeader, payload: &[u8], out: &mut [u8]) -> Result<usize, BufferTooSmall> {
    let declared = usize::try_from(header.payload_len).unwrap_or(usize::MAX);
    let payload = payload.get(..declared).unwrap_or(payload);
    let header_len = header.encoded_len();
    let needed = header_len.saturating_add(payload.len());
    let Some((head, body)) = out.get_mut(..needed).and_then(|out| out.split_at_mut_checked(header_len)) else {
        return Err(BufferTooSmall { needed });
    };
    head.copy_from_slice(&header.encode());
    match header.mask {
        Some(mask) => {
            mask.copy(0, payload, body);
        }
        None => body.copy_from_slice(payload),
    }
    Ok(needed)
}

/// A buffer of the caller does not hold what was to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BufferTooSmall {
    /// The length it would have to have.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "buffer too small: {} bytes are needed", self.needed)
    }
}

impl core::error::Error for BufferTooSmall {}
