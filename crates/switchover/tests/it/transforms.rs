//! Extensions of the user's own: what they do to messages, with two that are made up.

use bytes::Bytes;
use proptest::prelude::*;
use switchover::{
    Client, Closed, Event, Limits, Message, Prepared, Replies, Session, Side, Transform, TransformError,
    frame::{CloseCode, OpCode, ProtocolError, ProtocolErrorKind, Rsv},
    handshake::{
        Answer, Choice, ClientHandshake, Extension, ExtensionFault, Offer, ParameterList, Request, ReservedBits,
        ServerHandshake,
    },
    header::{Step, value::Parameters},
};
use switchover_testkit::{
    frames::{self, RawFrame},
    session::{Feeding, Held},
    split,
};

use crate::common::{self, Counter, written};

const MASK: [u8; 4] = [1, 2, 3, 4];

/// Adds the sum of its bytes to a message. Of messages that begin with less than `least` bytes it does not.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum {
    least: usize,
    sum: u8,
    /// The byte that may be the sum.
    kept: Option<u8>,
}

impl Sum {
    fn new(least: usize) -> Self {
        Self { least, sum: 0, kept: None }
    }

    fn add(&mut self, bytes: &[u8]) {
        self.sum = bytes.iter().fold(self.sum, |sum, byte| sum.wrapping_add(*byte));
    }
}

impl Transform for Sum {
    fn rsv(&self) -> Rsv {
        Rsv::RSV2
    }

    fn applies(&mut self, opcode: OpCode, len: usize) -> bool {
        assert!(matches!(opcode, OpCode::Text | OpCode::Binary));
        len >= self.least
    }

    fn encode(&mut self, piece: &[u8], last: bool, output: &mut Vec<u8>) {
        output.extend_from_slice(piece);
        self.add(piece);
        if last {
            output.push(core::mem::take(&mut self.sum));
        }
    }

    fn decode(&mut self, piece: &[u8], last: bool, _: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
        let start = output.len();
        if let Some((end, rest)) = piece.split_last() {
            output.extend(self.kept.replace(*end));
            output.extend_from_slice(rest);
        }
        self.add(&output[start..]);
        if last && self.kept.take() != Some(core::mem::take(&mut self.sum)) {
            return Err(TransformError);
        }
        Ok(())
    }
}

/// Says every byte `0` times.
#[derive(Clone, Copy, Debug)]
struct Times(usize);

impl Transform for Times {
    fn rsv(&self) -> Rsv {
        Rsv::RSV3
    }

    fn encode(&mut self, piece: &[u8], _: bool, output: &mut Vec<u8>) {
        output.extend(piece.iter().step_by(self.0));
    }

    fn decode(&mut self, piece: &[u8], _: bool, most: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
        output.extend(piece.iter().flat_map(|byte| core::iter::repeat_n(*byte, self.0)).take(most + 1));
        Ok(())
    }
}

/// Two bits for one extension.
#[derive(Clone, Copy, Debug)]
struct TwoBits;

impl Transform for TwoBits {
    fn rsv(&self) -> Rsv {
        Rsv::RSV2 | Rsv::RSV3
    }

    fn encode(&mut self, piece: &[u8], _: bool, output: &mut Vec<u8>) {
        output.extend_from_slice(piece);
    }

    fn decode(&mut self, piece: &[u8], _: bool, _: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
        output.extend_from_slice(piece);
        Ok(())
    }
}

#[cfg(feature = "deflate")]
fn with_deflate<S: Side>(session: Session<S>, agreed: bool) -> Session<S> {
    use switchover::{
        deflate::Compression,
        handshake::{DeflateContext, DeflateParameters},
    };
    let context = DeflateContext { window_bits: 15, takeover: true };
    let parameters = agreed.then_some(DeflateParameters { server: context, client: context });
    session.with_deflate(parameters, &Compression { threshold: 8, ..Compression::default() })
}

#[cfg(not(feature = "deflate"))]
fn with_deflate<S: Side>(session: Session<S>, _: bool) -> Session<S> {
    session
}

#[derive(Clone, Debug)]
enum Sent {
    Whole(Message),
    Uncompressed(Message),
    Fragments(Vec<String>),
}

