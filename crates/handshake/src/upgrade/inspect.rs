//! Reading which protocols a request can switch to (RFC 9110, section 7.8), from whichever head it comes.

use switchover_header::names::{HOST, UPGRADE};
use switchover_header::{RequestView, TypedFields, Version, value};

use super::UpgradeProposal;
use super::protocols::named;
use crate::content::has_content;
use crate::read::single;
use crate::server::check_websocket;
use crate::{HandshakeError, Protocol, Protocols, Refusal, expect};

/// The proposal to switch to one or more of these protocols that a request makes; `None` where it names none of them,
/// or only such whose rules have it ignored. That is a request of plain HTTP.
///
/// Upgrade counts on HTTP/1.1, where Connection names it, and not in a CONNECT request. What it names beyond
/// `protocols` is skipped.
///
/// # Errors
/// The response to a request that can switch to none of the protocols it names, because it is not as their rules have
/// it: 405 with the methods that can, 417 for what it expects, 400 with what is missing. It is that of the first one
/// which the client names.
pub fn inspect_upgrade<V: RequestView>(
    view: V,
    protocols: &Protocols,
) -> Result<Option<UpgradeProposal<'_, V>>, Refusal> {
    if !counts(&view) {
        return Ok(None);
    }
    // One bit for each of the protocols, of which there are `MAX_PROTOCOLS` at most.
    let (mut checked, mut eligible) = (0_u64, 0_u64);
    let (mut key, mut broken) = (None, None);
    for (number, protocol) in named(&view).filter_map(|product| protocols.find(&product)) {
        let bit = 1 << number;
        if checked & bit != 0 {
            continue;
        }
        checked |= bit;
        let outcome = match protocol.is_websocket() {
            true => check_websocket(&view).map(|(found, _)| key = Some(found)),
            false => check(&view, protocol),
        };
        match outcome {
            Ok(()) => eligible |= bit,
            Err(_) if protocol.ignored_when_broken => {}
            Err(error) => broken = broken.or(Some(error)),
        }
    }
    match broken {
        _ if eligible != 0 => Ok(Some(UpgradeProposal::new(view, protocols, eligible, key))),
        Some(error) => Err(Refusal::from(error).for_method(view.method())),
        None => Ok(None),
    }
}

/// RFC 9110, section 7.8: Upgrade counts on HTTP/1.1, and only where Connection names it. HTTP/2 and HTTP/3 have none.
pub(super) fn counts(view: &impl RequestView) -> bool {
    view.version() == Version::Http11 && view.method() != "CONNECT" && view.has_connection_option("upgrade")
}

/// All that a request which can switch to `protocol` has to be.
fn check(view: &impl RequestView, protocol: &Protocol) -> Result<(), HandshakeError> {
    if !protocol.has_method(view.method()) {
        return Err(HandshakeError::Method(protocol.methods));
    }
    let framing = view.framing().map_err(HandshakeError::Framing)?;
    if protocol.content.is_none() && has_content(framing) {
        return Err(HandshakeError::Content);
    }
    let host = single(view, HOST)?.ok_or(HandshakeError::Missing(&[HOST]))?;
    value::host(host).map_err(|error| HandshakeError::Malformed(HOST, Some(error)))?;
    expect::check(view)?;
    if protocol.alone && value::list(view.values(UPGRADE)).nth(1).is_some() {
        return Err(HandshakeError::NotAlone);
    }
    for requirement in protocol.requirements {
        requirement.check(view)?;
        if requirement.nominated && !view.has_connection_option(requirement.name) {
            return Err(HandshakeError::NotNominated(requirement.name));
        }
    }
    Ok(())
}
