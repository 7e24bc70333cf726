//! The proof: clients that number their messages, while the server is replaced twice.

use std::{
    env, fs,
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{self, Child, ChildStdout, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use switchover_tokio::{Deflate, Event, Offer, Options, connect_with};
use tokio::{
    sync::watch,
    task::{self, JoinHandle},
    time::{sleep, timeout},
};

use crate::Failure;

const CLIENTS: usize = 100;
const REPLACEMENTS: usize = 2;

/// So many messages a client are echoed before, between and after the replacements.
const MESSAGES: usize = 200;

/// So many messages of a client are under way at once.
const AT_ONCE: usize = 8;

pub(crate) async fn prove() -> Result<String, Failure> {
    let socket = env::temp_dir().join(format!("switchover-hand-over-{}", process::id()));
    let proof = timeout(Duration::from_secs(120), replace_twice(&socket)).await;
    fs::remove_file(&socket)?;
    proof?
}

async fn replace_twice(socket: &Path) -> Result<String, Failure> {
    let mut server = Process::start("serve", socket)?;
    let line = server.line()?;
    let url = line.trim().strip_prefix("listening on ").ok_or("the server does not listen")?;

    let (stop, stopping) = watch::channel(false);
    let progress: Vec<Arc<AtomicUsize>> = (0..CLIENTS).map(|_| Arc::default()).collect();
    let clients: Vec<JoinHandle<_>> = progress
        .iter()
        .enumerate()
        .map(|(number, progress)| task::spawn(client(number, url.to_owned(), Arc::clone(progress), stopping.clone())))
        .collect();
    go_on(&clients, &progress).await?;

    let mut read_ahead = 0;
    for _ in 0..REPLACEMENTS {
        let successor = Process::start("take-over", socket)?;
        let said = task::spawn_blocking(move || server.end()).await??;
        let numbers: Vec<usize> = said.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [CLIENTS, bytes] = numbers[..] else { return Err(format!("the server has not {said}").into()) };
        read_ahead += bytes;
        server = successor;
        go_on(&clients, &progress).await?;
    }
    stop.send_replace(true);
    let mut messages = 0;
    for client in clients {
        messages += client.await??;
    }
    Ok(format!(
        "{CLIENTS} connections handed over {REPLACEMENTS} times with {read_ahead} bytes read ahead; \
         {messages} messages echoed, 0 lost or doubled"
    ))
}

/// Waits until so many more messages of each client have come back.
async fn go_on(clients: &[JoinHandle<Result<usize, Failure>>], progress: &[Arc<AtomicUsize>]) -> Result<(), Failure> {
    let before: Vec<usize> = progress.iter().map(|progress| progress.load(Ordering::Relaxed)).collect();
    for ((client, progress), before) in clients.iter().zip(progress).zip(before) {
        while progress.load(Ordering::Relaxed) < before + MESSAGES {
            if client.is_finished() {
                return Err("a client has ended, see above".into());
            }
            sleep(Duration::from_millis(1)).await;
        }
    }
    Ok(())
}

/// Sends numbered messages and counts the echoes, each of which has to be the next; returns how many there were.
async fn client(
    number: usize,
    url: String,
    progress: Arc<AtomicUsize>,
    stopping: watch::Receiver<bool>,
) -> Result<usize, Failure> {
    let echoed = converse(number, &url, &progress, &stopping).await;
    if let Err(error) = &echoed {
        eprintln!("client {number}: {error}");
    }
    echoed
}

async fn converse(
    number: usize,
    url: &str,
    progress: &AtomicUsize,
    stopping: &watch::Receiver<bool>,
) -> Result<usize, Failure> {
    let mut offer = Offer::new(url.parse()?);
    if number.is_multiple_of(2) {
        // Its windows go along, in which its messages refer to those before.
        offer = offer.extension(Deflate::new())?;
    }
    let (mut websocket, _) = connect_with(&offer, &Options::default()).await?;
    let (mut sent, mut echoed) = (0, 0);
    loop {
        while sent < echoed + AT_ONCE && !*stopping.borrow() {
            websocket.feed(message(number, sent)).await?;
            sent += 1;
        }
        if sent == echoed {
            break;
        }
        match websocket.receive().await? {
            Some(Event::Text(text)) if *text == *message(number, echoed) => echoed += 1,
            event => return Err(format!("{event:?} in place of message {echoed} of {sent}").into()),
        }
        progress.store(echoed, Ordering::Relaxed);
    }
    let closed = websocket.close(1000, "done").await?;
    if closed.code().as_u16() == 1000 { Ok(echoed) } else { Err(closed.to_string().into()) }
}

/// Some messages are longer than one read.
fn message(client: usize, number: usize) -> String {
    let len = if number % 10 == 9 { 40_000 } else { number * 7 % 500 };
    let mut message = String::with_capacity(len + 40);
    while message.is_empty() || message.len() < len {
        message += &format!("message {number} of client {client}, ");
    }
    message
}

/// A server in a process of its own, which does not outlive this value.
struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Process {
    fn start(what: &str, socket: &Path) -> Result<Self, Failure> {
        let mut child = Command::new(env::current_exe()?).arg(what).arg(socket).stdout(Stdio::piped()).spawn()?;
        let output = BufReader::new(child.stdout.take().ok_or("it has an output")?);
        Ok(Self { child, output })
    }

    fn line(&mut self) -> Result<String, Failure> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }

    /// What it says at its end.
    fn end(mut self) -> Result<String, Failure> {
        let mut said = String::new();
        self.output.read_to_string(&mut said)?;
        let status = self.child.wait()?;
        if status.success() { Ok(said.trim().to_owned()) } else { Err(format!("a server ended with {status}").into()) }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