fn sent() -> impl Strategy<Value = Sent> {
    let message = prop_oneof![
        "[a-cä]{0,40}".prop_map(Message::from),
        prop::collection::vec(0..4_u8, 0..300).prop_map(Message::from),
        prop::collection::vec(any::<u8>(), 0..125).prop_map(|payload| Message::Ping(payload.into())),
    ];
    prop_oneof![
        message.clone().prop_map(Sent::Whole),
        message.prop_map(Sent::Uncompressed),
        prop::collection::vec("[a-cä]{0,20}", 1..5).prop_map(Sent::Fragments),
    ]
}

fn event(message: Message) -> Event {
    match message {
        Message::Text(text) => Event::Text(text),
        Message::Binary(payload) => Event::Binary(payload),
        Message::Ping(payload) => Event::Ping(payload),
        Message::Pong(payload) => Event::Pong(payload),
    }
}

proptest! {
    /// Messages arrive, whatever is done to them on the way, in fragments or not, compressed or not, however the stream is cut.
    #[test]
    fn messages_arrive(sent in prop::collection::vec(sent(), 0..6), compress in any::<bool>(), cuts in split::random_cuts()) {
        let server = with_deflate(Session::server(&Limits::default()), compress);
        let mut server = server.with_transform(Sum::new(3)).with_transform(Second(Sum::new(0)));
        let mut expected = Vec::new();
        for sent in sent {
            match sent {
                Sent::Whole(message) => {
                    expected.push(event(message.clone()));
                    server.send(message).unwrap();
                }
                Sent::Uncompressed(message) => {
                    expected.push(event(message.clone()));
                    server.sender().send_uncompressed(message).unwrap();
                }
                Sent::Fragments(fragments) => {
                    expected.push(Event::Text(fragments.concat().into()));
                    let last = fragments.len() - 1;
                    for (index, fragment) in fragments.into_iter().enumerate() {
                        server.sender().fragment(fragment, index == last).unwrap();
                    }
                }
            }
            server.release_memory();
        }
        let bytes = written(&mut server);
        for feeding in Feeding::ALL {
            let client = Session::new(Client(Counter::default()), &Limits::default(), Replies::default());
            let client = with_deflate(client, compress);
            let mut client = client.with_transform(Sum::new(3)).with_transform(Second(Sum::new(0)));
            let mut held = Held::default();
            let mut received = Vec::new();
            for piece in cuts.pieces(&bytes) {
                received.extend(feeding.feed(&mut client, &mut held, piece, |_, _| {}));
            }
            prop_assert_eq!(&received, &expected, "{:?}", feeding);
        }
    }
}

/// The same with another bit.
#[derive(Clone, Debug)]
struct Second(Sum);

impl Transform for Second {
    fn rsv(&self) -> Rsv {
        Rsv::RSV3
    }

    fn applies(&mut self, opcode: OpCode, len: usize) -> bool {
        self.0.applies(opcode, len)
    }

    fn encode(&mut self, piece: &[u8], last: bool, output: &mut Vec<u8>) {
        self.0.encode(piece, last, output);
        output.iter_mut().for_each(|byte| *byte = !*byte);
    }

    fn decode(&mut self, piece: &[u8], last: bool, most: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
        let piece: Vec<u8> = piece.iter().map(|byte| !byte).collect();
        self.0.decode(&piece, last, most, output)
    }
}

/// What a server makes of these frames, the same in every feeding and under every split.
fn received(
    limits: &Limits,
    extend: impl Fn(Session<switchover::Server>) -> Session<switchover::Server>,
    sent: &[RawFrame],
) -> Vec<Event> {
    let sent: Vec<RawFrame> = sent.iter().map(|frame| frame.clone().mask(Some(MASK))).collect();
    let bytes = frames::encode(&sent);
    let mut first: Option<(Vec<Event>, Vec<u8>)> = None;
    split::for_every_split(&bytes, |pieces| {
        for feeding in Feeding::ALL {
            let mut session = extend(Session::server(limits));
            let mut held = Held::default();
            let mut events = Vec::new();
            for piece in pieces {
                events.extend(feeding.feed(&mut session, &mut held, piece, |_, _| {}));
                assert!(session.held() <= limits.message + 125);
            }
            let seen = (events, written(&mut session));
            assert_eq!(first.get_or_insert_with(|| seen.clone()), &seen, "{feeding:?}");
        }
    });
    first.unwrap().0
}

