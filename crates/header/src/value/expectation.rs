use super::{ParameterValue, Parameters, ValueError, ValueErrorKind, parameters::split_value, split_token};

/// `token [ "=" ( token / quoted-string ) parameters ]`: one element of `Expect` (RFC 9110,
/// section 10.1.1).
#[derive(Clone, Debug)]
pub struct Expectation<'a> {
    /// The name, which compares case-insensitively.
    pub name: &'a str,
    /// What stands behind `=`.
    pub value: Option<ParameterValue<'a>>,
    /// What stands behind the value.
    pub parameters: Parameters<'a>,
}

/// Takes one element of `Expect` apart.
///
/// # Errors
/// Where the element is anything else; offsets are in `element`.
pub fn expectation(element: &[u8]) -> Result<Expectation<'_>, ValueError> {
    let (name, rest) = split_token(element)?;
    let (value, rest) = match rest {
        [] => (None, rest),
        [b'=', rest @ ..] => {
            let (value, rest) = split_value(rest).map_err(|error| error.shifted(name.len() + 1))?;
            (Some(value), rest)
        }
        // Parameters belong to a value.
        _ => return Err(ValueError::new(ValueErrorKind::Expectation, name.len())),
    };
    let parameters = Parameters::checked(rest, |parameter| match parameter {
        Some(parameter) if parameter.value.is_none() => Err(ValueErrorKind::Expectation),
        _ => Ok(()),
    });
    let parameters = parameters.map_err(|error| error.shifted(element.len() - rest.len()))?;
    Ok(Expectation { name, value, parameters })
}

impl Expectation<'_> {
    /// Whether this is `100-continue`. Any other may be answered with 417 (Expectation Failed).
    #[must_use]
    pub const fn is_continue(&self) -> bool {
        self.value.is_none() && self.name.eq_ignore_ascii_case("100-continue")
    }
}
