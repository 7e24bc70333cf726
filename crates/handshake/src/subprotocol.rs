//! Which subprotocol to speak (RFC 6455, sections 1.9, 4.1 and 4.2.2).

use alloc::string::String;
use alloc::vec::Vec;

use switchover_header::value;

use crate::LocalError;

/// The number of subprotocols that one request may offer; a request with more is refused with 431.
///
/// They must be unique, which is checked without allocating, by comparing each to those before it.
pub const MAX_SUBPROTOCOLS: usize = 128;

/// How a server chooses among the subprotocols that a client offers. Names are compared exactly, case included.
///
/// ```
/// use switchover_handshake::SubprotocolPolicy;
///
/// let policy = SubprotocolPolicy::server_order(["chat.v2", "chat"])?;
/// assert_eq!(policy.select(["chat", "chat.v2"].into_iter()), Some("chat.v2"));
/// assert_eq!(policy.select(["mqtt"].into_iter()), None);
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubprotocolPolicy {
    /// Tokens, each there once.
    supported: Vec<String>,
    order: Order,
    required: bool,
}

impl SubprotocolPolicy {
    /// None: whatever is offered is left unanswered, which is the default.
    pub fn none() -> Self {
        Self::default()
    }

    /// The first one supported, in the order of the client's preference.
    ///
    /// # Errors
    /// [`LocalError::Subprotocol`] if a name is no token, [`LocalError::RepeatedSubprotocol`] if it is there twice.
    pub fn client_order<T: Into<String>>(supported: impl IntoIterator<Item = T>) -> Result<Self, LocalError> {
        Self::new(supported, Order::Client)
    }

    /// The first one offered, in the order given here.
    ///
    /// # Errors
    /// As for [`client_order`](Self::client_order).
    pub fn server_order<T: Into<String>>(supported: impl IntoIterator<Item = T>) -> Result<Self, LocalError> {
        Self::new(supported, Order::Server)
    }

    /// This one, and no connection without it.
    ///
    /// # Errors
    /// As for [`client_order`](Self::client_order).
    pub fn exactly(subprotocol: impl Into<String>) -> Result<Self, LocalError> {
        Ok(Self::new([subprotocol], Order::Server)?.required())
    }

    /// The same policy, and no connection where the client offers none of the subprotocols supported.
    #[must_use]
    pub fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// Whether there is no connection without a subprotocol.
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// The subprotocols supported, in the order given.
    pub fn supported(&self) -> impl Iterator<Item = &str> {
        self.supported.iter().map(String::as_str)
    }

    /// The one to speak, of those offered.
    pub fn select<'o>(&self, offered: impl Iterator<Item = &'o str> + Clone) -> Option<&'o str> {
        match self.order {
            Order::Client => offered.clone().find(|name| self.supported().any(|supported| supported == *name)),
            Order::Server => self.supported().find_map(|supported| offered.clone().find(|name| *name == supported)),
        }
    }

    fn new<T: Into<String>>(supported: impl IntoIterator<Item = T>, order: Order) -> Result<Self, LocalError> {
        let mut names = Vec::new();
        for name in supported {
            push(&mut names, name.into())?;
        }
        Ok(Self { supported: names, order, required: false })
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Order {
    Client,
    #[default]
    Server,
}

/// Adds one to a list of subprotocols, as the ABNF has them: tokens, all unique (RFC 6455, section 4.1).
pub(crate) fn push(names: &mut Vec<String>, name: String) -> Result<(), LocalError> {
    if !value::is_token(name.as_bytes()) {
        return Err(LocalError::Subprotocol);
    }
    if names.contains(&name) {
        return Err(LocalError::RepeatedSubprotocol);
    }
    names.push(name);
    Ok(())
}
