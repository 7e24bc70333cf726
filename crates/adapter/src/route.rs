//! The way of a client to a server.

use std::borrow::Cow;

use switchover::{
    Options,
    handshake::{Offer, Proxy, Redirects, Response},
};

use crate::ConnectError;

/// The way of a client to a server: to where the next attempt connects, through a proxy or not, and where a redirection leads.
///
/// ```
/// use switchover::{Options, handshake::Offer};
/// use switchover_adapter::{ConnectError, Route};
///
/// # struct WebSocket;
/// # fn attempt(_: &str, _: u16, _: &Offer) -> Result<WebSocket, ConnectError> { Ok(WebSocket) }
/// fn connect(offer: &Offer, options: &Options) -> Result<WebSocket, ConnectError> {
///     let mut route = Route::new(None, offer, options);
///     loop {
///         let (host, port) = route.destination()?;
///         match attempt(host, port, route.offer()) {
///             Err(ConnectError::Refused(response)) => route.follow(response)?,
///             opened => return opened,
///         }
///     }
/// }
/// # connect(&Offer::new("ws://example.com/".parse()?), &Options::default())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// - Getters: [`offer`](Self::offer), [`proxy`](Self::proxy), [`destination`](Self::destination)
/// - Handle: [`follow`](Self::follow)
#[derive(Clone, Debug)]
pub struct Route<'a> {
    proxy: Option<&'a Proxy>,
    /// Of the next attempt.
    offer: Cow<'a, Offer>,
    redirects: Redirects,
}

impl<'a> Route<'a> {
    /// The way to the host of an offer, and on to where it redirects, as often as [`Options::redirects`] says.
    pub fn new(proxy: Option<&'a Proxy>, offer: &'a Offer, options: &Options) -> Self {
        Self { proxy, offer: Cow::Borrowed(offer), redirects: Redirects::up_to(options.redirects) }
    }

    /// Goes on to where the server redirects.
    ///
    /// # Errors
    /// [`ConnectError::Refused`] if it does not, or may not; [`ConnectError::Redirect`] if that leads nowhere.
    pub fn follow(&mut self, refused: Box<Response>) -> Result<(), ConnectError> {
        match self.redirects.follow(&self.offer, &*refused) {
            Ok(Some(next)) => self.offer = Cow::Owned(next),
            Ok(None) => return Err(ConnectError::Refused(refused)),
            Err(error) => return Err(ConnectError::Redirect(error, refused)),
        }
        Ok(())
    }

    /// What the next attempt offers.
    pub fn offer(&self) -> &Offer {
        &self.offer
    }

    /// The proxy, which each attempt takes a tunnel of its own through.
    pub fn proxy(&self) -> Option<&'a Proxy> {
        self.proxy
    }

    /// Host and port that the next attempt connects to.
    ///
    /// # Errors
    /// [`ConnectError::Secure`] if that takes TLS.
    pub fn destination(&self) -> Result<(&str, u16), ConnectError> {
        let url = self.offer.url();
        if url.is_secure() {
            return Err(ConnectError::Secure(Box::new(Offer::clone(&self.offer))));
        }
        Ok(self.proxy.map_or((url.host(), url.port()), |proxy| (proxy.host(), proxy.port())))
    }
}
