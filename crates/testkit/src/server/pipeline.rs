//! What happens to every request and answer: recording, and the faults that any endpoint can have.
use super::{
    answer::{self, Refusal},
    app::{App, lock},
    endpoint::Endpoint,
    faults::Fault,
    record::RecordedRequest,
    wire::Wire,
};
use axum::{
    body::{Body, to_bytes},
    extract::{ConnectInfo, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use http::{HeaderValue, StatusCode, header, request::Parts};
use jiff::{Timestamp, fmt::strtime, tz::TimeZone};
use serde_json::{Map, Value};
use std::{io, sync::Arc, time::Duration};

/// Largest body taken.
const MAX_BODY: usize = 1 << 20;

/// Padding of `huge-body`.
const HUGE: usize = 10 * 1024 * 1024;

/// Padding in one piece.
const PIECE: usize = 64 * 1024;

pub(crate) async fn run(
    State(app): State<Arc<App>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    request: Request,
    next: Next,
) -> Response {
    wire.normal();
    let (parts, body) = request.into_parts();
    let place = Endpoint::of_path(parts.uri.path());
    let Ok(body) = to_bytes(body, MAX_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let record = record(&app, place, &parts, &body);
    lock(&app.records).add(record.clone());
    if !is_loopback_host(&record) {
        return StatusCode::MISDIRECTED_REQUEST.into_response();
    }
    if app.shows(Fault::Hang, place) {
        return std::future::pending().await;
    }
    let response = match instead(&app, place) {
        Some(response) => response,
        None => {
            let lost = record.form("grant_type") == Some("refresh_token")
                && app.shows(Fault::LostRefreshReplyOnce, place);
            let mut request = Request::from_parts(parts, Body::from(body));
            request.extensions_mut().insert(Arc::new(record));
            let response = next.run(request).await;
            if lost {
                wire.die();
            }
            response
        }
    };
    spoil(&app, place, &wire, response).await
}

pub(crate) fn record(
    app: &App,
    endpoint: Endpoint,
    parts: &Parts,
    body: &Bytes,
) -> RecordedRequest {
    let decoded = |bytes: &[u8]| {
        url::form_urlencoded::parse(bytes)
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect()
    };
    let is_json = parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|value| value.as_bytes().starts_with(b"application/json"));
    RecordedRequest {
        endpoint,
        method: parts.method.clone(),
        path: parts.uri.path().to_owned(),
        query: decoded(parts.uri.query().unwrap_or_default().as_bytes()),
        form: if is_json {
            members(body)
        } else {
            decoded(body)
        },
        headers: parts.headers.clone(),
        body: body.to_vec(),
        at: app.clock.monotonic(),
    }
}

/// Some providers take JSON at the token endpoint, so this one does too.
fn members(body: &[u8]) -> Vec<(String, String)> {
    let object: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let pairs = object.into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    pairs.collect()
}

/// Against DNS rebinding: only names of loopback, whatever the port (a proxy may stand before us).
fn is_loopback_host(request: &RecordedRequest) -> bool {
    let host = request.header("host").unwrap_or_default();
    let name = host
        .rsplit_once(':')
        .filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    matches!(
        name.map_or(host, |(name, _)| name),
        "127.0.0.1" | "localhost" | "[::1]"
    )
}

/// An answer in place of the right one; the request is not processed.
fn instead(app: &App, place: Endpoint) -> Option<Response> {
    if app.settings.absent.contains(&place) {
        return Some(StatusCode::NOT_FOUND.into_response());
    }
    if place == Endpoint::Metadata && app.shows(Fault::DiscoveryRedirectToPrivate, place) {
        return Some(answer::redirect(
            StatusCode::FOUND,
            "http://169.254.169.254/latest/meta-data/",
        ));
    }
    if app.shows(Fault::RedirectTokenToOtherOrigin, place) {
        let location = format!("{}/token", app.elsewhere);
        return Some(answer::redirect(StatusCode::TEMPORARY_REDIRECT, &location));
    }
    if app.shows(Fault::RedirectElsewhere, place) {
        return Some(answer::redirect(
            StatusCode::FOUND,
            &format!("{}/", app.elsewhere),
        ));
    }
    if app.shows(Fault::Prose401, place) {
        return Some(answer::text(
            StatusCode::UNAUTHORIZED,
            "text/plain; charset=utf-8",
            "Sorry, you cannot do this. \u{1b}[31mPlease ask your administrator.\u{1b}[0m",
        ));
    }
    if app.shows(Fault::Prose500, place) {
        return Some(answer::text(
            StatusCode::INTERNAL_SERVER_ERROR,
            "text/html",
            "<html><head><title>500</title></head><body><h1>Internal Server Error</h1></body></html>",
        ));
    }
    let busy = if app.shows(Fault::Unavailable503, place) {
        Refusal::new("temporarily_unavailable", "try again later")
            .status(StatusCode::SERVICE_UNAVAILABLE)
    } else if app.shows(Fault::RateLimited429, place) {
        Refusal::new("temporarily_unavailable", "too many requests")
            .status(StatusCode::TOO_MANY_REQUESTS)
    } else {
        return None;
    };
    let response = app.refuse(place, busy);
    Some(answer::with_header(
        response,
        header::RETRY_AFTER,
        HeaderValue::from_static("1"),
    ))
}

/// Does to the answer what the general faults say.
async fn spoil(app: &App, place: Endpoint, wire: &Wire, mut response: Response) -> Response {
    if let Some(date) = http_date(app.told_time(place)) {
        response.headers_mut().insert(header::DATE, date);
    }
    if app.shows(Fault::HugeBody, place) {
        response = padded(response, HUGE / PIECE);
    } else if app.shows(Fault::EndlessBody, place) {
        response = padded(response, usize::MAX);
    } else if app.shows(Fault::ReplyCutOff, place) {
        response = cut_off(response).await;
    }
    if let Some(Fault::LateAnswer(delay)) = app.shown(Fault::LateAnswer(Duration::ZERO), place) {
        tokio::time::sleep(delay).await;
    }
    if app.shows(Fault::SlowHeaders, place) {
        wire.drip();
    }
    response
}

/// White space first, which JSON allows, so that what is cut off at a cap would else be right.
fn padded(response: Response, pieces: usize) -> Response {
    let (mut parts, body) = response.into_parts();
    parts.headers.remove(header::CONTENT_LENGTH);
    let space = Bytes::from(vec![b' '; PIECE]);
    let padding = stream::repeat(space).take(pieces).map(Ok);
    let body = body.into_data_stream();
    Response::from_parts(parts, Body::from_stream(padding.chain(body)))
}

/// Half of the body under the length of the whole, then the end of the connection.
async fn cut_off(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let whole = to_bytes(body, MAX_BODY).await.unwrap_or_default();
    // Nothing to cut in an empty body: then a body is promised that never comes.
    let promised = whole.len().max(1);
    parts
        .headers
        .insert(header::CONTENT_LENGTH, HeaderValue::from(promised));
    let half = stream::iter([Ok(whole.slice(..whole.len() / 2))]);
    let end = stream::once(async {
        // Time for the first half to leave.
        tokio::time::sleep(Duration::from_millis(20)).await;
        Err(io::Error::from(io::ErrorKind::ConnectionAborted))
    });
    Response::from_parts(parts, Body::from_stream(half.chain(end)))
}

/// RFC 9110, section 5.6.7.
fn http_date(time: Timestamp) -> Option<HeaderValue> {
    let text = strtime::format("%a, %d %b %Y %H:%M:%S GMT", &time.to_zoned(TimeZone::UTC)).ok()?;
    HeaderValue::from_str(&text).ok()
}
