use core::ops::BitOr;

/// A set of the three reserved bits, at the place where a frame's first byte has them (RFC 6455, section 5.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct ReservedBits(u8);

impl ReservedBits {
    /// No bit.
    pub const NONE: Self = Self(0);
    /// The first bit, `0x40`: "per-message compressed" where permessage-deflate is agreed (RFC 7692, section 6).
    pub const RSV1: Self = Self(0x40);
    /// The second bit, `0x20`.
    pub const RSV2: Self = Self(0x20);
    /// The third bit, `0x10`.
    pub const RSV3: Self = Self(0x10);

    /// The bits as they stand in a frame's first byte.
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// Whether a bit is in both sets.
    pub const fn intersects(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

impl BitOr for ReservedBits {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}
