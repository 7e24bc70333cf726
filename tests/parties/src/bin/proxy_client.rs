//! `proxy_client PROXY URL [NAME:PASSWORD]`   a WebSocket through the tunnel of a proxy: messages go to an echo, and back

use std::env;

use switchover_parties::{Failure, converse};
use switchover_tokio::{ConnectError, Credentials, Offer, Options, Proxy, connect_through};

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut arguments = env::args().skip(1);
    let mut argument = || arguments.next().ok_or("usage: proxy_client PROXY URL [NAME:PASSWORD]");
    let mut proxy: Proxy = argument()?.parse()?;
    let offer = Offer::new(argument()?.parse()?);
    if let Some((name, password)) = argument().ok().as_deref().and_then(|user| user.split_once(':')) {
        proxy = proxy.authorization(&Credentials::basic(name, password)?);
    }
    match connect_through(&proxy, &offer, &Options::default()).await {
        Ok((websocket, _)) => println!("proxy_client: {}", converse(websocket).await?),
        Err(ConnectError::Proxy(response)) => {
            return Err(format!("{}: {}", response.status.as_u16(), String::from_utf8_lossy(&response.body)).into());
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
