//! The provider: bare hyper with a token endpoint, userinfo, and ID tokens. It keeps nothing: everything is in the code.
//!
//! `/token` and `/userinfo` are plain OAuth 2; `/oidc/…` adds metadata, keys and ID tokens; `/slow/token` takes its time. Each checks what it
//! gets: verifier, redirect URI and client, or the token.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use oarlock_oauth::{pkce, secret::CodeVerifier};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Fault, signer::Signer};

/// How long the slow one takes.
pub(crate) const STALL: Duration = Duration::from_secs(5);

/// Requests that the slow one has taken.
static STALLED: AtomicUsize = AtomicUsize::new(0);

/// How many wait, or waited, for the slow one.
pub(crate) fn stalled() -> usize {
    STALLED.load(Ordering::Relaxed)
}

/// A code for somebody: `PERSON.NONCE.CHALLENGE`.
pub(crate) fn code(person: usize, nonce: Option<&str>, challenge: Option<&str>) -> String {
    let (nonce, challenge) = (nonce.unwrap_or_default(), challenge.unwrap_or_default());
    format!("{person}.{nonce}.{challenge}")
}

/// Serves until the process ends.
pub(crate) async fn listen(address: SocketAddr) -> Result<(), Fault> {
    let listener = TcpListener::bind(address).await?;
    let signer = Arc::new(Signer::new(format!("http://{address}/oidc"))?);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if stream.set_nodelay(true).is_err() {
                continue;
            }
            let signer = Arc::clone(&signer);
            tokio::spawn(async move {
                let service = service_fn(|request| answer(request, &signer));
                let served = http1::Builder::new()
                    .timer(hyper_util::rt::TokioTimer::new())
                    .serve_connection(TokioIo::new(stream), service);
                // The broker closes whenever it likes.
                drop(served.await);
            });
        }
    });
    Ok(())
}

async fn answer(
    request: Request<Incoming>,
    signer: &Signer,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = match body.collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => Bytes::new(),
    };
    let form = std::str::from_utf8(&body).unwrap_or_default();
    let authorization = head.headers.get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let said = match (&head.method, head.uri.path()) {
        (&Method::POST, "/token") => token(form).map(|(tokens, _)| tokens),
        (&Method::POST, "/slow/token") => {
            STALLED.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(STALL).await;
            token(form).map(|(tokens, _)| tokens)
        }
        (&Method::POST, "/oidc/token") => token(form).and_then(|(mut tokens, code)| {
            let claims = person(code.person);
            let id_token = signer.id_token(claims, code.nonce)?;
            if let Value::Object(members) = &mut tokens {
                members.insert("id_token".to_owned(), id_token.into());
            }
            Some(tokens)
        }),
        (&Method::GET, "/userinfo") => authorization
            .and_then(|value| value.strip_prefix("Bearer token-of-")?.parse().ok())
            .map(person),
        (&Method::GET, "/oidc/.well-known/openid-configuration") => Some(signer.metadata()),
        (&Method::GET, "/oidc/jwks") => Some(signer.keys()),
        _ => None,
    };
    let (status, said) = match said {
        Some(said) => (StatusCode::OK, said),
        None => (StatusCode::BAD_REQUEST, json!({"error": "invalid_grant"})),
    };
    let mut response = Response::new(Full::new(Bytes::from(said.to_string())));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}

struct Code<'a> {
    person: usize,
    nonce: &'a str,
}

/// The tokens for a code, if all is right.
fn token(form: &str) -> Option<(Value, Code<'_>)> {
    let field = |name: &str| {
        form.split('&').find_map(|pair| {
            let (known, value) = pair.split_once('=')?;
            (known == name).then_some(value)
        })
    };
    let mut code = field("code")?.splitn(3, '.');
    let (person, nonce, challenge) = (code.next()?.parse().ok()?, code.next()?, code.next()?);
    // FastHTML sends no verifier.
    let is_proved = challenge.is_empty()
        || field("code_verifier")
            .is_some_and(|verifier| pkce::challenge(&CodeVerifier::new(verifier)) == challenge);
    let is_right = is_proved
        && field("grant_type") == Some("authorization_code")
        && field("redirect_uri").is_some_and(|uri| uri.ends_with("%2Fredirect"));
    let tokens = json!({
        "access_token": format!("token-of-{person}"),
        "token_type": "Bearer",
        "expires_in": 3600,
    });
    is_right.then_some((tokens, Code { person, nonce }))
}

/// What is known of somebody.
fn person(number: usize) -> Value {
    json!({
        "sub": format!("person-{number}"),
        "name": format!("Person {number}"),
        "preferred_username": format!("person{number}"),
        "email": format!("person{number}@example.com"),
        "email_verified": true,
    })
}
