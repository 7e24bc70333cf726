//! The parameters of permessage-deflate (RFC 7692, section 7.1).

use alloc::vec::Vec;
use core::mem;
use core::ops::RangeInclusive;

use switchover_header::value::{Parameter, ParameterValue, Parameters};

use super::{Extension, ExtensionFault, ExtensionParameter, ParameterList, ReservedBits};
use crate::LocalError;

pub(crate) const NAME: &str = "permessage-deflate";

/// What this side is able and willing to do with permessage-deflate, in either role (RFC 7692, section 7.1).
///
/// Each direction has a compressor on one side and a decompressor on the other, with an LZ77 window of 2 to the power of
/// 8 to 15 bytes and a context, the last bytes of the messages before. This side's *own* direction is that of the messages
/// it sends, its *peer* direction that of those it receives.
///
/// By default both windows are as large as the peer lets them be, and both contexts are kept from message to message: the
/// best compression, at the price of two windows of 32,768 bytes for each connection and of the compressor's memory.
///
/// ```
/// use switchover_handshake::Deflate;
///
/// // A server with many connections: it keeps no context of its own, and 2^11 bytes of each client.
/// let deflate = Deflate::new().no_own_context_takeover().peer_window(11)?;
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
///
/// What is agreed has to be spoken: a peer may compress its first message. So this goes to a choice or an offer only where
/// what reads the frames can inflate them.
///
/// On a server the answer is that of RFC 7692 to the first offer that can be obeyed, always with the window that a client
/// asks for, or a smaller one, and never with a parameter that a client cannot take. On a client there are up to two
/// offers: with a window for the server, and as a fallback without it, because a server is free to support none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deflate {
    /// The windows that the compressor of this side can keep to, in bits: smallest and largest.
    own: (u8, u8),
    own_takeover: bool,
    /// The largest window of the peer's compressor, in bits.
    peer: u8,
    peer_required: bool,
    peer_takeover: bool,
}

/// What both sides do with permessage-deflate: see [`Agreement::deflate`](crate::Agreement::deflate).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeflateParameters {
    /// For the messages that the server sends.
    pub server: DeflateContext,
    /// For the messages that the client sends.
    pub client: DeflateContext,
}

/// What the sender of one direction keeps to, and its receiver relies on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DeflateContext {
    /// The LZ77 window has 2 to the power of this many bytes: 8 to 15. Many decompressors know no window of 8 bits, and
    /// read it as one of 9.
    pub window_bits: u8,
    /// Whether a message may refer to those before; if not, each is compressed by itself.
    pub takeover: bool,
}

impl Deflate {
    /// Windows of up to 15 bits and contexts that are kept, in both directions.
    pub const fn new() -> Self {
        Self { own: (9, MAX_BITS), own_takeover: true, peer: MAX_BITS, peer_required: false, peer_takeover: true }
    }

    /// The same with the windows that the compressor of this side can keep to, in bits; 9 to 15 by default. It uses the
    /// largest unless the peer asks for less. On a server, an offer that asks for less than the smallest is declined. A
    /// client whose smallest is above 9 does not offer to be told.
    ///
    /// 8 has to be true: zlib, told 8, takes a window of 9 bits and refers to bytes that the peer no longer has.
    ///
    /// # Errors
    /// [`LocalError::WindowBits`] if the range is empty or goes beyond 8 to 15.
    pub fn own_windows(mut self, bits: RangeInclusive<u8>) -> Result<Self, LocalError> {
        if bits.is_empty() {
            return Err(LocalError::WindowBits);
        }
        self.own = (checked(*bits.start())?, checked(*bits.end())?);
        Ok(self)
    }

    /// The same without a context for the messages that this side sends: each is compressed by itself.
    #[must_use]
    pub const fn no_own_context_takeover(mut self) -> Self {
        self.own_takeover = false;
        self
    }

