//! Credentials of HTTP: Basic (RFC 7617) and Bearer (RFC 6750).

use alloc::boxed::Box;
use alloc::format;
use core::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::LocalError;

/// The value of Authorization or Proxy-Authorization (RFC 9110, section 11.4). `Debug` shows its scheme alone.
///
/// ```
/// use switchover_handshake::Credentials;
///
/// let credentials = Credentials::basic("Aladdin", "open sesame")?;
/// assert_eq!(credentials.as_str(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
/// assert_eq!(format!("{credentials:?}"), "Credentials(Basic)");
/// # Ok::<(), switchover_handshake::LocalError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials(Box<str>);

impl Credentials {
    /// A user's name and password, in UTF-8. They are not encrypted: over anything but TLS, all can read them.
    ///
    /// # Errors
    /// [`LocalError::UserId`] if the name has a colon or a control character, [`LocalError::Password`] if the password has
    /// a control character.
    pub fn basic(user_id: &str, password: &str) -> Result<Self, LocalError> {
        // RFC 7617, section 2: the first colon ends the user-id; neither has control characters.
        if user_id.contains(|character: char| character == ':' || character.is_control()) {
            return Err(LocalError::UserId);
        }
        if password.contains(char::is_control) {
            return Err(LocalError::Password);
        }
        let user_pass = format!("{user_id}:{password}");
        Ok(Self(format!("Basic {}", STANDARD.encode(user_pass)).into()))
    }

    /// A token, as OAuth 2.0 issues them: whoever bears it is let in.
    ///
    /// # Errors
    /// [`LocalError::BearerToken`] if it has other characters than a token of this kind has.
    pub fn bearer(token: &str) -> Result<Self, LocalError> {
        if !is_b64token(token) {
            return Err(LocalError::BearerToken);
        }
        Ok(Self(format!("Bearer {token}").into()))
    }

    /// The value of the field.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credentials({})", self.0.split(' ').next().unwrap_or_default())
    }
}

/// `b64token` of RFC 6750, section 2.1, which is the `token68` of RFC 9110, section 11.2.
fn is_b64token(token: &str) -> bool {
    let token = token.trim_end_matches('=');
    !token.is_empty()
        && token
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/'))
}

/// `cookie-string` of RFC 6265, section 4.2.1: pairs of a token and a value, `"; "` between them.
pub(crate) fn is_cookie_string(cookies: &str) -> bool {
    cookies.split("; ").all(|pair| {
        pair.split_once('=').is_some_and(|(name, value)| {
            let quoted = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
            switchover_header::value::is_token(name.as_bytes()) && quoted.unwrap_or(value).bytes().all(is_cookie_octet)
        })
    })
}

/// RFC 6265, section 4.1.1: visible ASCII but `"`, `,`, `;` and `\`.
fn is_cookie_octet(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'"' | b',' | b';' | b'\\')
}
