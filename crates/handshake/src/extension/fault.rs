use core::fmt;

use super::PERMESSAGE_DEFLATE;

/// How the answer to an extension that was offered is not one that the client can take. In the error it stands behind the
/// name of the extension: [`HandshakeError::Extension`](crate::HandshakeError::Extension).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtensionFault {
    /// The extension is there more than once.
    Repeated,
    /// The extension uses a reserved bit that an extension before it uses too.
    ReservedBits,
    /// A parameter is none of the extension's.
    UnknownParameter,
    /// This parameter is there more than once.
    RepeatedParameter(&'static ExtensionParameter),
    /// This parameter is missing, and an answer to the offer has to have it.
    MissingParameter(&'static ExtensionParameter),
    /// This parameter has a value that it cannot have, or none where it has to have one, or one where it has none.
    Value(&'static ExtensionParameter),
    /// This parameter answers one that was not offered.
    NotOffered(&'static ExtensionParameter),
    /// The value of this parameter is above the one offered.
    TooLarge(&'static ExtensionParameter),
    /// This side cannot keep to the value of this parameter.
    CannotObey(&'static ExtensionParameter),
    /// This side's own mistake: what the extension says to be agreed has a name or a value that is no token.
    OwnParameter,
}

/// A parameter of an extension and where it is specified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionParameter {
    /// Its name.
    pub name: &'static str,
    /// The section of the standard, as in `"RFC 7692, section 7.1.2.1"`.
    pub section: &'static str,
}

impl ExtensionFault {
    /// The parameter at fault, if it is one that the extension has.
    pub fn parameter(&self) -> Option<&'static ExtensionParameter> {
        match self {
            Self::RepeatedParameter(parameter)
            | Self::MissingParameter(parameter)
            | Self::Value(parameter)
            | Self::NotOffered(parameter)
            | Self::TooLarge(parameter)
            | Self::CannotObey(parameter) => Some(parameter),
            Self::Repeated | Self::ReservedBits | Self::UnknownParameter | Self::OwnParameter => None,
        }
    }

    /// The section of the standard that an answer to this extension breaks.
    pub(crate) fn section(&self, extension: &str) -> &'static str {
        match (self.parameter(), self) {
            (Some(parameter), _) => parameter.section,
            // A response has no parameter that is not defined for it.
            (None, Self::UnknownParameter) if extension == PERMESSAGE_DEFLATE => "RFC 7692, section 7.1",
            (None, _) => "RFC 6455, section 9.1",
        }
    }
}

/// What is to be said of the extension.
impl fmt::Display for ExtensionFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parameter = self.parameter().map_or("a parameter", |parameter| parameter.name);
        match self {
            Self::Repeated => f.write_str("is there more than once"),
            Self::ReservedBits => f.write_str("uses a reserved bit that another extension uses"),
            Self::UnknownParameter => f.write_str("has a parameter that it cannot have"),
            Self::RepeatedParameter(_) => write!(f, "has {parameter} more than once"),
            Self::MissingParameter(_) => write!(f, "lacks {parameter}, which was offered"),
            Self::Value(_) => write!(f, "has {parameter} without a value that it can have"),
            Self::NotOffered(_) => write!(f, "has {parameter}, which was not offered"),
            Self::TooLarge(_) => write!(f, "has {parameter} above the value offered"),
            Self::CannotObey(_) => write!(f, "has {parameter} below what this side can keep to"),
            Self::OwnParameter => write!(f, "has {parameter} of this side's that is no token"),
        }
    }
}
