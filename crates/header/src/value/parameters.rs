use super::{QuotedString, ValueError, ValueErrorKind, ows, split_token};

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

impl<'a> ParameterValue<'a> {
    /// The bytes that are meant, whichever form they came in.
    pub fn unescaped(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        match self {
            Self::Token(token) => QuotedString::of_token(token),
            Self::Quoted(quoted) => *quoted,
        }
        .unescaped()
    }
}

impl PartialEq<str> for ParameterValue<'_> {
    fn eq(&self, other: &str) -> bool {
        self.unescaped().eq(other.bytes())
    }
}

/// Takes one list element apart into its name and parameters. The whole element is checked, so
/// that the iterator of parameters has no errors.
///
/// # Errors
/// Where the element is anything else; offsets are in `element`.
pub fn parameterized(element: &[u8]) -> Result<Parameterized<'_>, ValueError> {
    parameterized_if(element, |_, _| Ok(()))
}

/// Takes one element of `Sec-WebSocket-Extensions` apart (RFC 6455, section 9.1): as
/// [`parameterized`], but no parameter is missing between or behind the `;`, and a quoted value
/// unescapes to a token.
///
/// # Errors
/// Where the element is anything else; offsets are in `element`.
pub fn extension(element: &[u8]) -> Result<Parameterized<'_>, ValueError> {
    parameterized_if(element, |_, parameter| match parameter {
        None => Err(ValueErrorKind::Extension),
        Some(Parameter { value: Some(ParameterValue::Quoted(quoted)), .. }) if !quoted.is_token() => {
            Err(ValueErrorKind::Extension)
        }
        Some(_) => Ok(()),
    })
}

/// Takes one element of `Transfer-Encoding` apart (RFC 9112, section 7): as [`parameterized`], but
/// no parameter is missing, each has a value, and `chunked` has none (section 7.1).
///
/// White space around `=`, which that section has recipients remove, is an error: no sender may
/// write it, and where a body ends must not hang on who removes it.
///
/// # Errors
/// Where the element is anything else; offsets are in `element`.
pub fn transfer_coding(element: &[u8]) -> Result<Parameterized<'_>, ValueError> {
    parameterized_if(element, |name, parameter| match parameter {
        Some(Parameter { value: Some(_), .. }) if !name.eq_ignore_ascii_case("chunked") => Ok(()),
        _ => Err(ValueErrorKind::TransferCoding),
    })
}

/// The element if `accept` has nothing against any of its parameters, missing ones included. What
/// it has something against is placed where the parameter begins.
fn parameterized_if<'a>(
    element: &'a [u8],
    accept: impl Fn(&str, Option<Parameter<'a>>) -> Result<(), ValueErrorKind>,
) -> Result<Parameterized<'a>, ValueError> {
    let (name, rest) = split_token(element)?;
    let mut has_empty = false;
    let parameters = Parameters::checked(rest, |parameter| {
        has_empty |= parameter.is_none();
        accept(name, parameter)
    });
    let parameters = parameters.map_err(|error| error.shifted(name.len()))?;
    Ok(Parameterized { name, parameters, has_empty })
}

impl<'a> Parameters<'a> {
    /// `*( OWS ";" OWS [ parameter ] )`, the whole of `bytes`.
    pub(super) fn checked(
        bytes: &'a [u8],
        mut accept: impl FnMut(Option<Parameter<'a>>) -> Result<(), ValueErrorKind>,
    ) -> Result<Self, ValueError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let at = bytes.len() - rest.len();
            let parameter = split_separator(rest).map_err(|error| error.shifted(at))?;
            let at = bytes.len() - parameter.len();
            let (parameter, behind) = split_parameter(parameter).map_err(|error| error.shifted(at))?;
            accept(parameter).map_err(|kind| ValueError::new(kind, at))?;
            rest = behind;
        }
        Ok(Self { rest: bytes })
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Parameter<'a>;

    fn next(&mut self) -> Option<Parameter<'a>> {
        while !self.rest.is_empty() {
            let (parameter, rest) = split_separator(self.rest).and_then(split_parameter).ok()?;
            self.rest = rest;
            if parameter.is_some() {
                return parameter;
            }
        }
        None
    }
}

/// What is behind the `OWS ";" OWS` at the front of `bytes`.
fn split_separator(bytes: &[u8]) -> Result<&[u8], ValueError> {
    let separator = skip_ows(bytes);
    match separator {
        [b';', rest @ ..] => Ok(skip_ows(rest)),
        _ => Err(ValueError::new(ValueErrorKind::Parameter, bytes.len() - separator.len())),
    }
}

/// `[ parameter ]` at the front of `bytes`, and what is behind it.
fn split_parameter(bytes: &[u8]) -> Result<(Option<Parameter<'_>>, &[u8]), ValueError> {
    if matches!(bytes, [] | [b';', ..]) {
        return Ok((None, bytes));
    }
    let (name, rest) = split_token(bytes)?;
    let Some(value) = rest.strip_prefix(b"=") else {
        return Ok((Some(Parameter { name, value: None }), rest));
    };
    let (value, rest) = split_value(value).map_err(|error| error.shifted(name.len() + 1))?;
    Ok((Some(Parameter { name, value: Some(value) }), rest))
}

/// `token / quoted-string` at the front of `bytes`, and what is behind it.
pub(super) fn split_value(bytes: &[u8]) -> Result<(ParameterValue<'_>, &[u8]), ValueError> {
    if bytes.starts_with(b"\"") {
        let (quoted, rest) = QuotedString::split(bytes)?;
        return Ok((ParameterValue::Quoted(quoted), rest));
    }
    let (token, rest) = split_token(bytes).map_err(|_| ValueError::new(ValueErrorKind::Parameter, 0))?;
    Ok((ParameterValue::Token(token), rest))
}

fn skip_ows(bytes: &[u8]) -> &[u8] {
    bytes.get(ows(bytes)..).unwrap_or_default()
}
