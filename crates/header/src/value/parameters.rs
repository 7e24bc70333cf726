use super::{QuotedString, ValueError, ValueErrorKind, ows, split_token, whole_token};

/// `name *( ";" [ parameter ] )`: one element of `Sec-WebSocket-Extensions`, of
/// `Transfer-Encoding` and the like.
#[derive(Clone, Debug)]
pub struct Parameterized<'a> {
    /// The token before the first `;`.
    pub name: &'a str,
    /// What stands behind it.
    pub parameters: Parameters<'a>,
    /// Whether somewhere between or behind the `;` a parameter is missing, which RFC 9110 permits
    /// and RFC 6455 does not.
    pub has_empty: bool,
}

/// The parameters of an element, in order, empty ones skipped.
#[derive(Clone, Debug)]
pub struct Parameters<'a> {
    /// Checked before: nothing that is left can be malformed.
    rest: &'a [u8],
}

/// A parameter (RFC 9110, section 5.6.6), or a name alone (RFC 6455, section 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter<'a> {
    /// The name, in the case it was sent in.
    pub name: &'a str,
    /// What stands behind `=`.
    pub value: Option<ParameterValue<'a>>,
}

/// The value of a parameter. The two forms mean the same where their content is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterValue<'a> {
    /// A token.
    Token(&'a str),
    /// A quoted-string.
    Quoted(QuotedString<'a>),
}

/// `name ["/" version]`: one element of `Upgrade` (RFC 9110, section 7.8) taken apart, for whoever
/// speaks protocols that have versions there; `websocket` has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Product<'a> {
    /// The name, which compares case-insensitively.
    pub name: &'a str,
    /// The version, a token too.
    pub version: Option<&'a str>,
}

/// Takes one list element apart into its name and parameters. The whole element is checked, so
/// that the iterator of parameters has no errors.
///
/// # Errors
/// Where the element is anything else; offsets are in `element`.
pub fn parameterized(element: &[u8]) -> Result<Parameterized<'_>, ValueError> {
    let (name, rest) = split_token(element)?;
    let mut has_empty = false;
    let mut checked = rest;
    while !checked.is_empty() {
        let (parameter, behind) =
            split_parameter(checked).map_err(|error| error.shifted(element.len() - checked.len()))?;
        has_empty |= parameter.is_none();
        checked = behind;
    }
    Ok(Parameterized { name, parameters: Parameters { rest }, has_empty })
}

/// Takes one list element apart into a protocol's name and version.
///
/// # Errors
/// Where one of the two is not a token; offsets are in `element`.
pub fn product(element: &[u8]) -> Result<Product<'_>, ValueError> {
    let (name, rest) = split_token(element)?;
    let version = match rest {
        [] => None,
        [b'/', version @ ..] => Some(whole_token(version).map_err(|error| error.shifted(name.len() + 1))?),
        _ => return Err(ValueError::new(ValueErrorKind::Token, name.len())),
    };
    Ok(Product { name, version })
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        while !self.rest.is_empty() {
            let (parameter, rest) = split_parameter(self.rest).ok()?;
            self.rest = rest;
            if parameter.is_some() {
                return parameter;
            }
        }
        None
    }
}

/// `OWS ";" OWS [ parameter ]` at the front of `bytes`, and what is behind it.
fn split_parameter(bytes: &[u8]) -> Result<(Option<Parameter<'_>>, &[u8]), ValueError> {
    let error = |kind, rest: &[u8]| ValueError::new(kind, bytes.len() - rest.len());
    let separator = skip_ows(bytes);
    let rest = skip_ows(separator.strip_prefix(b";").ok_or(error(ValueErrorKind::Parameter, separator))?);
    if matches!(rest, [] | [b';', ..]) {
        return Ok((None, rest));
    }
    let (name, rest) = split_token(rest).map_err(|_| error(ValueErrorKind::Token, rest))?;
    let Some(value) = rest.strip_prefix(b"=") else {
        return Ok((Some(Parameter { name, value: None }), rest));
    };
    let (value, rest) = if value.starts_with(b"\"") {
        let (quoted, rest) = QuotedString::split(value).map_err(|inner| inner.shifted(bytes.len() - value.len()))?;
        (ParameterValue::Quoted(quoted), rest)
    } else {
        let (token, rest) = split_token(value).map_err(|_| error(ValueErrorKind::Parameter, value))?;
        (ParameterValue::Token(token), rest)
    };
    Ok((Some(Parameter { name, value: Some(value) }), rest))
}

fn skip_ows(bytes: &[u8]) -> &[u8] {
    bytes.get(ows(bytes)..).unwrap_or_default()
}
