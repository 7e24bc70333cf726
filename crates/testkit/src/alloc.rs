//! How often a piece of code allocates, and how much it holds.
//!
//! The counters belong to the thread, so tests that run side by side do not disturb each other. With the feature
//! `alloc` the kit replaces the global allocator by a counting one, that of the crate `allocation-counter`; a test that
//! brings an allocator of its own has to turn the feature off.
//!
//! ```
//! use switchover_testkit::alloc::{Allocations, measure};
//!
//! let (held, allocations) = measure(|| {
//!     let longer = Vec::<u8>::with_capacity(300);
//!     let held = Vec::<u8>::with_capacity(100);
//!     drop(longer);
//!     held
//! });
//! assert_eq!(allocations, Allocations { count: 2, live: 100, peak: 400 });
//!
//! // What frees more than it allocates holds less than nothing.
//! let ((), allocations) = measure(|| drop(held));
//! assert_eq!(allocations, Allocations { count: 0, live: -100, peak: 0 });
//! ```

/// What [`measure`] has counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allocations {
    /// How often memory was asked for. Growing in place counts as one allocation.
    pub count: u64,
    /// Bytes allocated less bytes freed: what the code still holds, its result included.
    pub live: i64,
    /// The most bytes that were held at one time, beyond those held before. Growing holds the old and the new memory
    /// for a moment.
    pub peak: u64,
}

/// Runs the code and counts its allocations on this thread, those of other threads left out.
///
/// Calls may be nested, up to 60 deep; the outer one counts what the inner ones do.
pub fn measure<T>(code: impl FnOnce() -> T) -> (T, Allocations) {
    let mut result = None;
    let info = allocation_counter::measure(|| result = Some(code()));
    let Some(result) = result else { unreachable!("the code was run once") };
    let allocations = Allocations { count: info.count_total, live: info.bytes_current, peak: info.bytes_max };
    (result, allocations)
}

#[cfg(test)]
mod tests {
    use std::hint::black_box;

    use super::*;

    #[test]
    fn nothing_is_nothing() {
        let (sum, allocations) = measure(|| black_box(1) + black_box(2));
        assert_eq!((sum, allocations), (3, Allocations { count: 0, live: 0, peak: 0 }));
    }

    #[test]
    fn threads_do_not_disturb_each_other() {
        let ((), allocations) = measure(|| {
            std::thread::scope(|scope| {
                let other = scope.spawn(|| measure(|| black_box(vec![0_u8; 1 << 20]).len()).1);
                let counted = other.join().unwrap_or_else(|_| panic!("the thread ends"));
                assert_eq!(counted, Allocations { count: 1, live: 0, peak: 1 << 20 });
            });
        });
        assert!(allocations.peak < 1 << 20, "{allocations:?}");
    }

    #[test]
    fn growing_counts() {
        let (grown, allocations) = measure(|| {
            let mut bytes = black_box(Vec::<u8>::with_capacity(64));
            bytes.reserve_exact(128);
            bytes
        });
        assert_eq!(grown.capacity(), 128);
        assert_eq!(allocations, Allocations { count: 2, live: 128, peak: 192 });
    }
}