fn violation(kind: ProtocolErrorKind, offset: usize) -> Event {
    Event::Closed(Closed::Violation(ProtocolError::new(kind, offset as u64)))
}

const RSV2: u8 = 0x20;
const RSV3: u8 = 0x10;

/// What is marked is transformed, what is not is as it is, and a control frame in the middle is nobody's business.
#[test]
fn marked_messages() {
    let sent = [
        RawFrame::text(b"abc\x26").rsv(RSV2),
        RawFrame::text("abc\x26"),
        RawFrame::binary(b"a").rsv(RSV2).fin(false),
        RawFrame::ping("!"),
        RawFrame::continuation(b"").fin(false),
        RawFrame::continuation(b"bc").fin(false),
        RawFrame::continuation(b"\x26"),
        RawFrame::binary(b"\0").rsv(RSV2),
    ];
    let events = received(&Limits::default(), |session| session.with_transform(Sum::new(0)), &sent);
    assert_eq!(
        events,
        [
            Event::Text("abc".into()),
            Event::Text("abc\x26".into()),
            Event::Ping("!".into()),
            Event::Binary("abc".into()),
            Event::Binary("".into()),
        ]
    );
}

/// Data that cannot be is 1007, and told of at its frame's payload.
#[test]
fn invalid_data() {
    let sum = |session: Session<_>| session.with_transform(Sum::new(0));
    for (payload, fin) in [(&b"abc\x27"[..], true), (b"", true), (b"\xFF\xFF", true)] {
        let sent = [RawFrame::text("a").rsv(0), RawFrame::text(payload).rsv(RSV2).fin(fin)];
        let kind = if payload == b"\xFF\xFF" {
            ProtocolErrorKind::InvalidUtf8
        } else {
            ProtocolErrorKind::InvalidExtensionData
        };
        assert_eq!(kind.close_code(), CloseCode::INVALID_PAYLOAD);
        assert_eq!(received(&Limits::default(), sum, &sent), [Event::Text("a".into()), violation(kind, 7 + 6)]);
    }
    // A text that ends within a character, in its second frame.
    let sent = [RawFrame::text(b"a\xC3").rsv(RSV2).fin(false), RawFrame::continuation([0x61_u8.wrapping_add(0xC3)])];
    let events = received(&Limits::default(), sum, &sent);
    assert_eq!(events, [violation(ProtocolErrorKind::InvalidUtf8, 8 + 6)]);
}

/// Bits that nobody has, that are only some of those an extension has, or that stand in a frame that is not the first of a message.
#[test]
fn reserved_bits() {
    let two = |session: Session<_>| session.with_transform(TwoBits);
    let reserved = |bits: u8, at| violation(ProtocolErrorKind::ReservedBits(Rsv::from_bits(bits)), at);
    for bits in [0x40, 0x50, 0x60, 0x70, RSV2, RSV3] {
        let events = received(&Limits::default(), two, &[RawFrame::binary("a").rsv(bits)]);
        assert_eq!(events, [reserved(bits, 0)]);
    }
    assert_eq!(
        received(&Limits::default(), two, &[RawFrame::binary("a").rsv(RSV2 | RSV3)]),
        [Event::Binary("a".into())]
    );
    let sent = [RawFrame::binary("a").rsv(RSV2 | RSV3).fin(false), RawFrame::continuation("b").rsv(RSV2 | RSV3)];
    assert_eq!(received(&Limits::default(), two, &sent), [reserved(RSV2 | RSV3, 7)]);
    assert_eq!(received(&Limits::default(), two, &[RawFrame::ping("a").rsv(RSV2 | RSV3)]), [reserved(RSV2 | RSV3, 0)]);
}

/// Makes a word of nothing, and says nothing about it.
#[derive(Clone, Copy, Debug)]
struct NoBits;

