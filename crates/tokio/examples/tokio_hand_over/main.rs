//! A server is replaced while its connections live on, on Unix: no client notices.
//!
//!     tokio_hand_over serve SOCKET        listens on a free port of 127.0.0.1, until a successor comes to SOCKET
//!     tokio_hand_over take-over SOCKET    takes everything over from the server at SOCKET, and goes on as it did
//!     tokio_hand_over                     the proof: a server, its successor, and the successor's, and 100 clients that count

mod clients;
mod pass;
mod server;

use std::{env, path::Path, process::ExitCode};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments[..] {
        ["serve", socket] => server::serve(Path::new(socket)).await,
        ["take-over", socket] => server::take_over(Path::new(socket)).await,
        [] => clients::prove().await,
        _ => Err("usage: tokio_hand_over [serve SOCKET | take-over SOCKET]".into()),
    };
    match done {
        Ok(summary) => {
            println!("{summary}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("hand-over: {error}");
            ExitCode::FAILURE
        }
    }
}
