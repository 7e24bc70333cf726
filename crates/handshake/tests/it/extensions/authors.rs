//! What an author of an extension is told, and what an agreement holds.

use switchover_handshake::header::value::Parameters;
use switchover_handshake::header::{Status, Step};
use switchover_handshake::{
    AcceptError, Choice, ClientHandshake, Deflate, Extension, ExtensionFault, HandshakeError, LocalError,
    ParameterList, Request, ServerHandshake,
};
use switchover_testkit::alloc::measure;

use crate::common::extension::{LEVEL, answered, choice, level, request, response};
use crate::common::{Head, NONCE, ask, offer};

/// What an extension says wrongly is its author's mistake, and nothing is written.
#[test]
fn what_cannot_stand_in_the_field_is_an_error() {
    #[derive(Debug, PartialEq, Eq)]
    struct Careless(&'static str, ParameterList);

    impl Extension for Careless {
        fn name(&self) -> &'static str {
            self.0
        }

        fn answer(&self, _: Parameters<'_>) -> Option<ParameterList> {
            Some(self.1.clone())
        }

        fn offers(&self) -> Vec<ParameterList> {
            vec![ParameterList::new(), self.1.clone()]
        }

        fn judge(&self, _: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
            Ok(self.1.clone())
        }
    }

    /// Whether it can be written.
    struct Broken(bool);

    impl std::fmt::Display for Broken {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("x")?;
            if self.0 { Err(std::fmt::Error) } else { Ok(()) }
        }
    }

    let none = ParameterList::new;
    for name in ["", "a b", "a;", "a,b", "a\r\nb", "caf\u{e9}", "\"a\""] {
        assert_eq!(Choice::new().extension(Careless(name, none())), Err(LocalError::Extension), "{name}");
        assert_eq!(offer().extension(Careless(name, none())), Err(LocalError::Extension), "{name}");
        for list in [none().flag(name), none().value("a", name), none().value(name, 1).flag("b")] {
            assert_eq!(offer().extension(Careless("a", list.clone())), Err(LocalError::ExtensionParameter), "{name}");
            let choice = Choice::new().extension(Careless("a", list)).unwrap();
            let bytes = request("a").to_bytes();
            let mut server = ServerHandshake::default();
            let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = server.receive(&bytes) else { panic!() };
            let mut out = Vec::new();
            let error = proposal.accept(&choice, &mut out).unwrap_err();
            assert_eq!(error, AcceptError::Local(LocalError::ExtensionParameter));
            assert!(out.is_empty());
            assert_eq!(error.into_refusal().status(), Status::INTERNAL_SERVER_ERROR);
        }
    }
    for (is_broken, expected) in [(true, Some(LocalError::ExtensionParameter)), (false, None)] {
        let list = none().value("a", Broken(is_broken));
        assert_eq!(offer().extension(Careless("a", list)).err(), expected);
    }

    /// Offers well and judges carelessly.
    #[derive(Debug, PartialEq, Eq)]
    struct Late;

    impl Extension for Late {
        fn name(&self) -> &'static str {
            "x-late"
        }

        fn answer(&self, _: Parameters<'_>) -> Option<ParameterList> {
            None
        }

        fn offers(&self) -> Vec<ParameterList> {
            vec![ParameterList::new()]
        }

        fn judge(&self, _: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
            Ok(ParameterList::new().flag("a b"))
        }
    }

    assert_eq!(
        ask(&offer().extension(Late).unwrap(), &response("x-late")).error(),
        HandshakeError::Extension("x-late", ExtensionFault::OwnParameter)
    );
    assert_eq!(answered(&request("x-late"), &Choice::new().extension(Late).unwrap()).0, None);

    // One of a name.
    let twice = LocalError::RepeatedExtension;
    assert_eq!(choice([level([1])]).extension(Careless("x-level", none())), Err(twice));
    assert_eq!(offer().extension(Deflate::new()).unwrap().extension(Deflate::new()), Err(twice));
    for error in [twice, LocalError::Extension, LocalError::ExtensionParameter, LocalError::WindowBits] {
        assert!(error.to_string().contains("permessage-deflate") || error.to_string().contains("extension"), "{error}");
    }
}

