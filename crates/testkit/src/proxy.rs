//! A TCP proxy on loopback that spoils connections.
use crate::background::Background;
use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    str::FromStr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};
use url::Url;

/// What the proxy does to connections. A change takes effect at once, on open ones too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyFault {
    /// Nothing.
    #[default]
    Pass,
    /// Each connection ends after so many bytes of answers.
    CutReplyAfter(usize),
    /// Every piece of an answer is held back so long.
    Delay(Duration),
    /// Requests go through; answers are held back until the fault changes.
    Stall,
    /// Connections are reset (RST), open ones at their next byte.
    Reset,
    /// Connections are accepted and nothing is read from them until the fault changes.
    BlackHole,
    /// The next answer is dropped with its connection after the request went through; then `Pass`.
    DropReplyOnce,
}

/// A proxy that runs until it is dropped.
pub struct FaultProxy {
    shared: Arc<Shared>,
    address: SocketAddr,
    url: Url,
    _running: Background,
}

struct Shared {
    fault: watch::Sender<ProxyFault>,
    upstream: Mutex<Option<SocketAddr>>,
    connections: AtomicUsize,
    dropped: AtomicUsize,
}

impl FaultProxy {
    /// Starts before `upstream`.
    ///
    /// # Errors
    /// No port, no thread.
    pub async fn start(upstream: SocketAddr) -> io::Result<Self> {
        let proxy = Self::unconnected()?;
        proxy.forward_to(upstream);
        Ok(proxy)
    }

    /// Starts without an upstream, for a server that must know the proxy's address first
    /// ([`crate::AuthorizationServerBuilder::issuer`]). Until there is one, connections are closed.
    ///
    /// # Errors
    /// No port, no thread.
    pub fn unconnected() -> io::Result<Self> {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let url = Url::parse(&format!("http://{address}")).map_err(io::Error::other)?;
        let shared = Arc::new(Shared {
            fault: watch::Sender::new(ProxyFault::Pass),
            upstream: Mutex::new(None),
            connections: AtomicUsize::new(0),
            dropped: AtomicUsize::new(0),
        });
        let ours = Arc::clone(&shared);
        let running = Background::start("oarlock-testkit-proxy", async move || {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (client, _) = listener.accept().await?;
                ours.connections.fetch_add(1, Ordering::Relaxed);
                let shared = Arc::clone(&ours);
                // A connection that fails is what this program is for.
                tokio::spawn(async move { drop(carry(client, &shared).await) });
            }
        })?;
        Ok(Self {
            shared,
            address,
            url,
            _running: running,
        })
    }

    /// Replaces the upstream for new connections.
    pub fn forward_to(&self, upstream: SocketAddr) {
        *self
            .shared
            .upstream
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(upstream);
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The same as a URL.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Switches.
    pub fn set(&self, fault: ProxyFault) {
        self.shared.fault.send_replace(fault);
    }

    /// What it does now.
    pub fn fault(&self) -> ProxyFault {
        *self.shared.fault.borrow()
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::Relaxed)
    }

    /// Answers dropped by [`ProxyFault::DropReplyOnce`] so far.
    pub fn dropped(&self) -> usize {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for FaultProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FaultProxy")
            .field("address", &self.address)
            .field("fault", &self.fault())
            .finish()
    }
}

impl FromStr for ProxyFault {
    type Err = String;

    /// Reads `pass`, `cut-reply-after=BYTES`, `delay=MILLISECONDS`, `stall`, `reset`, `black-hole` or `drop-reply-once`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .map_or((text, None), |(name, value)| (name, Some(value)));
        let number = |value: &str| {
            value
                .parse::<u32>()
                .map_err(|_| format!("{text:?}: {value:?} is not a number"))
        };
        match (name, value) {
            ("pass", None) => Ok(Self::Pass),
            ("cut-reply-after", Some(value)) => Ok(Self::CutReplyAfter(
                usize::try_from(number(value)?).unwrap_or(usize::MAX),
            )),
            ("delay", Some(value)) => Ok(Self::Delay(Duration::from_millis(number(value)?.into()))),
            ("stall", None) => Ok(Self::Stall),
            ("reset", None) => Ok(Self::Reset),
            ("black-hole", None) => Ok(Self::BlackHole),
            ("drop-reply-once", None) => Ok(Self::DropReplyOnce),
            _ => Err(format!(
                "{text:?} is none of: pass, cut-reply-after=BYTES, delay=MILLISECONDS, stall, reset, black-hole, drop-reply-once"
            )),
        }
    }
}