    /// The same with a largest window, in bits, for the messages that this side receives; 15 by default, or no limit. A
    /// peer that cannot be told is still let in, with a window of 15 bits.
    ///
    /// A server asks no client for 8, which most cannot keep to, but for 9, unless the client offers 8. Where 8 is
    /// [required](Self::require_peer_window), it declines what does not.
    ///
    /// # Errors
    /// [`LocalError::WindowBits`] if it is not 8 to 15.
    pub fn peer_window(mut self, bits: u8) -> Result<Self, LocalError> {
        self.peer = checked(bits)?;
        Ok(self)
    }

    /// The same, and no permessage-deflate with a peer that does not keep to [`peer_window`](Self::peer_window): a server
    /// declines offers that do not let it say so, a client has no fallback.
    #[must_use]
    pub const fn require_peer_window(mut self) -> Self {
        self.peer_required = true;
        self
    }

    /// The same without a context for the messages that this side receives: the peer is asked to compress each by itself,
    /// which it has to.
    #[must_use]
    pub const fn no_peer_context_takeover(mut self) -> Self {
        self.peer_takeover = false;
        self
    }

    /// What a client offers in the first place. As a fallback it offers the same without a window for the server.
    fn offer(&self) -> Element {
        let (smallest, largest) = self.own;
        Element {
            server_no_context_takeover: !self.peer_takeover,
            client_no_context_takeover: !self.own_takeover,
            server_max_window_bits: (self.peer < MAX_BITS).then_some(self.peer),
            client_max_window_bits: match largest {
                _ if smallest > SMALLEST_KNOWN => Window::Absent,
                MAX_BITS => Window::Bare,
                bits => Window::Bits(bits),
            },
        }
    }

    /// Whether an answer is one to this offer, and one that this side can obey.
    fn check(&self, answer: &Element, offer: &Element) -> Result<(), ExtensionFault> {
        // Section 7.1.1.1: a server accepts the parameter by including it.
        if offer.server_no_context_takeover && !answer.server_no_context_takeover {
            return Err(ExtensionFault::MissingParameter(&SERVER_NO_CONTEXT_TAKEOVER));
        }
        // Section 7.1.2.1: it includes the same or a smaller value.
        if let Some(offered) = offer.server_max_window_bits {
            let bits =
                answer.server_max_window_bits.ok_or(ExtensionFault::MissingParameter(&SERVER_MAX_WINDOW_BITS))?;
            if bits > offered {
                return Err(ExtensionFault::TooLarge(&SERVER_MAX_WINDOW_BITS));
            }
        }
        // Section 7.1.2.2: only where it was offered, and then the same or a smaller value.
        let Window::Bits(bits) = answer.client_max_window_bits else { return Ok(()) };
        match offer.client_max_window_bits {
            Window::Absent => Err(ExtensionFault::NotOffered(&CLIENT_MAX_WINDOW_BITS)),
            Window::Bits(offered) if bits > offered => Err(ExtensionFault::TooLarge(&CLIENT_MAX_WINDOW_BITS)),
            _ if bits < self.own.0 => Err(ExtensionFault::CannotObey(&CLIENT_MAX_WINDOW_BITS)),
            _ => Ok(()),
        }
    }
}

impl Default for Deflate {
    fn default() -> Self {
        Self::new()
    }
}

