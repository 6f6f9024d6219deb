//! `/authorize`: a client sends a browser (RFC 6749, section 4.1.1).

use axum::{
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
};
use http::request::Parts;
use oarlock_io::web_server::read_body;
use oarlock_oauth::{
    authorization::ErrorCode,
    authorization_server::{
        authorization::{
            AuthorizationRefusal, AuthorizationRequest, UncheckedRequest, UntrustedRequest,
        },
        client::ClientIdUrl,
    },
    endpoint::is_loopback,
};
use url::Url;

use super::{Answered, Stop, redirect_to, sign_in, visit::Visit};
use crate::broker::{
    Broker,
    clients::{Client, ClientError},
    pages::{Notice, Standing},
    request::{Asked, LoginRequest},
};

/// Longest form: OpenID Connect lets a client send it by POST (Core, section 3.1.2.1).
const FORM: usize = 32 * 1024;

pub(super) async fn get(visit: Visit) -> Response {
    let answer = answer(&visit, visit.query()).await;
    visit.remember(answer).into_response()
}

/// Comes from another site's form, so nothing but the page is made of it: the browser is sent to the same page by GET, where its cookie is seen.
pub(super) async fn post(State(broker): State<Broker>, parts: Parts, body: Body) -> Response {
    let body = match read_body(&parts.headers, body, FORM).await {
        Ok(body) => String::from_utf8(body.into()).ok(),
        Err(status) => return Stop::Body(status).into_response(),
    };
    let is_plain = |query: &String| query.bytes().all(|byte| byte.is_ascii_graphic());
    match body.filter(is_plain) {
        Some(query) => {
            let public = broker.parts().public_url.as_str();
            redirect_to(&format!("{public}authorize?{query}")).into_response()
        }
        None => Stop::Notice(Notice::BadRequest("the request cannot be read")).into_response(),
    }
}

async fn answer(visit: &Visit, query: &str) -> Answered {
    let parts = visit.broker.parts();
    let unchecked = UncheckedRequest::parse(query).map_err(|error| untrusted(&error))?;
    if ClientIdUrl::parse(unchecked.client_id()).is_some() {
        // It may have to be fetched from wherever it says.
        let counted = parts.throttles.login(visit.from);
        counted.map_err(Notice::TooMany)?;
    }
    let client = match parts.clients.find(unchecked.client_id()).await {
        Ok(client) => client,
        Err(ClientError::Store(error)) => return Err(error.into()),
        Err(ClientError::Unknown) => return Err(untrusted(&UntrustedRequest::UnknownClient)),
        Err(ClientError::Document(reason)) => {
            tracing::info!(%reason, "a client's metadata document is refused");
            return Err(Notice::BadRequest(
                "the program that asks names itself by an address whose document cannot be used",
            )
            .into());
        }
    };
    let request = match unchecked.check(&client.metadata, &parts.known_scopes, &parts.issuer) {
        Ok(request) => request,
        Err(AuthorizationRefusal::Page(error)) => return Err(untrusted(&error)),
        Err(AuthorizationRefusal::Client { location, code }) => {
            tracing::info!(%code, "an authorization request is refused");
            return tell(&client, &location);
        }
    };
    if let Some((code, description)) = refusal(visit, &request) {
        return tell(&client, &request.refused(&code, description, &parts.issuer));
    }
    show(visit, request, &client).await
}

/// What the server's settings, or `prompt`, forbid.
fn refusal(visit: &Visit, request: &AuthorizationRequest) -> Option<(ErrorCode, &'static str)> {
    let allowed = &visit.broker.parts().config.resources;
    if !allowed.is_empty()
        && request
            .resources
            .iter()
            .any(|resource| !allowed.contains(resource))
    {
        return Some((
            ErrorCode::InvalidTarget,
            "tokens for this resource cannot be had here",
        ));
    }
    // A GET grants nothing, so there is always a page (OpenID Connect Core, section 3.1.2.6).
    request.prompt.none.then_some((
        ErrorCode::InteractionRequired,
        "signing in here always shows a page",
    ))
}

/// Tells the client what is wrong with its request. Whoever could register an address elsewhere could send people there through
/// ours by a wrong request, so of a client that only names itself the person is told (RFC 9700, section 4.11.2).
fn tell(client: &Client, location: &Url) -> Answered {
    if client.standing() == Standing::SelfNamed && !is_loopback(location) {
        return Err(Notice::BadRequest(
            "the program's request is not one that can be granted, and the program is not known to this server",
        )
        .into());
    }
    redirect_to(location.as_str())
}

async fn show(visit: &Visit, request: AuthorizationRequest, client: &Client) -> Answered {
    let request = LoginRequest {
        asked: Asked::Code(request),
        at: visit.now,
        from: visit.from,
    };
    sign_in::page(visit, &request, Some(client)).await
}

fn untrusted(error: &UntrustedRequest) -> Stop {
    Stop::Notice(Notice::BadRequest(match error {
        UntrustedRequest::NoClient => "the request names no program (client_id)",
        UntrustedRequest::UnknownClient => "the program that asks is not known here (client_id)",
        UntrustedRequest::RedirectUri => {
            "the address to come back to (redirect_uri) is not one that the program registered"
        }
        _ => "the request cannot be read, or it can be read in two ways",
    }))
}
