//! The provider's callback: read once, in one way, handed to the relay, answered by a page.

use std::net::{IpAddr, Ipv4Addr};

use axum::{body::Body, extract::Request};
use http::{
    HeaderMap, Method, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE},
    request::Parts,
};
use oarlock_io::web_server::{PeerAddress, read_body};
use oarlock_oauth::relay::{Callback, CallbackError, CodeKeys};

use super::Site;
use crate::{
    config::RelayConfig, metrics::Refusal, page::Page, prefetch::is_prefetch,
    proxy::client_address, relay::Relay,
};

/// Why a callback cannot be read.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Callback(#[from] CallbackError),
    #[error("parameters are in the query and in the body")]
    QueryAndBody,
    #[error("its body has no plain content type")]
    Headers,
    #[error("its body did not arrive: {0}")]
    Body(StatusCode),
}

impl ReadError {
    fn page(&self) -> Page {
        match self {
            Self::Body(status) => Page::refusal(*status),
            Self::Callback(error) => Page::refusal(error.status()),
            Self::QueryAndBody | Self::Headers => Page::Unreadable,
        }
    }
}

/// Takes a callback from the first byte to its end. Only a GET or POST that somebody meant uses it up.
pub(super) async fn answer(
    site: &Site,
    relay: &Relay,
    config: &RelayConfig,
    request: Request,
) -> Page {
    let (parts, body) = request.into_parts();
    if !matches!(parts.method, Method::GET | Method::POST) {
        return Page::Method { allow: "GET, POST" };
    }
    if is_prefetch(&parts.headers) {
        tracing::debug!("browser looked ahead at a callback, nothing was delivered");
        return Page::Prefetch;
    }
    let read = read(site, config, &parts, body).await;
    let is_awaited = matches!(&read, Ok(callback) if relay.is_awaited(callback));
    // It is counted at once, so that one address cannot have all places of those that wait for their program.
    let missed = (!is_awaited).then(|| client(site, &parts));
    if missed.is_some_and(|client| site.misses.miss(client).is_err()) {
        site.metrics.refused(Refusal::TooManyUnmatched);
        tracing::debug!("too many callbacks that nobody waits for from one address");
        return Page::TooMany;
    }
    match read {
        Ok(callback) => {
            let outcome = relay.deliver(callback).await;
            if let (Some(client), false) = (missed, outcome.is_miss()) {
                // The program came behind its callback, as fast ones do.
                site.misses.forgive(client);
            }
            Page::Callback(outcome)
        }
        Err(error) => {
            site.metrics.refused(Refusal::UnreadableCallback);
            tracing::warn!(%error, "callback cannot be read");
            error.page()
        }
    }
}

/// Who asks. Behind a server that does not say so, all are one, and share what one may miss.
fn client(site: &Site, parts: &Parts) -> IpAddr {
    let peer = parts.extensions.get::<PeerAddress>();
    let peer = peer.map_or(Ipv4Addr::UNSPECIFIED.into(), |PeerAddress(peer)| peer.ip());
    client_address(peer, &parts.headers, &site.config.trusted_proxies)
}

async fn read(
    site: &Site,
    config: &RelayConfig,
    parts: &Parts,
    body: Body,
) -> Result<Callback, ReadError> {
    let keys = &config.code_keys;
    let query = parts.uri.query().unwrap_or_default();
    if parts.method == Method::GET {
        return Ok(Callback::from_query(query, keys)?);
    }
    refuse_second_reading(query, keys)?;
    let content_type = content_type(&parts.headers)?;
    let body = read_body(&parts.headers, body, site.config.http.body);
    let body = body.await.map_err(ReadError::Body)?;
    Ok(Callback::from_body(content_type, &body, keys)?)
}

/// The query of a POST may name a tenant, but nothing that its body is for.
fn refuse_second_reading(query: &str, keys: &CodeKeys) -> Result<(), ReadError> {
    if query.is_empty() {
        return Ok(());
    }
    let beside = Callback::from_query(query, keys)?;
    if beside.state().is_some() || beside.code().is_some() || beside.is_refusal() {
        return Err(ReadError::QueryAndBody);
    }
    Ok(())
}

fn content_type(headers: &HeaderMap) -> Result<Option<&str>, ReadError> {
    // A body that is compressed is not what it looks like.
    if headers.contains_key(CONTENT_ENCODING) {
        return Err(ReadError::Headers);
    }
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let text = value.to_str().map_err(|_| ReadError::Headers)?;
    match values.next() {
        None => Ok(Some(text)),
        Some(_) => Err(ReadError::Headers),
    }
}

#[cfg(test)]
mod tests;
