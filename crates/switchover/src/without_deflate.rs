//! What stands for permessage-deflate where the feature `deflate` is off: types without a value, so that the rules read the same.

use alloc::vec::Vec;
use bytes::Bytes;
use switchover_frame::ProtocolError;
use switchover_handshake::DeflateContext;

#[derive(Debug)]
pub(crate) enum Inflation {}

#[derive(Debug)]
pub(crate) enum Deflation {}

impl Inflation {
    pub(crate) fn begin(&mut self, _: bool) {
        match *self {}
    }

    pub(crate) fn set_frame(&mut self, _: u64) {
        match *self {}
    }

    pub(crate) fn push(&mut self, _: &[u8], _: bool) -> Result<(), ProtocolError> {
        match *self {}
    }

    pub(crate) fn begin_parts(&mut self, _: usize, _: bool) {
        match *self {}
    }

    pub(crate) fn in_parts(&self) -> bool {
        match *self {}
    }

    pub(crate) fn part(&mut self, _: &[u8]) -> Result<(usize, bool), ProtocolError> {
        match *self {}
    }

    pub(crate) fn take_begun(&mut self) -> Bytes {
        match *self {}
    }

    pub(crate) fn take(&mut self) -> Bytes {
        match *self {}
    }

    pub(crate) fn clear(&mut self) {
        match *self {}
    }

    pub(crate) fn release_memory(&mut self) {
        match *self {}
    }

    pub(crate) fn set_window(&mut self, _: &[u8]) {
        match *self {}
    }

    pub(crate) fn take_window(&mut self) -> Vec<u8> {
        match *self {}
    }

    pub(crate) fn context(&self) -> DeflateContext {
        match *self {}
    }

    pub(crate) fn message(&self) -> &[u8] {
        match *self {}
    }

    pub(crate) fn len(&self) -> usize {
        match *self {}
    }

    pub(crate) fn wire(&self) -> u64 {
        match *self {}
    }
}

impl Deflation {
    pub(crate) fn compresses(&self, _: usize) -> bool {
        match *self {}
    }

    pub(crate) fn may_take_back(&self) -> bool {
        match *self {}
    }

    pub(crate) fn context(&self) -> DeflateContext {
        match *self {}
    }

    pub(crate) fn is_lent(&self) -> bool {
        match *self {}
    }

    pub(crate) fn set_in_fragments(&mut self, _: bool) {
        match *self {}
    }

    pub(crate) fn is_in_fragments(&self) -> bool {
        match *self {}
    }

    pub(crate) fn deflate(&mut self, _: &[u8], _: bool, _: bool, _: &mut Vec<u8>) {
        match *self {}
    }

    pub(crate) fn follow(&mut self, _: &[u8]) {
        match *self {}
    }

    pub(crate) fn release_memory(&mut self) {
        match *self {}
    }
}
