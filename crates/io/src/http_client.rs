//! The hardened HTTP client: no redirects to other origins, body caps, deadlines, proxy and CA settings, address guard.
//!
//! It sends no cookies and no referer, asks for no compression (so that no small answer can unpack
//! to a huge one), keeps no connections unless it is told to, and speaks https only, or http on loopback.
//!
//! A request is never sent twice, on a kept connection either: hyper gives a request back only while it is queued, before its
//! first byte is written, and such a one alone is put on another connection (`hyper::client::dispatch` hands the message back with the
//! error, or nothing once it was taken to be written; `hyper-util` tries again where there is a message). A kept connection that dies
//! after that is [`HttpError::Lost`], as a new one would be; so `idle` should be below the 5 s after which many servers close theirs.

mod body;
mod config;
mod error;
mod guard;
mod proxy;
mod request;
mod tls;

pub use body::BodyStream;
pub use config::HttpConfig;
pub use error::HttpError;
pub use request::CONNECTION_HEADERS;

use body::Sent;
use error::Context;
use http::{HeaderMap, Method, header};
use request::{checked_url, clean, next_location};
use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::{Arc, Mutex, PoisonError, RwLock},
    time::Duration,
};
use url::Url;

#[expect(
    clippy::disallowed_types,
    reason = "this module is what makes it the hardened one"
)]
type Inner = reqwest::Client;

const MAX_REDIRECTS: usize = 5;
const USER_AGENT: &str = concat!("oarlock/", env!("CARGO_PKG_VERSION"));

/// The client. Cheap to clone; clones share what is trusted.
///
/// Building one is cheap too: the system's roots (4–6 ms) are loaded by the first https request.
#[derive(Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

struct Shared {
    config: HttpConfig,
    tls: Arc<tls::Roots>,
    proxies: Arc<proxy::Proxies>,
    /// Hosts with ports that the user named.
    trusted: RwLock<HashSet<(String, u16)>>,
    /// One inner client for each way to connect.
    clients: Mutex<HashMap<Way, Inner>>,
}

/// What tells connections apart: by which proxy, whether addresses are checked, whether TLS is needed.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Way {
    proxy: Option<String>,
    guarded: bool,
    tls: bool,
}