impl Extension for Deflate {
    fn name(&self) -> &'static str {
        NAME
    }

    /// RFC 7692, section 6.
    fn reserved_bits(&self) -> ReservedBits {
        ReservedBits::RSV1
    }

    fn answer(&self, offered: Parameters<'_>) -> Option<ParameterList> {
        let offer = Element::parse(offered).ok()?;
        let (smallest, largest) = self.own;
        // Section 7.1.2.1: the same or a smaller value than the one offered. Without one it may be there.
        let server_max_window_bits = match offer.server_max_window_bits {
            Some(bits) if bits < smallest => return None,
            Some(bits) => Some(bits.min(largest)),
            None => (largest < MAX_BITS).then_some(largest),
        };
        // Section 7.1.2.2: only if it is in the offer, never without a value, and not above the one offered.
        let wanted = self.peer.max(SMALLEST_KNOWN);
        let client_max_window_bits = match offer.client_max_window_bits {
            Window::Absent => MAX_BITS,
            Window::Bare => wanted,
            Window::Bits(bits) => bits.min(wanted),
        };
        if self.peer_required && client_max_window_bits > self.peer {
            return None;
        }
        let answer = Element {
            // Sections 7.1.1.1 and 7.1.1.2: echoed where offered, and allowed where not.
            server_no_context_takeover: offer.server_no_context_takeover || !self.own_takeover,
            client_no_context_takeover: offer.client_no_context_takeover || !self.peer_takeover,
            server_max_window_bits,
            client_max_window_bits: match client_max_window_bits {
                MAX_BITS => Window::Absent,
                bits => Window::Bits(bits),
            },
        };
        Some(answer.into())
    }

    fn offers(&self) -> Vec<ParameterList> {
        let offer = self.offer();
        let fallback = offer.without_server_window().filter(|_| !self.peer_required);
        [Some(offer), fallback].into_iter().flatten().map(ParameterList::from).collect()
    }

    fn judge(&self, answered: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
        let answer = Element::parse(answered)?;
        if answer.client_max_window_bits == Window::Bare {
            return Err(ExtensionFault::Value(&CLIENT_MAX_WINDOW_BITS));
        }
        let offer = self.offer();
        self.check(&answer, &offer).or_else(|fault| match offer.without_server_window() {
            Some(fallback) if !self.peer_required => self.check(&answer, &fallback),
            _ => Err(fault),
        })?;
        // What was offered as a hint holds whether it is answered or not (sections 7.1.1.2 and 7.1.2.2).
        let agreed = Element {
            client_no_context_takeover: answer.client_no_context_takeover || !self.own_takeover,
            client_max_window_bits: match (answer.client_max_window_bits, self.own.1) {
                (Window::Absent, MAX_BITS) => Window::Absent,
                (window, largest) => Window::Bits(window.bits().min(largest)),
            },
            ..answer
        };
        Ok(agreed.into())
    }
}

impl DeflateParameters {
    /// What an element says that was agreed.
    pub(crate) fn of(agreed: Parameters<'_>) -> Option<Self> {
        let element = Element::parse(agreed).ok()?;
        Some(Self {
            server: DeflateContext {
                window_bits: element.server_max_window_bits.unwrap_or(MAX_BITS),
                takeover: !element.server_no_context_takeover,
            },
            client: DeflateContext {
                window_bits: element.client_max_window_bits.bits(),
                takeover: !element.client_no_context_takeover,
            },
        })
    }
}

const SERVER_NO_CONTEXT_TAKEOVER: ExtensionParameter =
    ExtensionParameter { name: "server_no_context_takeover", section: "RFC 7692, section 7.1.1.1" };
const CLIENT_NO_CONTEXT_TAKEOVER: ExtensionParameter =
    ExtensionParameter { name: "client_no_context_takeover", section: "RFC 7692, section 7.1.1.2" };
const SERVER_MAX_WINDOW_BITS: ExtensionParameter =
    ExtensionParameter { name: "server_max_window_bits", section: "RFC 7692, section 7.1.2.1" };
const CLIENT_MAX_WINDOW_BITS: ExtensionParameter =
    ExtensionParameter { name: "client_max_window_bits", section: "RFC 7692, section 7.1.2.2" };

/// Also the window where nobody says anything of it.
const MAX_BITS: u8 = 15;
const MIN_BITS: u8 = 8;
/// The smallest window that zlib knows.
const SMALLEST_KNOWN: u8 = 9;

/// One element, offered or answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Element {
    server_no_context_takeover: bool,
    client_no_context_takeover: bool,
    server_max_window_bits: Option<u8>,
    client_max_window_bits: Window,
}

/// `client_max_window_bits`, which may be offered without a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Window {
    #[default]
    Absent,
    Bare,
    Bits(u8),
}

