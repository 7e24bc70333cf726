//! What is said of each violation, and to whom.

use switchover_frame::{CloseCode, OpCode, ProtocolError, ProtocolErrorKind as Kind, Rsv};

/// The words, the section, and the close code that the peer is told.
#[test]
fn every_error_says_what_was_broken_and_how_to_answer() {
    let code = CloseCode::new(1005);
    let told = [
        (Kind::ReservedBits(Rsv::RSV1), "reserved bits 0x40", "6455, section 5.2", 1002),
        (Kind::ReservedOpCode(11), "reserved opcode 0xb", "6455, section 5.2", 1002),
        (Kind::FragmentedControl(OpCode::Ping), "fragmented ping frame", "6455, section 5.5", 1002),
        (Kind::UnexpectedContinuation, "continuation frame without a message to continue", "6455, section 5.4", 1002),
        (
            Kind::InterruptedMessage(OpCode::Binary),
            "binary frame inside a fragmented message",
            "6455, section 5.4",
            1002,
        ),
        (Kind::Unmasked, "unmasked frame from a client", "6455, section 5.1", 1002),
        (Kind::Masked, "masked frame from a server", "6455, section 5.1", 1002),
        (Kind::ControlTooLong(OpCode::Close), "close frame longer than 125 bytes", "6455, section 5.5", 1002),
        (Kind::LengthNotMinimal, "payload length not in the fewest bytes", "6455, section 5.2", 1002),
        (Kind::LengthTopBit, "payload length with its top bit set", "6455, section 5.2", 1002),
        (Kind::PayloadTooLong(9), "payload of 9 bytes over the limit", "6455, section 10.4", 1009),
        (Kind::MessageTooLong(9), "message of 9 bytes or more over the limit", "6455, section 10.4", 1009),
        (Kind::TooManyFragments(9), "message of more than 9 frames", "6455, section 10.4", 1009),
        (Kind::TooManyEmptyFragments(9), "message of more than 9 empty fragments", "6455, section 10.4", 1008),
        (Kind::TooManyControlFrames(9), "more than 9 control frames in a second", "6455, section 10.4", 1008),
        (Kind::TruncatedCloseCode, "close frame with half a code", "6455, section 5.5.1", 1002),
        (Kind::InvalidCloseCode(code), "invalid close code 1005 (no status received)", "6455, section 7.4", 1002),
        (Kind::InvalidUtf8, "invalid UTF-8", "6455, section 8.1", 1007),
        (Kind::InvalidDeflate, "invalid compressed data", "7692, section 7.2.2", 1007),
        (Kind::InflatedTooLong(9), "compressed message of more than 9 bytes", "6455, section 10.4", 1009),
        (Kind::InflatedTooMuch(9), "message compressed by more than 9 to 1", "6455, section 10.4", 1009),
        (Kind::InvalidExtensionData, "invalid data of an extension", "6455, section 9", 1007),
    ];
    for (kind, words, section, code) in told {
        let error = ProtocolError::new(kind, 7);
        assert_eq!(error.to_string(), format!("{words} at offset 7 (RFC {section})"));
        assert_eq!((error.kind(), error.offset()), (kind, 7));
        assert_eq!(error.section(), format!("RFC {section}"));
        assert_eq!(error.close_code(), CloseCode::new(code), "{words}");
        assert!(error.close_code().is_sendable());
    }
}
