use crate::simd;

/// The masking key of a client's frame. (RFC 6455, section 5.3)
///
/// The key must come fresh from a strong source of entropy for every frame: that is the caller's duty, this crate has
/// no random generator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mask([u8; 4]);

impl Mask {
    /// The mask with these four bytes, as they stand on the wire.
    #[inline]
    pub const fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// The four bytes, as they stand on the wire.
    #[inline]
    pub const fn key(self) -> [u8; 4] {
        self.0
    }

    /// Masks or unmasks `payload` in place: the bytes of a frame's payload from `offset` on.
    #[inline]
    pub fn apply(self, offset: u64, payload: &mut [u8]) {
        simd::apply(payload, self.word(offset));
    }

    /// Copies `src`, the bytes of a frame's payload from `offset` on, to the front of `dst`, masking or unmasking them
    /// on the way. Returns the bytes copied: the shorter of the two lengths.
    #[inline]
    pub fn copy(self, offset: u64, src: &[u8], dst: &mut [u8]) -> usize {
        simd::copy(src, dst, self.word(offset))
    }

    /// Appends `src`, the bytes of a frame's payload from `offset` on, to `out`, masking or unmasking them on the way.
    #[cfg(feature = "alloc")]
    #[inline]
    pub fn append(self, offset: u64, src: &[u8], out: &mut alloc::vec::Vec<u8>) {
        simd::append(src, out, self.word(offset));
    }

    /// The key twice, as it falls on the eight bytes of payload from `offset` on.
    // RFC 6455, section 5.3: octet i of the payload is masked by octet i MOD 4 of the key
    #[inline]
    fn word(self, offset: u64) -> u64 {
        let key = u32::from_le_bytes(self.0).rotate_right((offset % 4) as u32 * 8);
        u64::from(key) << 32 | u64::from(key)
    }
}
