use alloc::string::String;
use core::fmt::{self, Write as _};

use switchover_header::value::{Parameters, is_token};

use crate::LocalError;

/// The parameters of an element that an extension writes.
///
/// Names and values are tokens, as all else would have to be unescaped to one (RFC 6455, section 9.1). With anything else
/// the whole list is unusable, and whatever it is given to says so: [`LocalError::ExtensionParameter`].
///
/// ```
/// use switchover_handshake::ParameterList;
///
/// let parameters = ParameterList::new().flag("server_no_context_takeover").value("server_max_window_bits", 10);
/// assert_eq!(parameters.to_string(), "; server_no_context_takeover; server_max_window_bits=10");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterList {
    /// As it stands behind the name of the extension.
    text: String,
    /// A name or a value was no token.
    broken: bool,
}

impl ParameterList {
    /// No parameter.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with one more parameter, which has no value.
    #[must_use]
    pub fn flag(mut self, name: &str) -> Self {
        self.broken |= !is_token(name.as_bytes());
        self.text.push_str("; ");
        self.text.push_str(name);
        self
    }

    /// The same with one more parameter, which has a value: a number or a token.
    #[must_use]
    pub fn value(self, name: &str, value: impl fmt::Display) -> Self {
        let mut list = self.flag(name);
        list.text.push('=');
        let start = list.text.len();
        let written = write!(list.text, "{value}");
        list.broken |= written.is_err() || !list.text.get(start..).is_some_and(|value| is_token(value.as_bytes()));
        list
    }

    /// The list in front of which a name makes it an element.
    pub(super) fn as_str(&self) -> Result<&str, LocalError> {
        match self.broken {
            true => Err(LocalError::ExtensionParameter),
            false => Ok(&self.text),
        }
    }
}

/// The same parameters in the same order, none of them quoted.
impl From<Parameters<'_>> for ParameterList {
    fn from(parameters: Parameters<'_>) -> Self {
        parameters.fold(Self::new(), |list, parameter| match parameter.value {
            None => list.flag(parameter.name),
            Some(value) => list.value(parameter.name, Unescaped(value.unescaped())),
        })
    }
}

impl fmt::Display for ParameterList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The characters of a token.
struct Unescaped<I>(I);

impl<I: Iterator<Item = u8> + Clone> fmt::Display for Unescaped<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.clone().try_for_each(|byte| f.write_char(char::from(byte)))
    }
}
