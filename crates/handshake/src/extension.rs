//! The list of extensions, which has the same grammar in both directions (RFC 6455, section 9.1).

use switchover_header::names::SEC_WEBSOCKET_EXTENSIONS;
use switchover_header::value::{self, ParameterValue, Parameterized, ValueError};

use crate::HandshakeError;

/// Checks all lines of Sec-WebSocket-Extensions: `1#extension`, in which a quoted value unescapes to a token.
/// Gives the number of extensions; none where there is no line.
pub(crate) fn check<'v>(lines: impl Iterator<Item = &'v [u8]> + Clone) -> Result<usize, HandshakeError> {
    let malformed = |error| HandshakeError::Malformed(SEC_WEBSOCKET_EXTENSIONS, error);
    let present = lines.clone().next().is_some();
    let mut count = 0;
    for extension in parse(lines) {
        let mut extension = extension.map_err(|error| malformed(Some(error)))?;
        if extension.has_empty || extension.parameters.any(|parameter| parameter.value.is_some_and(is_no_token)) {
            return Err(malformed(None));
        }
        count += 1;
    }
    if present && count == 0 {
        return Err(malformed(None));
    }
    Ok(count)
}

/// The extensions on these lines in order.
pub(crate) fn parse<'v>(
    lines: impl Iterator<Item = &'v [u8]> + Clone,
) -> impl Iterator<Item = Result<Parameterized<'v>, ValueError>> + Clone {
    value::list(lines).map(|element| value::parameterized(element?))
}

/// RFC 6455, section 9.1: the value after quoted-string unescaping MUST conform to the 'token' ABNF.
fn is_no_token(value: ParameterValue<'_>) -> bool {
    match value {
        ParameterValue::Token(_) => false,
        ParameterValue::Quoted(quoted) => {
            let mut bytes = quoted.unescaped();
            quoted.raw().is_empty() || !bytes.all(|byte| value::is_token(&[byte]))
        }
    }
}
