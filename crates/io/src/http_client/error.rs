//! Why there is no answer: errors of the inner client, told apart.

use super::guard::ResolveError;
use oarlock_oauth::text::Untrusted;
use std::{error::Error, io, time::Duration};
use url::Url;

/// Why there is no answer. Never shows a path or query.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HttpError {
    /// The settings or the URL are wrong.
    #[error("{0}")]
    Configuration(String),
    /// The name has no address.
    #[error("cannot find the address of {host}")]
    Dns {
        /// The host.
        host: String,
    },
    /// Refused, unreachable, or refused by the proxy.
    #[error("cannot connect to {origin}: {reason}")]
    Connect {
        /// Where to.
        origin: String,
        /// Why not.
        reason: String,
    },
    /// The certificate and the like.
    #[error("TLS with {origin} failed: {reason}")]
    Tls {
        /// Where to.
        origin: String,
        /// Why.
        reason: String,
    },
    /// The address guard refused it (SSRF): a name or URL that a stranger gave leads into a private network.
    #[error(
        "{host} has a private address, and nobody named it; to allow it, add it to allow_private_hosts under [network]"
    )]
    ForbiddenAddress {
        /// The host.
        host: String,
    },
    /// A redirect to another origin, or too many.
    #[error("{origin} redirects elsewhere ({to})")]
    Redirected {
        /// Where from.
        origin: String,
        /// Origin of the target.
        to: String,
    },
    /// The deadline passed.
    #[error("{origin} did not answer within {after:?}")]
    TimedOut {
        /// Where to.
        origin: String,
        /// The deadline.
        after: Duration,
        /// The request had left us, and may have been processed.
        sent: bool,
    },
    /// The connection was lost after the request was sent.
    #[error("the connection to {origin} broke before the answer was complete")]
    Lost {
        /// Where to.
        origin: String,
    },
    /// What came back is not HTTP.
    #[error("the answer of {origin} is not HTTP: {reason}")]
    Malformed {
        /// Where from.
        origin: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The body is over the cap.
    #[error("the answer of {origin} is larger than {limit} bytes")]
    TooLarge {
        /// Where from.
        origin: String,
        /// The cap in bytes.
        limit: usize,
    },
}

impl HttpError {
    /// Whether the request may have reached the server and been processed, so that sending it again could do harm.
    pub fn may_have_been_processed(&self) -> bool {
        match self {
            Self::Configuration(_)
            | Self::Dns { .. }
            | Self::Connect { .. }
            | Self::Tls { .. }
            | Self::ForbiddenAddress { .. } => false,
            Self::TimedOut { sent, .. } => *sent,
            Self::Redirected { .. }
            | Self::Lost { .. }
            | Self::Malformed { .. }
            | Self::TooLarge { .. } => true,
        }
    }
}

/// What an error of the inner client needs to become one of ours.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) origin: String,
    pub(super) host: String,
    /// The proxy, without its password.
    pub(super) proxy: Option<String>,
    pub(super) connect_timeout: Duration,
    pub(super) timeout: Duration,
}

impl Context {
    pub(super) fn classify(&self, error: &reqwest::Error, sent: bool) -> HttpError {
        let causes = causes(error);
        if let Some(resolve) = find::<ResolveError>(&causes) {
            return match resolve {
                ResolveError::Unknown { host } => HttpError::Dns { host: host.clone() },
                ResolveError::Forbidden { host } => {
                    HttpError::ForbiddenAddress { host: host.clone() }
                }
            };
        }
        if error.is_dns() {
            let host = self.host.clone();
            return HttpError::Dns { host };
        }
        if error.is_connect() {
            return self.connecting(error, &causes);
        }
        let origin = self.origin.clone();
        if error.is_timeout() {
            return HttpError::TimedOut {
                origin,
                after: self.timeout,
                sent,
            };
        }
        if let Some(hyper) = find::<hyper::Error>(&causes)
            && hyper.is_parse()
        {
            let reason = inert(&reason(error));
            return HttpError::Malformed { origin, reason };
        }
        if sent {
            return HttpError::Lost { origin };
        }
        HttpError::Connect {
            origin,
            reason: inert(&reason(error)),
        }
    }

    fn connecting(&self, error: &reqwest::Error, causes: &[&(dyn Error + 'static)]) -> HttpError {
        let origin = match &self.proxy {
            Some(proxy) => format!("{} by the proxy {proxy}", self.origin),
            None => self.origin.clone(),
        };
        if let Some(tls) = find::<rustls::Error>(causes) {
            let reason = inert(&tls_reason(tls));
            return HttpError::Tls { origin, reason };
        }
        if error.is_timeout() {
            let after = self.connect_timeout;
            return HttpError::TimedOut {
                origin,
                after,
                sent: false,
            };
        }
        HttpError::Connect {
            origin,
            reason: inert(&reason(error)),
        }
    }
}

/// The reason of a TLS failure, with what usually helps.
fn tls_reason(error: &rustls::Error) -> String {
    use rustls::CertificateError as Certificate;
    let hint = match error {
        rustls::Error::InvalidCertificate(certificate) => match certificate {
            Certificate::Expired
            | Certificate::ExpiredContext { .. }
            | Certificate::NotValidYet
            | Certificate::NotValidYetContext { .. } => "; is this machine's clock right?",
            Certificate::UnknownIssuer => {
                "; if a proxy or an authority of your own signed it, name that certificate as ca_file under [network]"
            }
            // rustls has no word of its own for it; `openssl req -x509` makes such certificates.
            Certificate::Other(other) if format!("{other:?}").contains("CaUsedAsEndEntity") => {
                "; the server shows the certificate of an authority (CA:TRUE) as its own"
            }
            _ => "",
        },
        rustls::Error::InvalidMessage(_) => "; is it perhaps http:// there?",
        _ => "",
    };
    format!("{error}{hint}")
}

/// The innermost reason: the outer ones repeat what we say anyway, and can contain the URL.
pub(super) fn reason(error: &reqwest::Error) -> String {
    match causes(error).get(1..) {
        Some([.., last]) => last.to_string(),
        _ if error.is_builder() => "its settings are wrong".to_owned(),
        _ => "the request failed".to_owned(),
    }
}

/// Texts of the other side can get into errors.
fn inert(text: &str) -> String {
    Untrusted::new(text).to_string()
}

/// Scheme, host and port of a URL.
pub(super) fn origin(url: &Url) -> String {
    url.origin().ascii_serialization()
}

/// The chain of causes, from the error itself to the innermost; unlike `source`, it shows what an I/O error wraps.
fn causes<'error>(error: &'error (dyn Error + 'static)) -> Vec<&'error (dyn Error + 'static)> {
    let mut chain = vec![error];
    let mut next = inner(error);
    while let Some(error) = next {
        chain.push(error);
        next = inner(error);
    }
    chain
}

fn inner<'error>(error: &'error (dyn Error + 'static)) -> Option<&'error (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => io
            .get_ref()
            .map(|wrapped| wrapped as &(dyn Error + 'static)),
        None => error.source(),
    }
}

fn find<'error, E: Error + 'static>(causes: &[&'error (dyn Error + 'static)]) -> Option<&'error E> {
    causes.iter().find_map(|error| error.downcast_ref::<E>())
}