/// Whether a connection goes on.
#[derive(PartialEq, Eq)]
enum Then {
    GoOn,
    End,
}

async fn carry(client: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut faults = shared.fault.subscribe();
    let now = *faults.borrow_and_update();
    if now == ProxyFault::Reset {
        return client.set_zero_linger();
    }
    let Some(upstream) = *shared
        .upstream
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
    else {
        return Ok(());
    };
    let mut connection = Connection {
        client,
        upstream: TcpStream::connect(upstream).await?,
        shared,
        faults,
        replied: 0,
    };
    connection.client.set_nodelay(true)?;
    connection.upstream.set_nodelay(true)?;
    connection.run().await
}

struct Connection<'a> {
    client: TcpStream,
    upstream: TcpStream,
    shared: &'a Shared,
    faults: watch::Receiver<ProxyFault>,
    replied: usize,
}

impl Connection<'_> {
    async fn run(&mut self) -> io::Result<()> {
        let (mut request, mut reply) = (vec![0; 16 * 1024], vec![0; 16 * 1024]);
        let mut client_open = true;
        loop {
            self.leave_black_hole().await;
            tokio::select! {
                length = self.client.read(&mut request), if client_open => {
                    let length = length?;
                    if self.now() == ProxyFault::Reset {
                        return self.client.set_zero_linger();
                    }
                    // What was read just before it became one stays unsent until it is none.
                    self.leave_black_hole().await;
                    self.upstream.write_all(request.get(..length).unwrap_or_default()).await?;
                    if length == 0 {
                        client_open = false;
                        self.upstream.shutdown().await?;
                    }
                }
                length = self.upstream.read(&mut reply) => {
                    let length = length?;
                    if length == 0 || self.reply(reply.get(..length).unwrap_or_default()).await? == Then::End {
                        return Ok(());
                    }
                }
                changed = self.faults.changed() => {
                    if changed.is_err() {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn now(&self) -> ProxyFault {
        *self.faults.borrow()
    }

    async fn leave_black_hole(&mut self) {
        self.wait_while(|fault| fault == ProxyFault::BlackHole)
            .await;
    }

    async fn wait_while(&mut self, held: impl Fn(ProxyFault) -> bool) {
        // An error means that the proxy is gone, and this with it in a moment.
        drop(self.faults.wait_for(|fault| !held(*fault)).await);
    }

    /// Hands an answer's piece on as the fault of the moment will have it.
    async fn reply(&mut self, piece: &[u8]) -> io::Result<Then> {
        if let ProxyFault::Delay(delay) = self.now() {
            tokio::time::sleep(delay).await;
        }
        self.wait_while(|fault| matches!(fault, ProxyFault::Stall | ProxyFault::BlackHole))
            .await;
        match self.now() {
            ProxyFault::Reset => {
                self.client.set_zero_linger()?;
                return Ok(Then::End);
            }
            ProxyFault::DropReplyOnce if self.take_drop() => return Ok(Then::End),
            ProxyFault::CutReplyAfter(limit) => {
                let left = limit.saturating_sub(self.replied);
                if piece.len() >= left {
                    self.client
                        .write_all(piece.get(..left).unwrap_or_default())
                        .await?;
                    return Ok(Then::End);
                }
            }
            _ => {}
        }
        self.replied += piece.len();
        self.client.write_all(piece).await?;
        Ok(Then::GoOn)
    }

    /// Of several answers at the same moment, one is dropped.
    fn take_drop(&self) -> bool {
        let taken = self.shared.fault.send_if_modified(|fault| {
            let due = *fault == ProxyFault::DropReplyOnce;
            if due {
                *fault = ProxyFault::Pass;
            }
            due
        });
        if taken {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
        }
        taken
    }
}
