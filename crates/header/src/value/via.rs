use super::{Comment, Product, ValueError, ValueErrorKind, authority::port, ows, product::split_product, split_token};
use crate::classify::is_ows;

/// `received-protocol RWS received-by [ RWS comment ]`: one element of `Via`, which is one
/// intermediary (RFC 9110, section 7.6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Via<'a> {
    /// The name of the protocol that the message came to the intermediary in; `None` stands for
    /// HTTP.
    pub protocol_name: Option<&'a str>,
    /// The version of that protocol, for instance `1.1`.
    pub protocol_version: &'a str,
    /// The name of the intermediary: a host or a pseudonym, a token in any case.
    pub received_by: &'a str,
    /// The port; `None` where there is none or it is empty.
    pub port: Option<u16>,
    /// The software, most often.
    pub comment: Option<Comment<'a>>,
}

/// Takes one element of `Via` apart.
///
/// # Errors
/// Where the element is anything else; offsets are in `element`. An IPv6 address in brackets is no
/// token and an error, as RFC 9110 has it.
pub fn via(element: &[u8]) -> Result<Via<'_>, ValueError> {
    // received-protocol = [ protocol-name "/" ] protocol-version: a product, read from its end.
    let (protocol, rest) = split_product(element)?;
    let (protocol_name, protocol_version) = match protocol {
        Product { name, version: Some(version) } => (Some(name), version),
        Product { name, version: None } => (None, name),
    };
    let at = |rest: &[u8]| element.len() - rest.len();
    let rest = skip_rws(rest).ok_or(ValueError::new(ValueErrorKind::Via, at(rest)))?;
    let (received_by, rest) = split_token(rest).map_err(|error| error.shifted(at(rest)))?;
    let (port, rest) = match rest {
        [b':', rest @ ..] => {
            let end = rest.iter().take_while(|byte| !is_ows(**byte)).count();
            let (digits, behind) = rest.split_at_checked(end).unwrap_or_default();
            (port(digits).map_err(|error| error.shifted(at(rest)))?, behind)
        }
        _ => (None, rest),
    };
    let comment = match rest {
        [] => None,
        _ => {
            let rest = skip_rws(rest).ok_or(ValueError::new(ValueErrorKind::Via, at(rest)))?;
            Some(super::comment(rest).map_err(|error| error.shifted(at(rest)))?)
        }
    };
    Ok(Via { protocol_name, protocol_version, received_by, port, comment })
}

/// What is behind the RWS at the front of `bytes`.
fn skip_rws(bytes: &[u8]) -> Option<&[u8]> {
    let space = ows(bytes);
    (space > 0).then(|| bytes.get(space..).unwrap_or_default())
}
