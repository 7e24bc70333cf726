//! What holds for every handshake.

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use switchover_handshake::header::{FieldTable, Framing, Limits, ResponseScan, Status, Step};
use switchover_handshake::{
    Answer, Choice, ClientHandshake, ClientLimits, EarlyData, Offer, OriginPolicy, Refusal, Request, ServerHandshake,
    SubprotocolPolicy, Url,
};
use switchover_testkit::heads;
use switchover_testkit::split::random_cuts;

use crate::common::{End, Head, Outcome, Served, ask_pieces, offer, serve_pieces};

fn token() -> impl Strategy<Value = String> {
    "[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}"
}

fn url() -> impl Strategy<Value = Url> {
    ("(ws|wss)://([a-z0-9-]{1,9}(\\.[a-z]{2,3})?|\\[::1\\])(:[0-9]{1,4})?(/[!$&'()*+,;=:@a-zA-Z0-9._~-]{0,9}){0,3}(\\?[a-z0-9=&/?]{0,9})?")
        .prop_map(|url| url.parse().unwrap_or_else(|error| panic!("{url}: {error}")))
}

fn fields() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    let name = token().prop_map(|name| format!("X-{name}"));
    let value = vec(prop_oneof![Just(b'\t'), 0x20..=0x7eu8, 0x80..=0xffu8], 0..20)
        .prop_map(|value| value.trim_ascii().to_vec());
    vec((name, value), 0..40)
}

prop_compose! {
    /// An offer with what it is made of.
    fn offers()(url in url(), subprotocols in btree_set(token(), 0..5), fields in fields(), page in any::<bool>())
        -> (Offer, Vec<String>, Vec<(String, Vec<u8>)>)
    {
        let subprotocols: Vec<_> = subprotocols.into_iter().collect();
        let mut offer = Offer::new(url);
        if page {
            let origin = format!("http://{}", offer.url().authority());
            offer = offer.origin(&origin).unwrap();
        }
        for subprotocol in &subprotocols {
            offer = offer.subprotocol(subprotocol.as_str()).unwrap();
        }
        for (name, value) in &fields {
            offer = offer.field(name, value).unwrap();
        }
        (offer, subprotocols, fields)
    }
}

