//! Bodies: a request body that tells when it leaves, and a response body in chunks.

use super::{HttpError, error::Context};
use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use std::{
    convert::Infallible,
    fmt,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{self, Poll},
};

/// Whether a request has begun to leave us.
pub(super) struct Sent(Arc<AtomicBool>);

impl Sent {
    /// A request without a body has nothing that could tell, and counts as sent.
    pub(super) fn new(body_is_empty: bool) -> Self {
        Self(Arc::new(AtomicBool::new(body_is_empty)))
    }

    pub(super) fn get(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }

    /// A body that notes when it is asked for: the connection is then up, and the head on its way.
    pub(super) fn track(&self, content: Vec<u8>) -> reqwest::Body {
        reqwest::Body::wrap(Tracked {
            content: Some(Bytes::from(content)),
            sent: Arc::clone(&self.0),
        })
    }
}

struct Tracked {
    content: Option<Bytes>,
    sent: Arc<AtomicBool>,
}

impl Body for Tracked {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.sent.store(true, Ordering::SeqCst);
        Poll::Ready(self.content.take().map(|content| Ok(Frame::data(content))))
    }

    fn is_end_stream(&self) -> bool {
        self.content.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let left = self.content.as_ref().map_or(0, Bytes::len);
        SizeHint::with_exact(left as u64)
    }
}

/// Chunks of the body of an answer, as they come.
pub struct BodyStream {
    response: reqwest::Response,
    context: Context,
}

impl BodyStream {
    pub(super) fn new(response: reqwest::Response, context: Context) -> Self {
        Self { response, context }
    }

    /// The next chunk, never empty; `None` at the end.
    ///
    /// # Errors
    /// [`HttpError::Lost`]: the connection broke before the body was complete.
    pub async fn next(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let chunk = self.response.chunk().await;
            match chunk.map_err(|error| self.context.classify(&error, true))? {
                Some(chunk) if chunk.is_empty() => {}
                other => return Ok(other),
            }
        }
    }
}

impl fmt::Debug for BodyStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyStream")
            .field("origin", &self.context.origin)
            .finish_non_exhaustive()
    }
}