impl Transform for NoBits {
    fn rsv(&self) -> Rsv {
        Rsv::NONE
    }

    fn encode(&mut self, _: &[u8], _: bool, output: &mut Vec<u8>) {
        output.extend_from_slice(b"encoded");
    }

    fn decode(&mut self, _: &[u8], _: bool, _: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
        output.extend_from_slice(b"decoded");
        Ok(())
    }
}

/// A prepared message is transformed as any other; a Ping is not, and goes as it was prepared.
#[test]
fn prepared_messages() {
    let (mut one, mut other) =
        (common::server().with_transform(Sum::new(3)), common::server().with_transform(Sum::new(3)));
    for message in
        [Message::from("abc"), Message::from("ab"), Message::from(vec![7; 5_000]), Message::Ping("abc".into())]
    {
        one.sender().send_prepared(&Prepared::new(message.clone())).unwrap();
        other.send(message).unwrap();
        assert_eq!(written(&mut one), written(&mut other));
    }
}

/// What has no bit to mark its messages with has none, in either direction.
#[test]
fn without_bits_nothing_is_transformed() {
    let mut server = common::server().with_transform(NoBits).with_transform(Sum::new(3));
    server.send("ab").unwrap();
    server.send("abc").unwrap();
    server.sender().fragment("a", false).unwrap();
    server.sender().fragment("b", true).unwrap();
    let expected = [
        RawFrame::text("ab"),
        RawFrame::text("abc\x26").rsv(RSV2),
        RawFrame::text("a").fin(false),
        RawFrame::continuation("b"),
    ];
    assert_eq!(written(&mut server), frames::encode(&expected));
    let none = |session: Session<_>| session.with_transform(NoBits).with_transform(Sum::new(3));
    let events = received(&Limits::default(), none, &expected);
    assert_eq!(events, ["ab", "abc", "ab"].map(|text| Event::Text(text.into())));
}

/// Of messages that are not marked, or are marked by another extension, the limit counts what there is of them.
#[test]
fn limits_of_what_is_not_transformed() {
    let limits = Limits { message: 100, ..Limits::default() };
    let sum = |session: Session<_>| session.with_transform(Sum::new(0));
    let part = |len: usize| RawFrame::continuation(vec![b'a'; len]);
    for first in [RawFrame::text("a".repeat(60)).fin(false), RawFrame::binary("a".repeat(60)).fin(false)] {
        let events = received(&limits, sum, &[first.clone(), part(40)]);
        assert!(matches!(&events[..], [Event::Text(_) | Event::Binary(_)]), "{events:?}");
        let events = received(&limits, sum, &[first, part(41)]);
        assert_eq!(events, [violation(ProtocolErrorKind::MessageTooLong(101), 66)]);
    }
}

/// The same of a compressed message, which counts as it travels.
#[cfg(feature = "deflate")]
#[test]
fn limits_of_what_is_only_compressed() {
    let limits = Limits { message: 100, ..Limits::default() };
    let both = |session: Session<_>| with_deflate(session, true).with_transform(Sum::new(0));
    // A block without compression: 5 bytes of header, 60 of payload, and the end of the message.
    let stored = [&[0, 60, 0, !60, 0xFF][..], &[b'a'; 60], &[0]].concat();
    let (first, second) = stored.split_at(30);
    let first = RawFrame::text(first).rsv(0x40).fin(false);
    let events = received(&limits, both, &[first.clone(), RawFrame::continuation(second)]);
    assert_eq!(events, [Event::Text("a".repeat(60).into())]);
    // Whatever it inflates to.
    let long = [second, &[0, 0, 0, 0xFF, 0xFF].repeat(7)].concat();
    assert_eq!(30 + long.len(), 101);
    let events = received(&limits, both, &[first, RawFrame::continuation(long)]);
    assert_eq!(events, [violation(ProtocolErrorKind::MessageTooLong(101), 36)]);
}