proptest! {
    /// What a client writes, a server reads, and the other way round: both come to the same agreement, every field
    /// arrives, and so do the bytes glued to both heads.
    #[test]
    fn a_client_and_a_server_agree(
        (offer, subprotocols, fields) in offers(),
        answer_fields in fields(),
        picked in any::<prop::sample::Index>(),
        nonce in any::<[u8; 16]>(),
        (early, first) in any::<(Vec<u8>, Vec<u8>)>(),
        (request_cuts, answer_cuts) in (random_cuts(), random_cuts()),
    ) {
        let mut choice = Choice::new().origins(OriginPolicy::any());
        let subprotocol = (!subprotocols.is_empty()).then(|| picked.get(&subprotocols).clone());
        if let Some(subprotocol) = &subprotocol {
            choice = choice.subprotocols(SubprotocolPolicy::exactly(subprotocol.as_str()).unwrap());
        }
        for (name, value) in &answer_fields {
            choice = choice.field(name, value).unwrap();
        }
        let mut request = Vec::new();
        let mut client = ClientHandshake::new(&offer, nonce, &mut request).unwrap();
        request.extend_from_slice(&early);

        let mut server = ServerHandshake::default();
        let mut read = Vec::new();
        let mut answer = Vec::new();
        for piece in request_cuts.pieces(&request) {
            read.extend_from_slice(piece);
            let Step::Done { value: Request::WebSocket(proposal), consumed } = server.receive(&read).unwrap() else {
                continue;
            };
            prop_assert_eq!(proposal.path(), offer.url().target());
            prop_assert_eq!(proposal.host(), offer.url().authority());
            prop_assert!(proposal.same_origin() || offer.url().is_secure());
            prop_assert!(proposal.subprotocols().eq(subprotocols.iter().map(String::as_str)));
            let received: Vec<_> = proposal.view().fields().filter(|field| field.name.starts_with("X-")).collect();
            prop_assert_eq!(received.len(), fields.len());
            for (field, (name, value)) in received.iter().zip(&fields) {
                prop_assert_eq!((field.name, field.value), (name.as_str(), &value[..]));
            }
            let agreement = proposal.accept(&choice, &mut answer).unwrap();
            prop_assert_eq!(agreement.subprotocol(), subprotocol.as_deref());
            prop_assert_eq!(&request[consumed..], &early[..]);
            break;
        }

        answer.extend_from_slice(&first);
        read.clear();
        for piece in answer_cuts.pieces(&answer) {
            read.extend_from_slice(piece);
            let Step::Done { value: Answer::Accepted { agreement, head }, consumed } = client.receive(&read).unwrap() else {
                continue;
            };
            prop_assert_eq!(agreement.subprotocol(), subprotocol.as_deref());
            let received: Vec<_> = head.fields().filter(|field| field.name.starts_with("X-")).collect();
            prop_assert_eq!(received.len(), answer_fields.len());
            prop_assert_eq!(&answer[consumed..], &first[..]);
            return Ok(());
        }
        prop_assert!(false, "the handshake did not come to its end");
    }

    /// Nothing panics on any bytes, nor does it matter how they are cut.
    #[test]
    fn byte_soup_ends_the_same_however_it_is_cut(soup in any::<Vec<u8>>(), cuts in random_cuts()) {
        prop_assert_eq!(
            without_rest(serve_pieces(&cuts.pieces(&soup), &Choice::new(), EarlyData::Keep)),
            without_rest(serve_pieces(&[&soup], &Choice::new(), EarlyData::Keep))
        );
        for end in [End::Open, End::Closed] {
            let limits = ClientLimits::default();
            let whole = ask_pieces(&offer(), limits, &[&soup], end);
            prop_assert_eq!(ask_pieces(&offer(), limits, &cuts.pieces(&soup), end), whole);
        }
    }

    /// The same for heads that are nearly right: one byte is another, or bytes are missing, or there are more.
    #[test]
    fn a_damaged_handshake_ends_the_same_however_it_is_cut(
        at in any::<prop::sample::Index>(),
        (removed, inserted) in (0..3usize, vec(any::<u8>(), 0..3)),
        cuts in random_cuts(),
    ) {
        let damaged = |head: Head| {
            let mut bytes = head.line("Origin", "null").line("Sec-WebSocket-Extensions", "a; b=\"c\"").to_bytes();
            let start = at.index(bytes.len());
            let end = bytes.len().min(start + removed);
            bytes.splice(start..end, inserted.iter().copied());
            bytes
        };
        let choice = Choice::new().origins(OriginPolicy::any());
        let request = damaged(Head::request());
        prop_assert_eq!(
            serve_pieces(&cuts.pieces(&request), &choice, EarlyData::Keep),
            serve_pieces(&[&request], &choice, EarlyData::Keep)
        );
        let response = damaged(Head::response());
        let limits = ClientLimits { refusal_body: 16, ..ClientLimits::default() };
        for end in [End::Open, End::Closed] {
            let whole = ask_pieces(&offer(), limits, &[&response], end);
            prop_assert_eq!(ask_pieces(&offer(), limits, &cuts.pieces(&response), end), whole);
        }
    }

    /// A head that is broken at one place gets the status of its fault.
    #[test]
    fn a_broken_head_is_refused(broken in heads::broken_requests()) {
        match serve_pieces(&[&broken.bytes], &Choice::new(), EarlyData::Keep) {
            Served::Refused(refusal) => {
                prop_assert_eq!(refusal.status().as_u16(), broken.fault.status());
                check_refusal(&refusal)?;
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    /// Every refusal is a response with exactly the content it declares, and a client gets all of it.
    #[test]
    fn a_refusal_is_a_response_with_the_content_it_declares(
        code in 200..=999u16,
        fields in fields(),
        content in vec(any::<u8>(), 0..100),
        soup in any::<Vec<u8>>(),
    ) {
        let mut refusal = Refusal::new(Status::new(code).unwrap()).unwrap();
        for (name, value) in &fields {
            refusal = refusal.field(name, value).unwrap();
        }
        check_refusal(&refusal)?;
        if let Ok(refusal) = refusal.body("application/octet-stream", content) {
            check_refusal(&refusal)?;
        }
        if let Err(refusal) = ServerHandshake::default().receive(&soup) {
            check_refusal(&refusal)?;
        }
    }
}

fn without_rest(served: Served) -> Served {
    match served {
        Served::Http { refusal, .. } => Served::Http { refusal, rest: Vec::new() },
        served => served,
    }
}

fn check_refusal(refusal: &Refusal) -> Result<(), TestCaseError> {
    let mut bytes = refusal.to_bytes().to_vec();
    let head_len = bytes.len() - refusal.content().len();
    let mut fields = FieldTable::<8>::new();
    let Ok(Step::Done { value: head, consumed }) = ResponseScan::new(Limits::default()).scan(&bytes, &mut fields)
    else {
        return Err(TestCaseError::fail(format!("no response: {}", bytes.escape_ascii())));
    };
    prop_assert_eq!(consumed, head_len);
    prop_assert_eq!(head.status(), refusal.status());
    match head.framing("GET").unwrap() {
        Framing::None => prop_assert_eq!(refusal.content().len(), 0),
        Framing::Length(len) => prop_assert_eq!(len, refusal.content().len() as u64),
        other => prop_assert!(false, "{:?}", other),
    }
    bytes.extend_from_slice(b"next");
    let asked = ask_pieces(&offer(), ClientLimits::default(), &[&bytes], End::Open);
    let Outcome::Refused { status, body, truncated, .. } = asked.outcome else {
        return Err(TestCaseError::fail(format!("{asked:?}")));
    };
    prop_assert_eq!((status, &body[..], truncated), (refusal.status().as_u16(), &refusal.content()[..], false));
    prop_assert_eq!(asked.rest, b"next");
    Ok(())
}
