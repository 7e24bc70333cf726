//! Whether extended CONNECT may be used on a connection (RFC 8441, section 3; RFC 9220, section 3).

use core::fmt;

/// What a server has said of SETTINGS_ENABLE_CONNECT_PROTOCOL so far. A client sends no extended CONNECT request before the
/// value is 1.
///
/// - command: [`update`](Self::update)
/// - getter: [`is_enabled`](Self::is_enabled)
///
/// ```
/// use switchover_handshake::{ConnectProtocolSetting, SettingError};
///
/// let mut setting = ConnectProtocolSetting::default();
/// assert!(!setting.is_enabled());
/// setting.update(1)?;
/// assert!(setting.is_enabled());
/// assert_eq!(setting.update(0), Err(SettingError::Withdrawn));
/// # Ok::<(), SettingError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectProtocolSetting {
    enabled: bool,
}

impl ConnectProtocolSetting {
    /// The identifier of the setting, in HTTP/2 and in HTTP/3.
    pub const ID: u16 = 0x08;

    /// As an implementation of HTTP/2 or HTTP/3 that has read the settings tells it.
    pub const fn new(enabled: bool) -> Self {
        Self { enabled }
    }

    /// Takes a value that was received, or that is to be sent: the rule is the same for both.
    ///
    /// # Errors
    /// A value that cannot come now. As long as it is the peer's, it ends the connection, with
    /// [`http2_code`](SettingError::http2_code) or [`http3_code`](SettingError::http3_code).
    pub const fn update(&mut self, value: u64) -> Result<(), SettingError> {
        match (value, self.enabled) {
            (1, _) => self.enabled = true,
            (0, false) => {}
            // RFC 8441, section 3: a 0 does not come after a 1.
            (0, true) => return Err(SettingError::Withdrawn),
            _ => return Err(SettingError::Value),
        }
        Ok(())
    }

    /// Whether the value is 1.
    pub const fn is_enabled(self) -> bool {
        self.enabled
    }
}

/// A value of SETTINGS_ENABLE_CONNECT_PROTOCOL that cannot come (RFC 8441, section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SettingError {
    /// It is neither 0 nor 1.
    Value,
    /// It is 0, and was 1 before.
    Withdrawn,
}

impl SettingError {
    /// The code of GOAWAY in HTTP/2: PROTOCOL_ERROR (RFC 9113, section 6.5.2).
    pub const fn http2_code(self) -> u32 {
        0x01
    }

    /// The code that closes the connection in HTTP/3: H3_SETTINGS_ERROR (RFC 9114, section 7.2.4).
    pub const fn http3_code(self) -> u64 {
        0x109
    }
}

impl fmt::Display for SettingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Value => "SETTINGS_ENABLE_CONNECT_PROTOCOL is neither 0 nor 1 (RFC 8441, section 3)",
            Self::Withdrawn => "SETTINGS_ENABLE_CONNECT_PROTOCOL is 0 and was 1 before (RFC 8441, section 3)",
        })
    }
}

impl core::error::Error for SettingError {}
