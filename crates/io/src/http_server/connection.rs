//! Connections: each in a task of its own, bounded in number and time.

use super::{LoopbackRequest, request::check};
use crate::serving::{HEAD_TIMED_OUT, MAX_HEAD, finish, linger, read_body, refusal};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    future::poll_fn,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::TcpStream,
    task::{AbortHandle, JoinSet},
};

const MAX_CONNECTIONS: usize = 64;
const MAX_BODY: usize = 64 * 1024;
const HEAD_DEADLINE: Duration = Duration::from_secs(5);
/// Head and body, a handler that waits, and an answer that the other side does not read.
const WHOLE_DEADLINE: Duration = Duration::from_secs(45);
const GRACE: Duration = Duration::from_secs(2);
const LINGER: Duration = Duration::from_secs(1);

/// All open connections. Dropping it ends them.
pub(super) struct Connections<H> {
    server: Arc<Server<H>>,
    tasks: JoinSet<()>,
    open: Vec<Open>,
}

struct Server<H> {
    handler: H,
    port: u16,
}

struct Open {
    task: AbortHandle,
    /// Its request was read whole.
    busy: Arc<AtomicBool>,
}

impl Open {
    fn is_idle(&self) -> bool {
        !self.busy.load(Ordering::SeqCst)
    }
}

impl<H, A> Connections<H>
where
    H: Fn(LoopbackRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Response<String>> + Send + 'static,
{
    pub(super) fn new(handler: H, port: u16) -> Self {
        Self {
            server: Arc::new(Server { handler, port }),
            tasks: JoinSet::new(),
            open: Vec::new(),
        }
    }

    /// Whether one more can be let in, if need be in place of one that has not asked for anything yet.
    pub(super) fn have_room(&self) -> bool {
        self.open.len() < MAX_CONNECTIONS || self.open.iter().any(Open::is_idle)
    }

    pub(super) fn admit(&mut self, stream: TcpStream, peer: SocketAddr) {
        if self.open.len() >= MAX_CONNECTIONS
            && let Some(oldest) = self.open.iter().position(Open::is_idle)
        {
            self.open.remove(oldest).task.abort();
        }
        let busy = Arc::new(AtomicBool::new(false));
        let server = Arc::clone(&self.server);
        let task = self
            .tasks
            .spawn(server.run(stream, peer, Arc::clone(&busy)));
        self.open.push(Open { task, busy });
    }

    /// Waits until a connection has ended; for ever when there is none.
    pub(super) async fn one_ended(&mut self) {
        match self.tasks.join_next().await {
            Some(_) => self.open.retain(|open| !open.task.is_finished()),
            None => std::future::pending().await,
        }
    }

    /// Lets those that were asked something finish their answer.
    pub(super) async fn finish(mut self) {
        for open in self.open.iter().filter(|open| open.is_idle()) {
            open.task.abort();
        }
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(GRACE, all).await.is_err() {
            tracing::debug!("connections were still open at the end");
        }
    }
}

impl<H, A> Server<H>
where
    H: Fn(LoopbackRequest) -> A + Send + Sync + 'static,
    A: Future<Output = Response<String>> + Send + 'static,
{
    async fn run(self: Arc<Self>, stream: TcpStream, peer: SocketAddr, busy: Arc<AtomicBool>) {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "no TCP_NODELAY");
        }
        let service = service_fn(|request| Box::pin(self.answer(request, peer, &busy)));
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD_DEADLINE)
            .keep_alive(false)
            .half_close(true)
            .max_buf_size(MAX_HEAD)
            .serve_connection(TokioIo::new(stream), service);
        let served = poll_fn(|context| connection.poll_without_shutdown(context));
        let Ok(served) = tokio::time::timeout(WHOLE_DEADLINE, served).await else {
            return;
        };
        let mut stream = connection.into_parts().io.into_inner();
        if let Err(error) = served {
            tracing::debug!(%error, "a connection ended badly");
            if error.is_timeout() && stream.write_all(HEAD_TIMED_OUT).await.is_err() {
                return;
            }
        }
        linger(stream, LINGER).await;
    }

    async fn answer(
        &self,
        request: Request<Incoming>,
        peer: SocketAddr,
        busy: &AtomicBool,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        if let Err(status) = check(&parts.uri, &parts.headers, self.port) {
            return Ok(refusal(status));
        }
        let body = match read_body(&parts.headers, body, MAX_BODY).await {
            Ok(body) => body,
            Err(status) => return Ok(refusal(status)),
        };
        busy.store(true, Ordering::SeqCst);
        let answer = (self.handler)(LoopbackRequest {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            body: body.to_vec(),
            peer,
        })
        .await;
        Ok(finish(answer))
    }
}
