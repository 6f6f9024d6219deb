//! `--health`: asks the server that these settings describe whether it takes callbacks, for images without curl.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use oarlock_io::socket::Stream;
use oarlock_server::config::{ListenAddress, ServerConfig};

use crate::failure::Failure;

const PATIENCE: Duration = Duration::from_secs(5);
/// The name is one that the server has whatever it is called in public.
const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// The answer's first line.
const READY: &[u8] = b"HTTP/1.1 200";

pub(super) fn ask(config: &ServerConfig) -> Result<ExitCode, Failure> {
    if config.tls.is_some() {
        return Err(Failure::usage(
            "--health: the server speaks TLS, under its public name alone; ask its /readyz instead",
        ));
    }
    let ListenAddress::Bind(address) = config.listen else {
        return Err(Failure::usage(
            "--health: the service manager has the socket; ask it instead",
        ));
    };
    let address = SocketAddr::new(reachable(address.ip()), address.port());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let answered = runtime.block_on(async {
        tokio::time::timeout(PATIENCE, is_ready(address))
            .await
            .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    });
    match answered {
        Ok(true) => Ok(ExitCode::SUCCESS),
        Ok(false) => Err(Failure::failed(format!(
            "the server on {address} is not ready"
        ))),
        Err(error) => Err(Failure::failed(format!(
            "the server does not answer: {error}"
        ))),
    }
}

/// Who listens everywhere listens on loopback.
fn reachable(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(any) if any.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(any) if any.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        other => other,
    }
}

async fn is_ready(address: SocketAddr) -> io::Result<bool> {
    let stream = Stream::connect_tcp(&address.ip().to_string(), address.port())
        .await
        .map_err(io::Error::other)?;
    stream.write_all(REQUEST).await?;
    let mut answer = Vec::new();
    while answer.len() < READY.len() {
        let mut buffer = [0; 64];
        stream.readable().await?;
        match stream.try_read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => answer.extend(buffer.iter().take(count)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(answer.starts_with(READY))
}
