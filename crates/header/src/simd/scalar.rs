//! One byte at a time: what the others are checked against.

use super::{BLOCK, Masks};
use crate::classify::{is_control_byte, is_token_byte};

pub(super) fn block(block: &[u8; BLOCK]) -> Masks {
    let mut masks = Masks { other: 0, control: 0 };
    for byte in block.iter().rev() {
        masks.other = masks.other << 1 | u64::from(!is_token_byte(*byte));
        masks.control = masks.control << 1 | u64::from(is_control_byte(*byte));
    }
    masks
}

pub(super) fn is_plain(block: &[u8; BLOCK]) -> bool {
    !block.iter().any(|byte| is_control_byte(*byte))
}
