use super::{ValueError, ValueErrorKind};

/// The value of `HTTP2-Settings`: the payload of a SETTINGS frame in base64url without padding, so 8
/// characters for each setting (RFC 7540, section 3.2.1, where it is a token68 and thus not empty).
///
/// # Errors
/// Where it is anything else.
pub fn http2_settings(value: &[u8]) -> Result<&str, ValueError> {
    let end = value.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')).count();
    let error = ValueError::new(ValueErrorKind::Http2Settings, end);
    if end == 0 || end < value.len() || end % 8 != 0 {
        return Err(error);
    }
    core::str::from_utf8(value).map_err(|_| error)
}
