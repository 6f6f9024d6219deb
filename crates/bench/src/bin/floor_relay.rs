//! The least that a relay can cost: bare hyper that looks a state up, writes one line to the socket that waits for it, and answers.
//!
//! `floor_relay SOCKET` listens on that Unix socket and on an ephemeral port of 127.0.0.1, which it prints. A program sends
//! `STATE LF`, gets `REGISTERED LF` and later `CODE LF`. No limits, no checks, no confirmation: it lies whenever the program is gone.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is how the port is told")]

use std::{
    collections::HashMap,
    convert::Infallible,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, UnixListener, UnixStream, unix::OwnedWriteHalf},
};

type Waiting = Arc<Mutex<HashMap<String, OwnedWriteHalf>>>;

fn main() -> Result<(), Box<dyn Error>> {
    let socket = std::env::args().nth(1).ok_or("usage: floor_relay SOCKET")?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(serve(&socket))
}

async fn serve(socket: &str) -> Result<(), Box<dyn Error>> {
    let waiting = Waiting::default();
    let programs = UnixListener::bind(socket)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    loop {
        tokio::select! {
            accepted = programs.accept() => {
                tokio::spawn(register(accepted?.0, Arc::clone(&waiting)));
            }
            accepted = listener.accept() => {
                let stream = accepted?.0;
                stream.set_nodelay(true)?;
                let waiting = Arc::clone(&waiting);
                tokio::spawn(async move {
                    let service = service_fn(|request| answer(request, &waiting));
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    // The generator closes whenever it likes.
                    drop(connection.await);
                });
            }
        }
    }
}

async fn register(stream: UnixStream, waiting: Waiting) {
    let (reader, writer) = stream.into_split();
    let mut reader = BufReader::with_capacity(256, reader);
    let mut line = String::new();
    if reader.read_line(&mut line).await.is_err() {
        return;
    }
    let state = line.trim_end().to_owned();
    // It is there before the program knows.
    lock(&waiting).insert(state.clone(), writer);
    let written = lock(&waiting)
        .get(&state)
        .map(|writer| writer.try_write(b"REGISTERED\n"));
    if !matches!(written, Some(Ok(_))) {
        return;
    }
    line.clear();
    // Until the program goes away; an error is an end too.
    drop(reader.read_line(&mut line).await);
}

async fn answer(
    request: Request<Incoming>,
    waiting: &Waiting,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let query = request.uri().query().unwrap_or_default();
    let value = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name))
            .unwrap_or_default()
    };
    let writer = lock(waiting).remove(value("state="));
    let status = match writer {
        Some(mut writer) => {
            let line = format!("{}\n", value("code="));
            match writer.write_all(line.as_bytes()).await {
                Ok(()) => StatusCode::OK,
                Err(_) => StatusCode::NOT_FOUND,
            }
        }
        None => StatusCode::NOT_FOUND,
    };
    let mut response = Response::new(Full::new(Bytes::from_static(PAGE)));
    *response.status_mut() = status;
    Ok(response)
}

/// About as long as a real page.
const PAGE: &[u8] = &[b'.'; 2_000];

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
