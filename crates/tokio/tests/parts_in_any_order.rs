//! Whole messages and parts of them, asked for in any order, from a stream that is cut anywhere, with futures that are dropped.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is how a test fails")]

mod common;

use std::{
    collections::VecDeque,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, BytesMut};
use common::REQUEST;
use proptest::{collection::vec, prelude::*, sample::Index};
use switchover_testkit::split::{Cuts, random_cuts};
use switchover_tokio::{
    Choice, Event, Limits, Message, Options, Part, ReceiveHalf, Server, Text, WebSocket, answer,
    switchover::{Session, Side, frame::CloseFrame},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf, ReadHalf, WriteHalf};

/// A transport that gives these pieces, one in each read, and is never ready when it is asked first.
struct Pieces {
    reads: VecDeque<Vec<u8>>,
    is_ready: bool,
}

impl Pieces {
    fn new(pieces: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self { reads: pieces.into_iter().collect(), is_ready: false }
    }
}

impl AsyncRead for Pieces {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.is_ready = !self.is_ready;
        if self.is_ready {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if let Some(mut piece) = self.reads.pop_front() {
            let rest = piece.split_off(piece.len().min(buf.remaining()));
            buf.put_slice(&piece);
            if !rest.is_empty() {
                self.reads.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pieces {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A server at the end of these pieces, which are the frames.
async fn server(pieces: impl IntoIterator<Item = Vec<u8>>, limits: Limits) -> WebSocket<Pieces, Server> {
    #[cfg(feature = "deflate")]
    let (request, choice) = {
        let line = "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n";
        let choice = Choice::new().extension(switchover_tokio::Deflate::new()).unwrap();
        (REQUEST.replacen("\r\n\r\n", line, 1), choice)
    };
    #[cfg(not(feature = "deflate"))]
    let (request, choice) = (REQUEST, Choice::new());
    let pieces = Pieces::new([request.into()].into_iter().chain(pieces));
    answer(pieces, &Options { limits, ..Options::default() }, |_| Ok(choice)).await.unwrap()
}

/// A client's end, which compresses whatever it is not told not to.
fn client() -> Session<impl Side> {
    let limits = Limits { queued: usize::MAX, ..Limits::default() };
    let session = Session::client(&limits, || [0x55, 0xAA, 0x0F, 0xF0]);
    #[cfg(feature = "deflate")]
    let session = {
        use switchover_tokio::{Compression, switchover::handshake};
        let context = handshake::DeflateContext { window_bits: 15, takeover: true };
        let agreed = handshake::DeflateParameters { server: context, client: context };
        session.with_deflate(Some(agreed), &Compression { threshold: 0, ..Compression::default() })
    };
    session
}

fn written(session: &mut Session<impl Side>) -> Vec<u8> {
    let mut written = Vec::new();
    while session.output().has_remaining() {
        let len = session.output().chunk().len();
        written.extend_from_slice(&session.output().copy_to_bytes(len));
    }
    written
}

/// A message as it is sent.
#[derive(Clone, Debug)]
struct Sent {
    message: Message,
    /// Where its fragments end, but for the last.
    ends: Vec<Index>,
    compressed: bool,
    /// A Ping stands in front of each fragment.
    pings: bool,
}

fn sent() -> impl Strategy<Value = Sent> {
    let text = "[a-z é√😀]{0,30}".prop_map(Message::from);
    let binary = vec(any::<u8>(), 0..300).prop_map(Message::from);
    let repeated = (any::<u8>(), 0..30_000_usize).prop_map(|(byte, len)| vec![byte; len].into());
    let ends = vec(any::<Index>(), 0..4);
    (prop_oneof![text, binary, repeated], ends, any::<bool>(), any::<bool>())
        .prop_map(|(message, ends, compressed, pings)| Sent { message, ends, compressed, pings })
}

/// The frames of these messages and a Close, and what is to be received.
fn stream(sent: &[Sent]) -> (Vec<u8>, VecDeque<Event>) {
    let mut session = client();
    let mut events = VecDeque::new();
    for Sent { message, ends, compressed, pings } in sent {
        let payload = message.payload();
        let text = std::str::from_utf8(payload).ok().filter(|_| matches!(message, Message::Text(_)));
        let mut ends: Vec<usize> = ends.iter().map(|end| end.index(payload.len() + 1)).collect();
        ends = ends.iter().map(|end| text.map_or(*end, |text| text.floor_char_boundary(*end))).collect();
        ends.sort_unstable();
        let mut start = 0;
        for end in ends.into_iter().map(Some).chain([None]) {
            let piece = &payload[start..end.unwrap_or(payload.len())];
            let fragment = match text {
                Some(_) => Message::Text(Text::try_from(piece.to_vec()).unwrap()),
                None => Message::from(piece.to_vec()),
            };
            if *pings {
                session.send(Message::Ping("between".into())).unwrap();
                events.push_back(Event::Ping("between".into()));
            }
            let sender = session.sender();
            if *compressed {
                sender.fragment(fragment, end.is_none()).unwrap();
            } else {
                sender.fragment_uncompressed(fragment, end.is_none()).unwrap();
            }
            start += piece.len();
        }
        events.push_back(match message {
            Message::Text(text) => Event::Text(text.clone()),
            message => Event::Binary(message.payload().to_vec().into()),
        });
    }
    session.close(CloseFrame { code: 1000.into(), reason: "" }).unwrap();
    (written(&mut session), events)
}

/// A connection, whole or the half that receives.
enum End {
    Whole(WebSocket<Pieces, Server>),
    Half(ReceiveHalf<ReadHalf<Pieces>, WriteHalf<Pieces>, Server>),
}

impl End {
    /// Asks once; `None` is that there is nothing yet.
    async fn ask(&mut self, for_a_part: bool) -> Option<Option<Part>> {
        let asked = async {
            match (self, for_a_part) {
                (Self::Whole(whole), true) => whole.receive_part().await,
                (Self::Whole(whole), false) => whole.receive().await.map(|event| event.map(Part::from)),
                (Self::Half(half), true) => half.receive_part().await,
                (Self::Half(half), false) => half.receive().await.map(|event| event.map(Part::from)),
            }
        };
        tokio::select! {
            biased;
            part = asked => Some(part.unwrap()),
            () = std::future::ready(()) => None,
        }
    }
}

/// What was received, held against what was sent.
struct Received {
    expected: VecDeque<Event>,
    /// The beginning of a message, in parts.
    begun: Option<BytesMut>,
}

impl Received {
    /// A whole message is asked for.
    fn passes_over(&mut self) {
        let Some(begun) = self.begun.take() else { return };
        let message = self.expected.iter().position(|event| !matches!(event, Event::Ping(_))).unwrap();
        let message = self.expected.remove(message).unwrap().into_message().unwrap();
        assert!(message.payload().starts_with(&begun));
    }

    fn part(&mut self, part: Part) {
        let event = match part {
            Part::Text { payload, last } => {
                self.join(&payload, last).map(|m| Event::Text(m.freeze().try_into().unwrap()))
            }
            Part::Binary { payload, last } => self.join(&payload, last).map(|m| Event::Binary(m.freeze())),
            Part::Ping(payload) => Some(Event::Ping(payload)),
            other => panic!("{other:?}"),
        };
        if let Some(event) = event {
            assert_eq!(self.expected.pop_front(), Some(event));
        }
    }

    fn join(&mut self, payload: &[u8], last: bool) -> Option<BytesMut> {
        assert!(last || !payload.is_empty(), "a part is empty");
        let mut message = self.begun.take().unwrap_or_default();
        message.extend_from_slice(payload);
        if last {
            return Some(message);
        }
        self.begun = Some(message);
        None
    }
}

async fn all_is_received(sent: &[Sent], cuts: &Cuts, bytewise: bool, for_parts: &[bool], in_halves: bool) {
    let (bytes, expected) = stream(sent);
    let pieces: Vec<Vec<u8>> = if bytewise {
        bytes.iter().map(|byte| vec![*byte]).collect()
    } else {
        cuts.pieces(&bytes).into_iter().filter(|piece| !piece.is_empty()).map(<[u8]>::to_vec).collect()
    };
    let server = server(pieces, Limits::default()).await;
    let mut end = if in_halves { End::Half(server.split_with(tokio::io::split).0) } else { End::Whole(server) };
    let mut received = Received { expected, begun: None };
    for for_a_part in for_parts.iter().cycle() {
        if !for_a_part {
            received.passes_over();
        }
        match end.ask(*for_a_part).await {
            None => tokio::task::yield_now().await,
            Some(Some(Part::Closed(closed))) => {
                assert_eq!(closed.code().as_u16(), 1000);
                break;
            }
            Some(part) => received.part(part.unwrap()),
        }
    }
    assert!(received.expected.is_empty() && received.begun.is_none());
}

proptest! {
    #[test]
    fn nothing_is_lost(
        sent in vec(sent(), 0..8),
        cuts in random_cuts(),
        bytewise in prop::bool::weighted(0.2),
        for_parts in prop_oneof![Just(vec![true]), vec(any::<bool>(), 1..20)],
        in_halves: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(all_is_received(&sent, &cuts, bytewise, &for_parts, in_halves));
    }
}

/// What a message inflates to is given out up to its limit, and not a byte beyond, however it arrives.
#[cfg(feature = "deflate")]
#[tokio::test]
async fn a_limit_is_hit_while_inflating() {
    let limits = Limits { message: 10_000, ..Limits::default() };
    let mut session = client();
    session.send("x".repeat(1_000_000)).unwrap();
    let bytes = written(&mut session);
    for size in [1, 7, bytes.len()] {
        let mut server = server(bytes.chunks(size).map(<[u8]>::to_vec), limits).await;
        let mut len = 0;
        let closed = loop {
            match server.receive_part().await.unwrap().unwrap() {
                Part::Text { payload, last: false } => len += payload.len(),
                Part::Closed(closed) => break closed,
                other => panic!("{other:?}"),
            }
        };
        let switchover_tokio::Closed::Violation(error) = closed else { panic!("{closed}") };
        assert_eq!((error.close_code().as_u16(), len <= 10_000), (1009, true));
        assert!(len >= 1_000, "{len}");
        assert_eq!(server.receive_part().await.unwrap(), None);
    }
}