/// A message is held to its limit as it travels and as it was, in the memory of the limit.
#[test]
fn limits() {
    let limits = Limits { message: 100, ..Limits::default() };
    let times = |session: Session<_>| session.with_transform(Times(10));
    let message = |len: usize| RawFrame::binary(vec![b'a'; len]).rsv(RSV3);
    assert_eq!(received(&limits, times, &[message(10)]), [Event::Binary(vec![b'a'; 100].into())]);
    assert_eq!(received(&limits, times, &[message(11)]), [violation(ProtocolErrorKind::MessageTooLong(101), 6)]);
    let sent = [message(10).fin(false), RawFrame::continuation("b")];
    assert_eq!(received(&limits, times, &sent), [violation(ProtocolErrorKind::MessageTooLong(101), 16 + 6)]);
    // However little is left of it.
    let shorten = |session: Session<_>| session.with_transform(Shorten);
    let sent = [message(60).fin(false), RawFrame::continuation(vec![b'a'; 41])];
    assert_eq!(received(&limits, shorten, &sent), [violation(ProtocolErrorKind::MessageTooLong(101), 66)]);
    let sent = [message(60).fin(false), RawFrame::continuation(vec![b'a'; 39])];
    assert_eq!(received(&limits, shorten, &sent), [Event::Binary("short".into())]);
}

/// Makes one word of any message.
#[derive(Clone, Copy, Debug)]
struct Shorten;

impl Transform for Shorten {
    fn rsv(&self) -> Rsv {
        Rsv::RSV3
    }

    fn encode(&mut self, _: &[u8], _: bool, _: &mut Vec<u8>) {}

    fn decode(&mut self, _: &[u8], last: bool, _: usize, output: &mut Vec<u8>) -> Result<(), TransformError> {
        if last {
            output.extend_from_slice(b"short");
        }
        Ok(())
    }
}

impl Extension for Sum {
    fn name(&self) -> &'static str {
        "x-sum"
    }

    fn reserved_bits(&self) -> ReservedBits {
        ReservedBits::RSV2
    }

    fn answer(&self, mut offered: Parameters<'_>) -> Option<ParameterList> {
        offered.next().is_none().then(ParameterList::new)
    }

    fn offers(&self) -> Vec<ParameterList> {
        vec![ParameterList::new()]
    }

    fn judge(&self, mut answered: Parameters<'_>) -> Result<ParameterList, ExtensionFault> {
        match answered.next() {
            None => Ok(ParameterList::new()),
            Some(_) => Err(ExtensionFault::UnknownParameter),
        }
    }
}

/// An extension from its negotiation to its messages, in both directions.
#[test]
fn from_the_handshake_on() {
    let (mut asked, mut answered) = (Vec::new(), Vec::new());
    let offer = Offer::new("ws://example.com/".parse().unwrap()).extension(Sum::new(0)).unwrap();
    let mut opening = ClientHandshake::new(&offer, *b"sixteen octets!!", &mut asked).unwrap();
    let mut handshake = ServerHandshake::default();
    let Ok(Step::Done { value: Request::WebSocket(proposal), .. }) = handshake.receive(&asked) else {
        panic!("a proposal")
    };
    let agreement = proposal.accept(&Choice::new().extension(Sum::new(0)).unwrap(), &mut answered).unwrap();
    assert!(agreement.extensions().any(|extension| extension.name == "x-sum"));
    let Ok(Step::Done { value: Answer::Accepted { agreement, .. }, .. }) = opening.receive(&answered) else {
        panic!("a 101")
    };
    assert!(agreement.extensions().any(|extension| extension.name == "x-sum"));

    let mut server = Session::server(&Limits::default()).with_transform(Sum::new(0));
    let mut client = common::client().with_transform(Sum::new(0));
    client.send("from the client").unwrap();
    let mut wire = written(&mut client);
    let (event, sender) = server.receive(&mut &mut wire[..]).map(|(event, sender)| (event.to_owned(), sender)).unwrap();
    assert_eq!(event, Event::Text("from the client".into()));
    sender.binary(b"from the server").unwrap();
    let mut wire = written(&mut server);
    assert_eq!(wire[0], 0x82 | RSV2);
    let event = client.receive(&mut &mut wire[..]).map(|(event, _)| event.to_owned());
    assert_eq!(event, Some(Event::Binary(Bytes::from_static(b"from the server"))));
}
