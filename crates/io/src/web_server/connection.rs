//! One connection: it waits, holding next to nothing, until something is asked; then hyper has it.

use super::{
    PeerAddress,
    framing::Reading,
    progress::{Found, TICK},
    stream::Stream,
    watched::{Watch, Watched},
};
use crate::serving::{HEAD_TIMED_OUT, MAX_HEAD, refusal, target_is_too_long};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header};
use http_body::Body;
use http_body_util::{BodyExt as _, Either, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use std::{
    convert::Infallible,
    future::poll_fn,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::{oneshot, watch},
    time::{Instant, interval_at, sleep_until},
};
use tower_service::Service;

/// How long a connection may stay without having asked for anything.
pub(super) const SILENT: Duration = Duration::from_secs(10);

/// How long it may stay after an answer.
const KEPT_ALIVE: Duration = Duration::from_secs(75);

/// The same where connections are scarce. That it idles was found out after 2 to 4 s, so it is 4 to 6 s in all.
const CROWDED: Duration = Duration::from_secs(2);

/// How long the other side has to read the last answer and to close.
const LINGER: Duration = Duration::from_secs(5);

/// The same, when everything stops.
const LINGER_AT_THE_END: Duration = Duration::from_millis(500);

/// A connection, and whether it is to end.
pub(super) struct Connection<S> {
    pub(super) peer: PeerAddress,
    pub(super) service: S,
    pub(super) stop: Stop,
    /// Whether connections are scarce.
    pub(super) crowd: watch::Receiver<bool>,
}

/// How long a connection may be silent.
#[derive(Clone, Copy)]
pub(super) struct Patience {
    until: Instant,
    /// Where connections are scarce.
    crowded: Instant,
}

impl Patience {
    pub(super) fn from_now(usually: Duration, crowded: Duration) -> Self {
        let now = Instant::now();
        Self {
            until: now + usually,
            crowded: now + crowded,
        }
    }

    pub(super) fn until(self) -> Instant {
        self.until
    }
}

/// Whether everything stops.
pub(super) enum Stop {
    No(oneshot::Receiver<()>),
    Yes,
}

impl Stop {
    pub(super) fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if let Self::No(receiver) = self {
            // An end without a word is one too.
            ready!(Pin::new(receiver).poll(context)).ok();
            *self = Self::Yes;
        }
        Poll::Ready(())
    }
}

/// How it is with a connection that hyper had.
enum Ended {
    /// It waits for its next request.
    Idle,
    /// The last answer is on its way.
    Answered,
    /// A head did not come.
    SlowHead,
    /// It is of no more use.
    Stalled,
}

impl<S, B> Connection<S>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    pub(super) fn run(self, stream: TcpStream) -> impl Future<Output = ()> + Send {
        self.converse(Stream::Plain(stream))
    }

    /// The same under TLS.
    pub(super) async fn run_under_tls(mut self, stream: TcpStream, config: Arc<ServerConfig>) {
        // Apart, so that nothing of the handshake is held afterwards.
        if let Some(stream) = Box::pin(self.shake_hands(stream, config)).await {
            self.converse(stream).await;
        }
    }

    async fn converse(mut self, mut stream: Stream) {
        no_delay(stream.tcp());
        let mut patience = Patience::from_now(SILENT, SILENT);
        while self.is_asked(&mut stream, patience).await {
            let watch = Arc::new(Watch::default());
            // Apart, so that a connection that idles holds nothing of it.
            let ended = Box::pin(self.serve(stream, &watch)).await;
            let Some(returned) = watch.take_stream() else {
                return;
            };
            match ended {
                Ended::Idle => {}
                Ended::Stalled => return,
                // As above: it is for the end alone.
                Ended::Answered => return Box::pin(returned.linger(self.patience())).await,
                // hyper would close without a word.
                Ended::SlowHead => {
                    let end = returned.end_with(HEAD_TIMED_OUT, self.patience());
                    return Box::pin(end).await;
                }
            }
            if watch.progress().was_asked() {
                patience = Patience::from_now(KEPT_ALIVE, CROWDED);
            }
            stream = returned;
        }
    }

    /// Lets hyper serve until the connection ends or idles.
    async fn serve(&mut self, stream: Stream, watch: &Arc<Watch>) -> Ended {
        let stream = TokioIo::new(Watched::new(stream, Arc::clone(watch)));
        let (service, peer, watched) = (self.service.clone(), self.peer, Arc::clone(watch));
        let service = service_fn(move |request| {
            exchange(service.clone(), peer, request, Arc::clone(&watched))
        });
        // Its time limits are not used: each would cost a timer for every request.
        let mut hyper = Box::pin(
            http1::Builder::new()
                .header_read_timeout(None)
                .max_buf_size(MAX_HEAD)
                .serve_connection(stream, service),
        );
        let mut ticks = interval_at(Instant::now() + TICK, TICK);
        let mut told = false;
        poll_fn(|context| {
            if !told && self.stop.poll(context).is_ready() {
                told = true;
                hyper.as_mut().graceful_shutdown();
            }
            if let Poll::Ready(served) = hyper.as_mut().poll(context) {
                if let Err(error) = served {
                    tracing::debug!(%error, "a connection ended badly");
                }
                return Poll::Ready(Ended::Answered);
            }
            while ticks.poll_tick(context).is_ready() {
                match watch.progress().tick() {
                    Found::Alive => {}
                    Found::Idle => return Poll::Ready(Ended::Idle),
                    Found::SlowHead => return Poll::Ready(Ended::SlowHead),
                    Found::Stalled => return Poll::Ready(Ended::Stalled),
                }
            }
            Poll::Pending
        })
        .await
    }
}

