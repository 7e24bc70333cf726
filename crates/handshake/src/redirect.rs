//! Where a redirection leads, and what goes there (RFC 9110, section 15.4).

use core::fmt;

use switchover_header::names::LOCATION;
use switchover_header::{ResponseView, Status, value};

use crate::{Offer, UrlError};

/// How many redirections a client follows for one connection, and how many it has followed.
///
/// The next offer asks for the same subprotocols, with the same Origin and fields, at the URL that Location leads to. Where
/// that is of another origin, another scheme, host or port, the credentials stay behind: Authorization, Cookie,
/// Proxy-Authorization and each [`Offer::credential`]. They do not come back where a later redirection does. From `wss` to
/// `ws` no redirection is followed.
///
/// ```
/// use switchover_handshake::header::Step;
/// use switchover_handshake::{Answer, ClientHandshake, Offer, Redirects};
///
/// let mut redirects = Redirects::up_to(5);
/// let offer = Offer::new("ws://example.com/notifications".parse()?).cookies("visit=7")?;
/// let mut handshake = ClientHandshake::new(&offer, [7; 16], &mut Vec::new())?; // 16 random bytes
/// let input = b"HTTP/1.1 307 \r\nLocation: https://example.org/v2/\r\nContent-Length: 0\r\n\r\n";
/// let Step::Done { value: Answer::Refused(answer), .. } = handshake.receive(input)? else {
///     unreachable!("the answer is complete and no 101");
/// };
/// let next = redirects.follow(&offer, &answer.head)?.expect("307 is a redirection");
/// assert_eq!(next, Offer::new("wss://example.org/v2/".parse()?)); // for a connection of its own, without the cookie
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redirects {
    limit: usize,
    /// `followed <= limit`.
    followed: usize,
}

impl Redirects {
    /// Follows this many redirections. With 0, the default, they are responses like any other.
    pub fn up_to(limit: usize) -> Self {
        Self { limit, followed: 0 }
    }

    /// What to offer next, where the answer to `offer` is a redirection that is followed: 301, 302, 303, 307 or 308. The
    /// request stays a GET with each of them.
    ///
    /// # Errors
    /// The redirection leads nowhere that a client may go, or is one too many.
    pub fn follow(&mut self, offer: &Offer, answer: &impl ResponseView) -> Result<Option<Offer>, RedirectError> {
        if self.limit == 0 || !is_redirection(answer.status()) {
            return Ok(None);
        }
        if self.followed == self.limit {
            return Err(RedirectError::TooMany);
        }
        let location = value::single(answer.values(LOCATION)).map_err(|_| RedirectError::RepeatedLocation)?;
        let location = location.ok_or(RedirectError::NoLocation)?;
        let location = core::str::from_utf8(location).map_err(|_| UrlError::Resource)?;
        let url = offer.url().resolve(location)?;
        if offer.url().is_secure() && !url.is_secure() {
            return Err(RedirectError::Downgrade);
        }
        self.followed += 1;
        Ok(Some(offer.redirected(url)))
    }
}

/// Why a redirection is not followed. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RedirectError {
    /// There were as many before as are followed.
    TooMany,
    /// There is no Location.
    NoLocation,
    /// There is more than one Location.
    RepeatedLocation,
    /// Location leads to no WebSocket URL.
    Location(UrlError),
    /// It leads from `wss` to `ws`, out of TLS.
    Downgrade,
}

impl RedirectError {
    /// The section of the standard that says so, as in `"RFC 9110, section 15.4"`.
    pub fn section(&self) -> &'static str {
        match self {
            Self::TooMany | Self::NoLocation => "RFC 9110, section 15.4",
            Self::RepeatedLocation | Self::Location(_) => "RFC 9110, section 10.2.2",
            Self::Downgrade => "RFC 6455, section 10.6",
        }
    }
}

impl fmt::Display for RedirectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany => f.write_str("there are too many redirections"),
            Self::NoLocation => f.write_str("the redirection has no Location"),
            Self::RepeatedLocation => f.write_str("Location is there more than once"),
            Self::Location(error) => write!(f, "Location leads to no WebSocket URL: {error}"),
            Self::Downgrade => f.write_str("Location leads out of TLS, from wss:// to ws://"),
        }?;
        write!(f, " ({})", self.section())
    }
}

impl core::error::Error for RedirectError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Location(error) => Some(error),
            _ => None,
        }
    }
}

impl From<UrlError> for RedirectError {
    fn from(error: UrlError) -> Self {
        Self::Location(error)
    }
}

/// RFC 9110, sections 15.4.2 to 15.4.9: not 300, which leaves the choice to a user, nor 304 to 306.
fn is_redirection(status: Status) -> bool {
    matches!(
        status,
        Status::MOVED_PERMANENTLY
            | Status::FOUND
            | Status::SEE_OTHER
            | Status::TEMPORARY_REDIRECT
            | Status::PERMANENT_REDIRECT
    )
}