impl Element {
    /// Section 7.1: an offer with anything else is declined, and an answer with anything else fails the connection.
    fn parse(parameters: Parameters<'_>) -> Result<Self, ExtensionFault> {
        let mut element = Self::default();
        for Parameter { name, value } in parameters {
            if name == SERVER_NO_CONTEXT_TAKEOVER.name {
                set_flag(&mut element.server_no_context_takeover, value, &SERVER_NO_CONTEXT_TAKEOVER)?;
            } else if name == CLIENT_NO_CONTEXT_TAKEOVER.name {
                set_flag(&mut element.client_no_context_takeover, value, &CLIENT_NO_CONTEXT_TAKEOVER)?;
            } else if name == SERVER_MAX_WINDOW_BITS.name {
                let fault = ExtensionFault::Value(&SERVER_MAX_WINDOW_BITS);
                let bits = value.and_then(window_bits).ok_or(fault)?;
                if element.server_max_window_bits.replace(bits).is_some() {
                    return Err(ExtensionFault::RepeatedParameter(&SERVER_MAX_WINDOW_BITS));
                }
            } else if name == CLIENT_MAX_WINDOW_BITS.name {
                let window = match value {
                    None => Window::Bare,
                    Some(value) => {
                        Window::Bits(window_bits(value).ok_or(ExtensionFault::Value(&CLIENT_MAX_WINDOW_BITS))?)
                    }
                };
                if mem::replace(&mut element.client_max_window_bits, window) != Window::Absent {
                    return Err(ExtensionFault::RepeatedParameter(&CLIENT_MAX_WINDOW_BITS));
                }
            } else {
                return Err(ExtensionFault::UnknownParameter);
            }
        }
        Ok(element)
    }

    /// The same without a window for the server, where there is one.
    fn without_server_window(self) -> Option<Self> {
        self.server_max_window_bits.is_some().then_some(Self { server_max_window_bits: None, ..self })
    }
}

impl Window {
    /// The largest window that the client may use.
    fn bits(self) -> u8 {
        match self {
            Self::Absent | Self::Bare => MAX_BITS,
            Self::Bits(bits) => bits,
        }
    }
}

impl From<Element> for ParameterList {
    fn from(element: Element) -> Self {
        let mut list = Self::new();
        if element.server_no_context_takeover {
            list = list.flag(SERVER_NO_CONTEXT_TAKEOVER.name);
        }
        if element.client_no_context_takeover {
            list = list.flag(CLIENT_NO_CONTEXT_TAKEOVER.name);
        }
        if let Some(bits) = element.server_max_window_bits {
            list = list.value(SERVER_MAX_WINDOW_BITS.name, bits);
        }
        match element.client_max_window_bits {
            Window::Absent => list,
            Window::Bare => list.flag(CLIENT_MAX_WINDOW_BITS.name),
            Window::Bits(bits) => list.value(CLIENT_MAX_WINDOW_BITS.name, bits),
        }
    }
}

/// Notes a parameter that has no value and may be there once.
fn set_flag(
    flag: &mut bool,
    value: Option<ParameterValue<'_>>,
    parameter: &'static ExtensionParameter,
) -> Result<(), ExtensionFault> {
    if value.is_some() {
        return Err(ExtensionFault::Value(parameter));
    }
    match mem::replace(flag, true) {
        true => Err(ExtensionFault::RepeatedParameter(parameter)),
        false => Ok(()),
    }
}

/// Section 7.1.2: a decimal integer of 8 to 15 without leading zeros.
fn window_bits(value: ParameterValue<'_>) -> Option<u8> {
    let mut digits = value.unescaped();
    match (digits.next(), digits.next(), digits.next()) {
        (Some(digit @ b'8'..=b'9'), None, _) => Some(digit - b'0'),
        (Some(b'1'), Some(digit @ b'0'..=b'5'), None) => Some(10 + digit - b'0'),
        _ => None,
    }
}

/// The number of bits of a caller's, if it is one of a window.
fn checked(bits: u8) -> Result<u8, LocalError> {
    match bits {
        MIN_BITS..=MAX_BITS => Ok(bits),
        _ => Err(LocalError::WindowBits),
    }
}
