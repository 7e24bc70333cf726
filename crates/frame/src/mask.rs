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
        if payload.len() < LONG { xor(payload, self.word(offset)) } else { self.apply_to_long(offset, payload) }
    }

    /// Copies `src`, the bytes of a frame's payload from `offset` on, to the front of `dst`, masking or unmasking them
    /// on the way. Returns the bytes copied: the shorter of the two lengths.
    #[inline]
    pub fn copy(self, offset: u64, src: &[u8], dst: &mut [u8]) -> usize {
        let len = src.len().min(dst.len());
        let word = self.word(offset);
        let (from_chunks, from_tail) = src[..len].as_chunks();
        let (to_chunks, to_tail) = dst[..len].as_chunks_mut();
        for (to, from) in to_chunks.iter_mut().zip(from_chunks) {
            *to = (u64::from_le_bytes(*from) ^ word).to_le_bytes();
        }
        for ((to, from), key) in to_tail.iter_mut().zip(from_tail).zip(word.to_le_bytes()) {
            *to = from ^ key;
        }
        len
    }

    /// Vectors that lie across two cache lines take half as long again.
    #[inline(never)]
    fn apply_to_long(self, offset: u64, payload: &mut [u8]) {
        let unaligned = payload.as_ptr().align_offset(CACHE_LINE).min(payload.len());
        let (unaligned, aligned) = payload.split_at_mut(unaligned);
        xor(unaligned, self.word(offset));
        xor(aligned, self.word(offset.wrapping_add(unaligned.len() as u64)));
    }

    /// The key twice, as it falls on the eight bytes of payload from `offset` on. Whole words, not bytes, are what the
    /// compiler turns into vectors.
    // RFC 6455, section 5.3: octet i of the payload is masked by octet i MOD 4 of the key
    #[inline]
    fn word(self, offset: u64) -> u64 {
        let key = u32::from_le_bytes(self.0).rotate_right((offset % 4) as u32 * 8);
        u64::from(key) << 32 | u64::from(key)
    }
}

/// From so many bytes on it pays to begin with a cache line.
const LONG: usize = 4096;
const CACHE_LINE: usize = 64;

#[inline]
fn xor(bytes: &mut [u8], word: u64) {
    let (chunks, tail) = bytes.as_chunks_mut();
    for chunk in chunks {
        *chunk = (u64::from_le_bytes(*chunk) ^ word).to_le_bytes();
    }
    for (byte, key) in tail.iter_mut().zip(word.to_le_bytes()) {
        *byte ^= key;
    }
}
