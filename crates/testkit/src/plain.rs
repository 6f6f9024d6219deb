//! A plain HTTP/1.1 exchange: one connection, one request, no redirects, no guard.
//!
//! The browser and the tests use it, because they must be able to send what a careful client
//! never would. It speaks `http` only.
use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::io;
use tokio::net::TcpStream;

/// Largest body read.
const MAX_BODY: usize = 32 * 1024 * 1024;

/// Sends a request to an absolute `http` URI and reads the whole answer.
///
/// `Host` is made from the URI unless the request has one.
///
/// # Errors
/// Not an `http` URI; no connection; the connection broke before the answer was complete; a body
/// over 32 MiB.
pub async fn send(request: Request<Vec<u8>>) -> io::Result<Response<Vec<u8>>> {
    let (stream, request) = prepare(request).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let (parts, body) = response.into_parts();
        let body = Limited::new(body, MAX_BODY)
            .collect()
            .await
            .map_err(io::Error::other)?;
        Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
    };
    // The connection does the work; what it fails with, the exchange fails with too.
    let connection = async {
        drop(connection.await);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = exchange => answer,
        () = connection => Err(io::ErrorKind::ConnectionAborted.into()),
    }
}

/// Sends a request and closes the connection without reading a byte of the answer.
///
/// # Errors
/// Not an `http` URI; no connection.
pub async fn send_and_leave(request: Request<Vec<u8>>) -> io::Result<()> {
    use tokio::io::AsyncWriteExt as _;
    let (mut stream, request) = prepare(request).await?;
    let (parts, body) = request.into_parts();
    let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri);
    for (name, value) in &parts.headers {
        head.push_str(&format!(
            "{name}: {}\r\n",
            String::from_utf8_lossy(value.as_bytes())
        ));
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes()).await?;
    let body = body.collect().await.map_err(io::Error::other)?;
    stream.write_all(&body.to_bytes()).await?;
    stream.shutdown().await
}

async fn prepare(request: Request<Vec<u8>>) -> io::Result<(TcpStream, Request<Full<Bytes>>)> {
    let (mut parts, body) = request.into_parts();
    let invalid = |what: &str| io::Error::new(io::ErrorKind::InvalidInput, what.to_owned());
    if parts.uri.scheme_str() != Some("http") {
        return Err(invalid("only http URIs are spoken here"));
    }
    let authority = parts
        .uri
        .authority()
        .cloned()
        .ok_or_else(|| invalid("the URI has no host"))?;
    let host = authority
        .host()
        .trim_start_matches('[')
        .trim_end_matches(']');
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    stream.set_nodelay(true)?;
    if !parts.headers.contains_key(header::HOST) {
        let value = HeaderValue::from_str(authority.as_str()).map_err(io::Error::other)?;
        parts.headers.insert(header::HOST, value);
    }
    let target = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    parts.uri = target.parse::<Uri>().map_err(io::Error::other)?;
    if !body.is_empty() && !parts.headers.contains_key(header::CONTENT_LENGTH) {
        parts
            .headers
            .insert(header::CONTENT_LENGTH, HeaderValue::from(body.len()));
    }
    Ok((
        stream,
        Request::from_parts(parts, Full::new(Bytes::from(body))),
    ))
}

fn broken(error: hyper::Error) -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, error)
}
