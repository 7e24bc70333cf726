//! Memory for compression that many sessions use in turn.

use alloc::{boxed::Box, vec::Vec};
use core::ops::{Deref, DerefMut};

use super::{Deflater, Inflater, assembly::Assembly};
use crate::{Session, Side};

/// One inflater, one buffer for messages and one deflater for each of their [`Settings`](super::Settings), for all sessions of a
/// loop: see [`Session::lend_pool`]. Empty at first, it keeps what sessions have made.
#[derive(Debug, Default)]
pub struct DeflatePool {
    pub(super) inflater: Option<Box<Inflater>>,
    #[expect(clippy::vec_box, reason = "they come and go without being allocated anew")]
    pub(super) deflaters: Vec<Box<Deflater>>,
    pub(super) message: Assembly,
}

impl DeflatePool {
    /// An empty pool.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

/// A [`Session`] that compresses with the memory of a pool: see [`Session::lend_pool`].
#[derive(Debug)]
pub struct LentPool<'a, S: Side> {
    session: &'a mut Session<S>,
    pool: &'a mut DeflatePool,
}

impl<'a, S: Side> LentPool<'a, S> {
    pub(crate) fn new(session: &'a mut Session<S>, pool: &'a mut DeflatePool) -> Self {
        session.borrow_pool(pool);
        Self { session, pool }
    }
}

impl<S: Side> Deref for LentPool<'_, S> {
    type Target = Session<S>;

    fn deref(&self) -> &Session<S> {
        self.session
    }
}

impl<S: Side> DerefMut for LentPool<'_, S> {
    fn deref_mut(&mut self) -> &mut Session<S> {
        self.session
    }
}

impl<S: Side> Drop for LentPool<'_, S> {
    fn drop(&mut self) {
        self.session.give_back_pool(self.pool);
    }
}