impl HttpClient {
    /// Checks the settings and makes a client.
    ///
    /// # Errors
    /// [`HttpError::Configuration`]: an unreadable CA file, a bad proxy.
    pub fn new(config: HttpConfig) -> Result<Self, HttpError> {
        let shared = Shared {
            tls: Arc::new(tls::Roots::new(config.ca_file.as_deref())?),
            proxies: Arc::new(proxy::Proxies::new(config.proxy.as_ref())?),
            trusted: RwLock::default(),
            clients: Mutex::default(),
            config,
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A client with the same proxies and roots and another deadline, which trusts nobody yet: what is named for one server of several
    /// opens no way for another. It keeps connections that are idle for as long as `idle`.
    #[must_use]
    pub fn apart(&self, timeout: Duration, idle: Duration) -> Self {
        let connect_timeout = self.shared.config.connect_timeout.min(timeout);
        let shared = Shared {
            config: HttpConfig {
                timeout,
                connect_timeout,
                idle,
                ..self.shared.config.clone()
            },
            tls: Arc::clone(&self.shared.tls),
            proxies: Arc::clone(&self.shared.proxies),
            trusted: RwLock::default(),
            clients: Mutex::default(),
        };
        Self {
            shared: Arc::new(shared),
        }
    }

    /// Says that the user named this URL (typed or configured it): its host, with its port, may have any address.
    ///
    /// Whatever else is requested was learned from strangers (metadata, key set URLs, device
    /// answers) and must have a public address.
    pub fn trust(&self, url: &Url) {
        if let Some(place) = place(url) {
            let mut trusted = self
                .shared
                .trusted
                .write()
                .unwrap_or_else(PoisonError::into_inner);
            trusted.insert(place);
        }
    }

    /// Whether an address may be opened in a browser, as far as it can be read off: one that nobody named must not be
    /// that of this machine or a private one. Names are not looked up.
    ///
    /// # Errors
    /// [`HttpError::ForbiddenAddress`].
    pub fn check_address(&self, url: &Url) -> Result<(), HttpError> {
        if self.is_trusted(url) {
            return Ok(());
        }
        guard::check_literal(url)
    }

    /// Sends a request and reads the whole answer, within the deadline and up to the body cap.
    ///
    /// Redirects of GET and HEAD are followed within the origin, at most five times; of other
    /// methods the redirect itself is the answer. A 4xx or 5xx is an answer, not an error.
    ///
    /// # Errors
    /// See [`HttpError`]; [`HttpError::may_have_been_processed`] tells whether sending it again could do harm.
    pub async fn send(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let (parts, body) = request.into_parts();
        let url = checked_url(&parts.uri)?;
        let sent = Sent::new(body.is_empty());
        let exchange = async {
            let mut url = url.clone();
            for _ in 0..=MAX_REDIRECTS {
                let response = self
                    .dispatch(&parts.method, &url, &parts.headers, &body, &sent)
                    .await?;
                match next_location(&parts.method, &url, &response)? {
                    Some(target) => url = target,
                    None => return self.collect(&parts.method, &url, response).await,
                }
            }
            let origin = error::origin(&url);
            let to = origin.clone();
            Err(HttpError::Redirected { origin, to })
        };
        let after = self.shared.config.timeout;
        match tokio::time::timeout(after, exchange).await {
            Ok(result) => result,
            Err(_) => Err(HttpError::TimedOut {
                origin: error::origin(&url),
                after,
                sent: sent.get(),
            }),
        }
    }

    /// Sends a request and streams the body of the answer, without a cap; the deadline is for the head alone.
    ///
    /// Redirects are not followed: the redirect is the answer.
    ///
    /// # Errors
    /// As of [`send`](Self::send).
    pub async fn stream(
        &self,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<BodyStream>, HttpError> {
        let (parts, body) = request.into_parts();
        let url = checked_url(&parts.uri)?;
        let sent = Sent::new(body.is_empty());
        let head = self.dispatch(&parts.method, &url, &parts.headers, &body, &sent);
        let after = self.shared.config.timeout;
        match tokio::time::timeout(after, head).await {
            Ok(response) => {
                let mut response = response?;
                let mut answer = empty_answer(&mut response);
                Ok(answer_with(
                    &mut answer,
                    BodyStream::new(response, self.context(&url)),
                ))
            }
            Err(_) => Err(HttpError::TimedOut {
                origin: error::origin(&url),
                after,
                sent: sent.get(),
            }),
        }
    }

    /// One request, one answer's head; nothing is followed.
    async fn dispatch(
        &self,
        method: &Method,
        url: &Url,
        headers: &HeaderMap,
        body: &[u8],
        sent: &Sent,
    ) -> Result<reqwest::Response, HttpError> {
        let client = self.client_for(url)?;
        let mut request = reqwest::Request::new(method.clone(), url.clone());
        *request.headers_mut() = clean(headers);
        if !body.is_empty() {
            *request.body_mut() = Some(sent.track(body.to_vec()));
        }
        tracing::debug!(%method, origin = %error::origin(url), "request");
        let response = client
            .execute(request)
            .await
            .map_err(|error| self.context(url).classify(&error, sent.get()))?;
        tracing::debug!(status = response.status().as_u16(), origin = %error::origin(url), "answer");
        Ok(response)
    }

    /// Reads a body up to the cap, whatever its length is said to be.
    async fn collect(
        &self,
        method: &Method,
        url: &Url,
        mut response: reqwest::Response,
    ) -> Result<http::Response<Vec<u8>>, HttpError> {
        let limit = self.shared.config.max_body;
        let too_large = || HttpError::TooLarge {
            origin: error::origin(url),
            limit,
        };
        let announced = response
            .content_length()
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or_default();
        if announced > limit && method != Method::HEAD {
            return Err(too_large());
        }
        let mut answer = empty_answer(&mut response);
        let mut body = Vec::with_capacity(announced.min(16 * 1024));
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|error| self.context(url).classify(&error, true))?
        {
            if body.len().saturating_add(chunk.len()) > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer_with(&mut answer, body))
    }

    /// The inner client for this URL; refuses private addresses of hosts nobody named.
    fn client_for(&self, url: &Url) -> Result<Inner, HttpError> {
        let guarded = !self.is_trusted(url);
        if guarded {
            guard::check_literal(url)?;
        }
        let proxy = self.shared.proxies.for_url(url);
        let way = Way {
            proxy: proxy.as_ref().map(proxy::Proxy::name),
            guarded,
            tls: url.scheme() == "https",
        };
        let mut clients = self
            .shared
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&way) {
            return Ok(client.clone());
        }
        let client = self.build(&way, proxy.as_ref())?;
        clients.insert(way, client.clone());
        Ok(client)
    }

    fn build(&self, way: &Way, proxy: Option<&proxy::Proxy>) -> Result<Inner, HttpError> {
        let resolver = guard::Resolver {
            guarded: way.guarded,
            exempt: proxy.map(proxy::Proxy::host),
        };
        let tls = self.shared.tls.client_config(way.tls)?;
        let builder = Inner::builder()
            .user_agent(USER_AGENT)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .http1_only()
            .pool_max_idle_per_host(self.shared.config.idle_connections())
            .pool_idle_timeout(self.shared.config.idle)
            .connect_timeout(self.shared.config.connect_timeout)
            .dns_resolver(Arc::new(resolver))
            .tls_backend_preconfigured(tls);
        let builder = match proxy {
            Some(proxy) => builder.proxy(proxy.to_reqwest()?),
            None => builder.no_proxy(),
        };
        builder.build().map_err(|error| {
            HttpError::Configuration(format!(
                "the HTTP client cannot be made: {}",
                error::reason(&error)
            ))
        })
    }

    fn is_trusted(&self, url: &Url) -> bool {
        let Some((host, port)) = place(url) else {
            return false;
        };
        let with_port = format!("{host}:{port}");
        let allowed = &self.shared.config.allow_private_hosts;
        if allowed.iter().any(|entry| {
            entry.eq_ignore_ascii_case(&host) || entry.eq_ignore_ascii_case(&with_port)
        }) {
            return true;
        }
        self.shared
            .trusted
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&(host, port))
    }

