//! What the loopback server and the web server have in common.

mod response;

pub(crate) use response::{HEAD_TIMED_OUT, finish, refusal};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::BodyExt as _;
use std::{io, pin::pin, time::Duration};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

/// The longest head, in bytes; hyper answers 431 beyond.
pub(crate) const MAX_HEAD: usize = 48 * 1024;

/// Codes in redirects reach 16 KiB.
const MAX_TARGET: usize = 32 * 1024;

/// How long a body may take to arrive.
const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// How long accepting pauses when the system is out of something.
const BACKOFF: Duration = Duration::from_millis(50);

/// Whether a request target is to be answered with 414. hyper itself keeps targets below 64 KiB.
pub(crate) fn target_is_too_long(uri: &Uri) -> bool {
    let target = uri.path_and_query();
    target.is_some_and(|target| target.as_str().len() > MAX_TARGET)
}

/// Reads a whole body of at most `cap` bytes, within 10 s.
///
/// # Errors
/// The status to answer with: 413, it is larger; 408, it did not come in time; 400, it is not what its head said.
pub async fn read_body<B>(headers: &HeaderMap, body: B, cap: usize) -> Result<Bytes, StatusCode>
where
    B: Body<Data = Bytes>,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > cap) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    tokio::time::timeout(BODY_DEADLINE, whole(body, cap))
        .await
        .unwrap_or(Err(StatusCode::REQUEST_TIMEOUT))
}

/// The parts are copied together as they come: kept as they are, a body in chunks of one byte would take a hundred times its size.
async fn whole<B: Body<Data = Bytes>>(body: B, cap: usize) -> Result<Bytes, StatusCode> {
    let mut body = pin!(body);
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| StatusCode::BAD_REQUEST)?;
        // Trailers say nothing that anybody here asks for.
        let Ok(part) = frame.into_data() else {
            continue;
        };
        if part.len() > cap.saturating_sub(whole.len()) {
            return Err(StatusCode::PAYLOAD_TOO_LARGE);
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

/// Closes in a way that lets the answer arrive: closing with unread input would reset the
/// connection, and a reset can overtake the answer.
pub(crate) async fn linger(mut stream: TcpStream, patience: Duration) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let drained = async {
        let mut rest = vec![0; 16 * 1024];
        let mut budget = 2 * 1024 * 1024_usize;
        while budget > 0 {
            match stream.read(&mut rest).await {
                Ok(0) | Err(_) => break,
                Ok(count) => budget = budget.saturating_sub(count),
            }
        }
    };
    if tokio::time::timeout(patience, drained).await.is_err() {
        tracing::trace!("the other side did not close");
    }
}

/// What accepting does about errors.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    told: bool,
}

impl Backoff {
    /// A connection was accepted.
    pub(crate) fn over(&mut self) {
        self.told = false;
    }

    /// A connection that broke before it was accepted is nothing; out of descriptors or memory, trying
    /// again at once would only burn the processor, and a line for each try would fill the log.
    pub(crate) async fn pause(&mut self, error: &io::Error) {
        match error.kind() {
            io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted => {}
            _ => {
                if !self.told {
                    self.told = true;
                    tracing::warn!(%error, "cannot accept connections; trying again");
                }
                tokio::time::sleep(BACKOFF).await;
            }
        }
    }
}