/// Every fault says which extension, what of it and by which section.
#[test]
fn faults_name_what_they_are_of() {
    for (fault, text) in [
        (ExtensionFault::Repeated, "x is there more than once (RFC 6455, section 9.1)"),
        (ExtensionFault::ReservedBits, "x uses a reserved bit that another extension uses (RFC 6455, section 9.1)"),
        (ExtensionFault::UnknownParameter, "x has a parameter that it cannot have (RFC 6455, section 9.1)"),
        (ExtensionFault::OwnParameter, "x has a parameter of this side's that is no token (RFC 6455, section 9.1)"),
        (ExtensionFault::RepeatedParameter(&LEVEL), "x has level more than once (the made-up standard, section 7)"),
        (
            ExtensionFault::MissingParameter(&LEVEL),
            "x lacks level, which was offered (the made-up standard, section 7)",
        ),
        (
            ExtensionFault::Value(&LEVEL),
            "x has level without a value that it can have (the made-up standard, section 7)",
        ),
        (ExtensionFault::NotOffered(&LEVEL), "x has level, which was not offered (the made-up standard, section 7)"),
        (ExtensionFault::TooLarge(&LEVEL), "x has level above the value offered (the made-up standard, section 7)"),
        (
            ExtensionFault::CannotObey(&LEVEL),
            "x has level below what this side can keep to (the made-up standard, section 7)",
        ),
    ] {
        let error = HandshakeError::Extension("x", fault);
        assert_eq!(error.to_string(), format!("in Sec-WebSocket-Extensions, {text}"));
        assert_eq!(fault.parameter().is_some(), text.contains("level"));
    }
}

/// Choices and offers are the same where their extensions are.
#[test]
fn extensions_compare_by_value() {
    let of = |levels: [u8; 2]| choice([level(levels)]).extension(Deflate::new()).unwrap();
    assert_eq!(of([1, 2]), of([1, 2]));
    assert_ne!(of([1, 2]), of([1, 3]));
    assert_ne!(of([1, 2]), choice([level([1, 2])]));
    assert_ne!(choice([level([1])]), Choice::new().extension(Deflate::new()).unwrap());
    let of = |levels: [u8; 2]| offer().extension(level(levels)).unwrap();
    assert_eq!(of([1, 2]), of([1, 2]).clone());
    assert_ne!(of([1, 2]), of([2, 1]));
    assert_eq!(of([1, 2]).expectations(NONCE), of([1, 2]).expectations(NONCE));
    assert_ne!(of([1, 2]).expectations(NONCE), offer().expectations(NONCE));
}

/// Nothing agreed is nothing allocated; what is agreed is kept once.
#[test]
fn an_agreement_allocates_what_is_agreed() {
    let choice = choice([level([5])]).extension(Deflate::new()).unwrap();
    let accepting = |list: &str| {
        let request = request(list).to_bytes();
        let mut output = Vec::with_capacity(1024);
        let (agreement, allocations) = measure(|| {
            let mut handshake = ServerHandshake::default();
            match handshake.receive(&request) {
                Ok(Step::Done { value: Request::WebSocket(proposal), .. }) => {
                    proposal.accept(&choice, &mut output).unwrap()
                }
                other => panic!("{other:?}"),
            }
        });
        (agreement.extensions().count(), allocations)
    };
    let (agreed, allocations) = accepting("unknown; a=b, permessage-deflate; unknown, x-level");
    assert_eq!((agreed, allocations.count, allocations.live), (0, 0, 0));
    let (agreed, allocations) = accepting("permessage-deflate; client_max_window_bits");
    assert_eq!((agreed, allocations.count, allocations.live), (1, 1, "permessage-deflate".len() as i64));

    let offer = offer().extension(Deflate::new()).unwrap();
    for (response, expected) in [(Head::response(), 0), (response("permessage-deflate"), 1)] {
        let bytes = response.to_bytes();
        let mut handshake = ClientHandshake::new(&offer, NONCE, &mut Vec::new()).unwrap();
        let (accepted, allocations) = measure(|| matches!(handshake.receive(&bytes), Ok(Step::Done { .. })));
        assert!(accepted);
        assert_eq!(allocations.count, expected);
    }
}