    fn context(&self, url: &Url) -> Context {
        Context {
            origin: error::origin(url),
            host: url.host_str().unwrap_or_default().to_owned(),
            proxy: self.shared.proxies.for_url(url).map(|proxy| proxy.shown()),
            connect_timeout: self.shared.config.connect_timeout,
            timeout: self.shared.config.timeout,
        }
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("config", &self.shared.config)
            .finish_non_exhaustive()
    }
}

/// When the server says the answer was made (`Date`, RFC 9110, section 6.6.1), to correct this machine's clock by.
pub fn server_date<B>(response: &http::Response<B>) -> Option<jiff::Timestamp> {
    let date = response.headers().get(header::DATE)?.to_str().ok()?;
    jiff::Timestamp::try_from(httpdate::parse_http_date(date).ok()?).ok()
}

/// Host and port, as trust is given by them.
fn place(url: &Url) -> Option<(String, u16)> {
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

fn empty_answer(response: &mut reqwest::Response) -> http::Response<()> {
    let mut answer = http::Response::new(());
    *answer.status_mut() = response.status();
    *answer.version_mut() = response.version();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    answer
}

fn answer_with<B>(answer: &mut http::Response<()>, body: B) -> http::Response<B> {
    std::mem::take(answer).map(|()| body)
}
