//! An echo server that hands over to its successor: first the listening socket, so that nobody is turned away, then each
//! connection as soon as its session is between two messages.

use std::{fs, io, net, os::unix, path::Path};

use switchover_tokio::{Choice, Deflate, Event, Options, Server, WebSocket, accept_with};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    select,
    sync::{mpsc, watch},
    task,
};

use crate::{
    Failure,
    pass::{self, Passed},
};

/// The first server of all.
pub(crate) async fn serve(socket: &Path) -> Result<String, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on ws://{}/", listener.local_addr()?);
    // Nobody was there before.
    let (_, arriving) = mpsc::channel(1);
    run(listener, arriving, UnixListener::bind(socket)?).await
}

/// The successor of the server at `socket`.
pub(crate) async fn take_over(socket: &Path) -> Result<String, Failure> {
    let predecessor = unix::net::UnixStream::connect(socket)?;
    // From now on the place is ours.
    fs::remove_file(socket)?;
    let control = UnixListener::bind(socket)?;
    let listener = pass::receive(&predecessor)?.ok_or("nothing to take over")?.socket;
    let listener = TcpListener::from_std(net::TcpListener::from(listener))?;

    let (arrive, arriving) = mpsc::channel(16);
    let receiving = task::spawn_blocking(move || {
        while let Some(Passed { socket, state, input }) = pass::receive(&predecessor)? {
            let stream = TcpStream::from_std(net::TcpStream::from(socket))?;
            let websocket = WebSocket::resume(stream, Server, &state, input[..].into(), &Options::default())?;
            arrive.blocking_send(websocket)?;
        }
        Ok::<(), Failure>(())
    });
    let summary = run(listener, arriving, control).await?;
    receiving.await??;
    Ok(summary)
}

/// Serves connections new and `arriving`, until a successor comes to `control`, which is given all of them.
async fn run(
    listener: TcpListener,
    mut arriving: mpsc::Receiver<WebSocket<TcpStream, Server>>,
    control: UnixListener,
) -> Result<String, Failure> {
    let (leave, leaving) = watch::channel(false);
    let (give, mut given) = mpsc::channel(16);
    let mut all_are_here = false;
    let successor = loop {
        select! {
            accepted = listener.accept() => {
                task::spawn(report(open(accepted?.0, leaving.clone(), give.clone())));
            }
            websocket = arriving.recv(), if !all_are_here => match websocket {
                Some(websocket) => drop(task::spawn(report(echo(websocket, leaving.clone(), give.clone())))),
                None => all_are_here = true,
            },
            successor = control.accept(), if all_are_here => break successor?.0.into_std()?,
        }
    };
    successor.set_nonblocking(false)?;
    let listener = Passed { socket: listener, state: Vec::new(), input: Vec::new() };
    task::block_in_place(|| pass::send(&successor, &listener))?;
    leave.send_replace(true);
    // The end of the channel is that of the last connection.
    drop(give);
    let (mut connections, mut read_ahead) = (0, 0);
    while let Some(passed) = given.recv().await {
        task::block_in_place(|| pass::send(&successor, &passed))?;
        connections += 1;
        read_ahead += passed.input.len();
    }
    Ok(format!("handed over {connections} connections, {read_ahead} bytes read ahead"))
}

/// A new connection.
async fn open(
    stream: TcpStream,
    leaving: watch::Receiver<bool>,
    give: mpsc::Sender<Passed<TcpStream>>,
) -> Result<(), Failure> {
    stream.set_nodelay(true)?;
    let choice = Choice::new().extension(Deflate::new())?;
    echo(accept_with(stream, |_| Ok(choice)).await?, leaving, give).await
}

/// Sends every message back, until the end or until it is time to leave.
async fn echo(
    mut websocket: WebSocket<TcpStream, Server>,
    mut leaving: watch::Receiver<bool>,
    give: mpsc::Sender<Passed<TcpStream>>,
) -> Result<(), Failure> {
    loop {
        let leaves = *leaving.borrow_and_update();
        if leaves {
            websocket.flush().await?;
            match websocket.hibernate() {
                Ok((socket, state, input)) => {
                    return Ok(give.send(Passed { socket, state, input: input.into() }).await?);
                }
                // There is a part of a message, or the closing has begun: it is served to the end of that.
                Err(busy) => websocket = busy.into_session(),
            }
        }
        select! {
            event = websocket.receive() => match event? {
                Some(Event::Text(text)) => websocket.feed(text).await?,
                Some(Event::Binary(payload)) => websocket.feed(payload).await?,
                Some(Event::Ping(_) | Event::Pong(_) | Event::Closed(_)) => {}
                None => return Ok(()),
            },
            changed = leaving.changed(), if !leaves => changed?,
        }
    }
}

async fn report(connection: impl Future<Output = Result<(), Failure>>) {
    if let Err(error) = connection.await {
        // Standard error is there as long as the server is.
        let _ = io::Write::write_fmt(&mut io::stderr(), format_args!("a connection: {error}\n"));
    }
}
