//! The least that an answer can cost: bare hyper that says the same to everybody.
//!
//! It listens on an ephemeral port of 127.0.0.1, which it prints.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is how the port is told")]

use std::{convert::Infallible, error::Error};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// As long as a person's name in a token.
const BODY: &[u8] = b"abcdefghijklmnopqrstuvwxyz";

fn main() -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("{}", listener.local_addr()?);
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let served = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                // The generator closes whenever it likes.
                drop(served.await);
            });
        }
    })
}

async fn answer(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    Ok(Response::new(Full::new(Bytes::from_static(BODY))))
}
