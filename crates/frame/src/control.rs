use core::fmt;
use core::ops::Deref;

use crate::BufferTooSmall;

/// The payload of one control frame, inline: a slice of at most 125 bytes. (RFC 6455, section 5.5)
///
/// Only bytes that were pushed are ever seen.
#[derive(Clone, Copy)]
pub struct ControlPayload {
    bytes: [u8; Self::MAX_LEN],
    /// `0 <= len <= bytes.len()`
    len: u8,
}

impl ControlPayload {
    /// The longest payload of a control frame.
    pub const MAX_LEN: usize = 125;

    /// An empty payload.
    #[inline]
    pub const fn new() -> Self {
        Self { bytes: [0; Self::MAX_LEN], len: 0 }
    }

    /// Appends all of `bytes`, or nothing.
    ///
    /// # Errors
    /// The payload would be longer than 125 bytes. Pieces of one control frame from a [`Decoder`](crate::Decoder)
    /// always fit.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), BufferTooSmall> {
        let len = self.len().saturating_add(bytes.len());
        let (Ok(new_len), Some(place)) = (u8::try_from(len), self.bytes.get_mut(usize::from(self.len)..len)) else {
            return Err(BufferTooSmall { needed: len });
        };
        place.copy_from_slice(bytes);
        self.len = new_len;
        Ok(())
    }

    /// Empties the payload.
    #[inline]
    pub const fn clear(&mut self) {
        self.len = 0;
    }
}

impl Default for ControlPayload {
    fn default() -> Self {
        Self::new()
    }
}

impl Deref for ControlPayload {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl AsRef<[u8]> for ControlPayload {
    #[inline]
    fn as_ref(&self) -> &[u8] {
        self
    }
}

impl PartialEq for ControlPayload {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl Eq for ControlPayload {}

impl fmt::Debug for ControlPayload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ControlPayload").field(&&**self).finish()
    }
}
