/// What a resumable scan says of the bytes it was shown.
///
/// Too few bytes are a value and never an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Step<T> {
    /// The value is complete and took `consumed` bytes of the front of the input.
    Done {
        /// What was recognized.
        value: T,
        /// Bytes from the start of the input to the end of the value.
        consumed: usize,
    },
    /// The input ends before the value does.
    NeedMore {
        /// Fewer further bytes than this cannot complete the value. A true lower bound, at least 1.
        at_least: usize,
    },
}

impl<T> Step<T> {
    /// Turns the value of `Done` into another one.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Step<U> {
        match self {
            Self::Done { value, consumed } => Step::Done { value: change(value), consumed },
            Self::NeedMore { at_least } => Step::NeedMore { at_least },
        }
    }
}
