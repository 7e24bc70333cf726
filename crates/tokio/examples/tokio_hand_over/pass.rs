//! Connections as they travel from process to process: the socket beside the bytes (SCM_RIGHTS), the session among them.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

/// A socket, and what belongs to it.
pub(crate) struct Passed<F> {
    pub(crate) socket: F,
    /// What [`hibernate`](switchover_tokio::WebSocket::hibernate) gives.
    pub(crate) state: Vec<u8>,
    /// What was read and not received.
    pub(crate) input: Vec<u8>,
}

/// Two lengths, which the socket travels with; both parts are behind.
const HEAD: usize = 8;

pub(crate) fn send<F: AsFd>(to: &UnixStream, passed: &Passed<F>) -> io::Result<()> {
    let [state, input] = [&passed.state, &passed.input].map(|part| u32::try_from(part.len()).map(u32::to_be_bytes));
    let head = [state.map_err(io::Error::other)?, input.map_err(io::Error::other)?].concat();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let sockets = [passed.socket.as_fd()];
    let mut control = SendAncillaryBuffer::new(&mut space);
    let has_room = control.push(SendAncillaryMessage::ScmRights(&sockets));
    if !has_room || sendmsg(to, &[IoSlice::new(&head)], &mut control, SendFlags::empty())? != HEAD {
        return Err(io::ErrorKind::WriteZero.into());
    }
    let mut to = to;
    to.write_all(&passed.state)?;
    to.write_all(&passed.input)
}

/// The next one; `None` when there are no more.
pub(crate) fn receive(from: &UnixStream) -> io::Result<Option<Passed<OwnedFd>>> {
    let mut head = [0; HEAD];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = recvmsg(from, &mut [IoSliceMut::new(&mut head)], &mut control, RecvFlags::CMSG_CLOEXEC)?;
    if received.bytes == 0 {
        return Ok(None);
    }
    let socket = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut sockets) => sockets.next(),
        _ => None,
    });
    let mut from = from;
    from.read_exact(&mut head[received.bytes..])?;
    let [a, b, c, d, e, f, g, h] = head;
    let part = |len: [u8; 4]| -> io::Result<Vec<u8>> {
        let len = u64::from(u32::from_be_bytes(len));
        let mut part = Vec::new();
        from.take(len).read_to_end(&mut part)?;
        if part.len() as u64 == len { Ok(part) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
    };
    let (state, input) = (part([a, b, c, d])?, part([e, f, g, h])?);
    let socket = socket.ok_or_else(|| io::Error::other("a connection without its socket"))?;
    Ok(Some(Passed { socket, state, input }))
}