impl<S> Connection<S> {
    pub(super) fn patience(&self) -> Duration {
        match self.stop {
            Stop::No(_) => LINGER,
            Stop::Yes => LINGER_AT_THE_END,
        }
    }

    /// Waits for something to read, outside of hyper: that would hold two buffers of 8 KiB meanwhile.
    pub(super) async fn is_asked(&mut self, stream: &mut Stream, patience: Patience) -> bool {
        if stream.holds_something() {
            return true;
        }
        loop {
            let until = if *self.crowd.borrow_and_update() {
                patience.crowded.min(patience.until)
            } else {
                patience.until
            };
            // A byte of a record that never becomes whole would be something to read again and again.
            if stream.is_tls() && Instant::now() >= until {
                return false;
            }
            // Merely asking whether it is readable is not enough: tokio takes new sockets to be so.
            let mut first = [0];
            tokio::select! {
                biased;
                peeked = stream.tcp().peek(&mut first) => return peeked.is_ok(),
                () = poll_fn(|context| self.stop.poll(context)) => return false,
                changed = self.crowd.changed() => if changed.is_err() {
                    // Nobody is let in any more: everything stops.
                    return false;
                },
                () = sleep_until(until) => return false,
            }
        }
    }
}

pub(super) fn no_delay(stream: &TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
}

/// An exchange that has begun; over when this is dropped.
struct Exchange(Arc<Watch>);

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.progress().end();
    }
}

/// Hands a request to the service, if it has one reading.
async fn exchange<S, B>(
    mut service: S,
    peer: PeerAddress,
    mut request: Request<Incoming>,
    watch: Arc<Watch>,
) -> Result<Response<Either<impl Body<Data = Bytes, Error = B::Error>, Full<Bytes>>>, Infallible>
where
    S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes>,
{
    let reading = watch.progress().begin();
    let exchange = Exchange(watch);
    if let Err(status) = check(&request, reading) {
        return Ok(refusal(status).map(Either::Right));
    }
    request.extensions_mut().insert(peer);
    let Ok(()) = poll_fn(|context| service.poll_ready(context)).await;
    let Ok(mut answer) = service.call(request).await;
    if reading == Reading::Final {
        let close = HeaderValue::from_static("close");
        answer.headers_mut().insert(header::CONNECTION, close);
    }
    // The exchange lasts as long as the body, and hyper keeps the body as long as it has to be sent.
    Ok(answer.map(|body| {
        Either::Left(body.map_err(move |error| {
            let _open = &exchange;
            error
        }))
    }))
}

fn check(request: &Request<Incoming>, reading: Reading) -> Result<(), StatusCode> {
    if reading == Reading::Two {
        return Err(StatusCode::BAD_REQUEST);
    }
    if target_is_too_long(request.uri()) {
        return Err(StatusCode::URI_TOO_LONG);
    }
    if request.method() == Method::CONNECT {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    // The absolute form names a host of its own; it has to be the one of the header (RFC 9112, section 3.2.2).
    let Some(named) = request.uri().authority() else {
        return Ok(());
    };
    let mut hosts = request.headers().get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None)
            if host
                .as_bytes()
                .eq_ignore_ascii_case(named.as_str().as_bytes()) =>
        {
            Ok(())
        }
        _ => Err(StatusCode::BAD_REQUEST),
    }
}

#[cfg(test)]
mod tests {
    use super::{Connection, Patience, PeerAddress, SILENT, Stop, Stream};
    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::Full;
    use hyper::body::Incoming;
    use std::{
        convert::Infallible,
        task::{Context, Poll},
        time::Duration,
    };
    use tokio::{
        io::AsyncWriteExt as _,
        net::{TcpListener, TcpStream},
        sync::{oneshot, watch},
        time::Instant,
    };

    #[derive(Clone)]
    struct Silent;

    impl tower_service::Service<Request<Incoming>> for Silent {
        type Response = Response<Full<Bytes>>;
        type Error = Infallible;
        type Future = std::future::Ready<Result<Self::Response, Infallible>>;

        fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _request: Request<Incoming>) -> Self::Future {
            std::future::ready(Ok(Response::default()))
        }
    }

    #[tokio::test]
    async fn an_idle_connection_is_small_and_stays_outside_of_hyper() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut client = TcpStream::connect(address).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let mut stream = Stream::Plain(stream);
        let (_sender, receiver) = oneshot::channel();
        let crowd = watch::Sender::new(false);
        let mut connection = Connection {
            peer: PeerAddress(peer),
            service: Silent,
            stop: Stop::No(receiver),
            crowd: crowd.subscribe(),
        };
        let moment = Duration::from_millis(200);
        let soon = || Patience::from_now(moment, SILENT);
        assert!(!connection.is_asked(&mut stream, soon()).await);
        client.write_all(b"G").await.unwrap();
        assert!(
            connection
                .is_asked(&mut stream, Patience::from_now(SILENT, SILENT))
                .await
        );
        crowd.send_replace(true);
        // What came is served all the same, and the connection is closed when nothing comes.
        let at_once = Patience::from_now(SILENT, Duration::ZERO);
        assert!(connection.is_asked(&mut stream, at_once).await);
        stream.tcp().try_read(&mut [0; 8]).unwrap();
        let start = Instant::now();
        assert!(!connection.is_asked(&mut stream, at_once).await);
        assert!(start.elapsed() < SILENT);
        let size = size_of_val(&connection.converse(stream));
        assert!(size < 1024, "{size} bytes");
    }
}
