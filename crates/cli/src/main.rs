//! `switchover`: serve WebSocket connections, and connect to those of others.

mod chat;
mod connect;
mod serve;

use std::{error::Error, net::SocketAddr, process::ExitCode};

use clap::{Parser, Subcommand};
use tokio::runtime::Runtime;

/// WebSocket on the command line.
#[derive(Parser)]
#[command(name = "switchover", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Echo every message on every path, let those on /chat talk to each other, and show a page with a client on /.
    Serve {
        /// The address to listen on; port 0 takes a free one.
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9001")]
        listen: SocketAddr,
    },
    /// Send each line of standard input as a text message, and print each message received as a line.
    Connect(Box<connect::Arguments>),
}

fn main() -> ExitCode {
    let ended = Runtime::new().map_err(Into::into).and_then(|runtime| {
        let ended = runtime.block_on(run(Arguments::parse().command));
        // A read of standard input may still block a thread.
        runtime.shutdown_background();
        ended
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("switchover: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Serve { listen } => serve::serve(listen).await,
        Command::Connect(arguments) => connect::connect(*arguments).await,
    }
}
