//! A program's request: where it comes from, which client it is, what it sent.

use std::net::IpAddr;

use axum::extract::Request;
use bytes::Bytes;
use http::HeaderMap;
use oarlock_io::web_server::read_body;
use oarlock_oauth::{
    Timestamp,
    authorization::ErrorCode,
    authorization_server::{
        client::ClientIdUrl,
        token::{EndpointRequest, PresentedClient},
    },
};

use super::{Endpoints, answer::Refused};
use crate::broker::{
    Parts,
    audit::{Event, What},
    clients::Client,
    web::address,
};

/// The largest body.
const BODY: usize = 64 * 1024;

/// A request whose body was read.
#[derive(Debug)]
pub(super) struct Sent {
    pub(super) from: IpAddr,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// A request of a client that proved who it is.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) from: IpAddr,
    pub(super) now: Timestamp,
    pub(super) client: Client,
    pub(super) request: EndpointRequest,
}

impl Sent {
    pub(super) async fn read(endpoints: &Endpoints, request: Request) -> Result<Self, Refused> {
        let (head, body) = request.into_parts();
        let from = address::of(&endpoints.broker, &head);
        let body = read_body(&head.headers, body, BODY)
            .await
            .map_err(Refused::Body)?;
        Ok(Self {
            from,
            headers: head.headers,
            body,
        })
    }
}

impl Call {
    /// Whoever was wrong too often is not heard at all: being right once would be of use to whoever guesses.
    pub(super) async fn read(endpoints: &Endpoints, request: Request) -> Result<Self, Refused> {
        let sent = Sent::read(endpoints, request).await?;
        Self::of(endpoints, sent).await
    }

    pub(super) async fn of(endpoints: &Endpoints, sent: Sent) -> Result<Self, Refused> {
        let parts = endpoints.parts();
        let from = sent.from;
        may_try(parts, from)?;
        let request = EndpointRequest::read(&sent.headers, &sent.body)
            .map_err(|refusal| counted(parts, from, refusal.into()))?;
        if parts.clients.must_fetch(&request.client.client_id) {
            // As for a browser that brings one: whoever has many documents does not make us ask for them all.
            parts.throttles.login(from).map_err(Refused::TooOften)?;
        }
        let client = match parts.clients.authenticate(&request.client).await {
            Ok(client) => client,
            Err(refusal) => {
                let refused = Refused::from(refusal);
                note(parts, from, &request.client, &refused);
                if is_address(&request.client) {
                    // A document that is not there costs us a request to a stranger, whatever the program is told.
                    return Err(missed(parts, from, refused));
                }
                return Err(counted(parts, from, refused));
            }
        };
        Ok(Self {
            from,
            now: parts.clock.now(),
            client,
            request,
        })
    }
}

/// Whether an address may try at all.
pub(super) fn may_try(parts: &Parts, from: IpAddr) -> Result<(), Refused> {
    parts.throttles.may_try(from).map_err(Refused::TooOften)
}

/// What is wrong in a way that guesses are is counted, and beyond the limit answered so (hostile.md, 10).
pub(super) fn counted(parts: &Parts, from: IpAddr, refused: Refused) -> Refused {
    let is_miss = matches!(
        refused.code(),
        Some(ErrorCode::InvalidClient | ErrorCode::InvalidGrant | ErrorCode::ExpiredToken)
    );
    if is_miss {
        missed(parts, from, refused)
    } else {
        refused
    }
}

fn missed(parts: &Parts, from: IpAddr, refused: Refused) -> Refused {
    match parts.throttles.miss(from) {
        Err(wait) => Refused::TooOften(wait),
        Ok(()) => refused,
    }
}

/// Whether the client names itself by the address of its metadata.
fn is_address(client: &PresentedClient) -> bool {
    ClientIdUrl::parse(&client.client_id).is_some()
}

/// A secret that is wrong; a public client has none, and a name that is unknown is no event.
fn note(parts: &Parts, from: IpAddr, client: &PresentedClient, refused: &Refused) {
    if client.secret.is_some() && refused.code() == Some(&ErrorCode::InvalidClient) {
        parts.note(&Event {
            what: What::ClientRefused,
            client_id: Some(&client.client_id),
            from: Some(from),
            ..Event::default()
        });
    }
}
