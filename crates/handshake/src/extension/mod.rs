//! Extensions of WebSocket, as far as the opening handshake goes (RFC 6455, section 9.1): [`Extension`].

mod deflate;
mod fault;
mod negotiation;
mod parameters;
mod reserved;

use alloc::vec::Vec;
use core::fmt;

use switchover_header::value::Parameters;

pub(crate) use self::deflate::NAME as PERMESSAGE_DEFLATE;
pub use self::deflate::{Deflate, DeflateContext, DeflateParameters};
pub use self::fault::{ExtensionFault, ExtensionParameter};
pub(crate) use self::negotiation::{Agreed, Extensions};
pub use self::parameters::ParameterList;
pub use self::reserved::ReservedBits;

/// How an extension is negotiated, in both roles.
///
/// [`Deflate`] is the ready-made one. Any other can be given to [`Choice::extension`](crate::Choice::extension) and
/// [`Offer::extension`](crate::Offer::extension) in the same way: a value that compares by [`Eq`], because choices and
/// offers do. Whatever it does to messages is not for the handshake: what was agreed is in
/// [`Agreement::extensions`](crate::Agreement::extensions).
///
/// An extension sees only its own elements of `Sec-WebSocket-Extensions`, and only well-formed ones. A parameter may be
/// there twice, have a value or none, and be quoted or not, which makes no difference: values are read with
/// [`unescaped`](switchover_header::value::ParameterValue::unescaped) or compared to a `str`.
///
/// ```
/// use switchover_handshake::header::value::Parameters;
/// use switchover_handshake::{Choice, Extension, ExtensionFault, ExtensionParameter, Offer, ParameterList};
///
/// /// Messages about these topics only.
/// #[derive(Clone, Copy, Debug, PartialEq, Eq)]
/// struct Topics {
///     most: u8,
/// }
///
/// const MOST: ExtensionParameter = ExtensionParameter { name: "most", section: "example.com/topics" };
///
/// impl Topics {
///     fn read(mut parameters: Parameters<'_>) -> Result<u8, ExtensionFault> {
///         let parameter = parameters.next().ok_or(ExtensionFault::MissingParameter(&MOST))?;
///         let digits = parameter.value.filter(|_| parameter.name == MOST.name && parameters.next().is_none());
///         let digits = digits.ok_or(ExtensionFault::UnknownParameter)?.unescaped().map(char::from);
///         digits.collect::<String>().parse().map_err(|_| ExtensionFault::Value(&MOST))
///     }
/// }
///
/// impl Extension for Topics {
///     fn name(&self) -> &'static str {
///         "x-topics"
///     }
///
///     fn answer(&self, offered: Parameters<'_>) -> Option<ParameterList> {
///         let most = Self::read(offered).ok()?.min(self.most);
///         Some(ParameterList::new().value(MOST.name, most))
///     }
///
///     fn offers(&self) -> Vec<ParameterList> {
///         vec![ParameterList::new().value(MOST.name, self.most)]
///     }
///
///     fn judge(&self, answered: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
///         match Self::read(answered.clone())? {
///             most if most > self.most => Err(ExtensionFault::TooLarge(&MOST)),
///             _ => Ok(answered.into()),
///         }
///     }
/// }
///
/// let choice = Choice::new().extension(Topics { most: 7 })?;
/// let offer = Offer::new("ws://example.com/".parse()?).extension(Topics { most: 12 })?;
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
pub trait Extension: fmt::Debug + Send + Sync {
    /// The name in the field, a token; names are compared exactly.
    fn name(&self) -> &'static str;

    /// The reserved bits of a frame that it gives a meaning: none, unless it says otherwise. Of two extensions that claim
    /// the same bit only one is agreed.
    fn reserved_bits(&self) -> ReservedBits {
        ReservedBits::NONE
    }

    /// On a server: the answer to one element offered; `None` declines that element, and a later one of the same name is
    /// tried. What is answered is agreed.
    fn answer(&self, offered: Parameters<'_>) -> Option<ParameterList>;

    /// On a client: the elements to offer, the most preferred first, each of which a server may take.
    fn offers(&self) -> Vec<ParameterList>;

    /// On a client: what is agreed, given the element of the answer: most often just that, and where the client has promised
    /// more than the server made use of, that too.
    ///
    /// # Errors
    /// Why the answer fits none of the [`offers`](Self::offers), which fails the connection.
    fn judge(&self, answered: Parameters<'_>) -> Result<ParameterList, ExtensionFault>;
}
