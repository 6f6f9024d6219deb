//! A client without any OAuth library: it says exactly what a test wants said.
use aws_lc_rs::digest;
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::{HeaderMap, Request};
use oarlock_testkit::{DEFAULT_CLIENT_ID, FakeBrowser, Server, Visit, plain};
use serde_json::Value;
use url::Url;

pub(crate) const VERIFIER: &str = "a-verifier-of-more-than-forty-three-characters-0123456789";
/// Nobody listens there: the browser of these tests stops before it.
pub(crate) const REDIRECT_URI: &str = "http://127.0.0.1:9/callback";
pub(crate) const STATE: &str = "state-of-the-test";
pub(crate) const NONCE: &str = "nonce-of-the-test";
pub(crate) const SCOPE: &str = "openid profile email";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    fn of(response: http::Response<Vec<u8>>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status.as_u16(),
            headers: parts.headers,
            body: String::from_utf8(body).unwrap(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {}", self.body))
    }

    /// A member that is text.
    pub(crate) fn text(&self, name: &str) -> String {
        let json = self.json();
        json[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name} in {json}"))
            .to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

pub(crate) async fn send(
    request: http::request::Builder,
    body: impl Into<Vec<u8>>,
) -> std::io::Result<Answer> {
    plain::send(request.body(body.into()).unwrap())
        .await
        .map(Answer::of)
}

pub(crate) async fn get(url: impl AsRef<str>) -> Answer {
    send(Request::get(url.as_ref()), "").await.unwrap()
}

pub(crate) async fn with_token(url: impl AsRef<str>, token: &str) -> Answer {
    let request = Request::get(url.as_ref()).header("authorization", format!("Bearer {token}"));
    send(request, "").await.unwrap()
}

pub(crate) async fn try_post(
    url: impl AsRef<str>,
    pairs: &[(&str, &str)],
) -> std::io::Result<Answer> {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let request =
        Request::post(url.as_ref()).header("content-type", "application/x-www-form-urlencoded");
    send(request, body).await
}

pub(crate) async fn post(url: impl AsRef<str>, pairs: &[(&str, &str)]) -> Answer {
    try_post(url, pairs).await.unwrap()
}

pub(crate) async fn post_basic(
    url: impl AsRef<str>,
    id: &str,
    secret: &str,
    pairs: &[(&str, &str)],
) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    let basic = STANDARD.encode(format!("{id}:{secret}"));
    let request = Request::post(url.as_ref())
        .header("content-type", "application/x-www-form-urlencoded")
        .header("authorization", format!("Basic {basic}"));
    send(request, body).await.unwrap()
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, VERIFIER.as_bytes()))
}

/// The URL of a good authorization request, with some parameters replaced or (if empty) left out.
pub(crate) fn authorization_url(server: &Server, changes: &[(&str, &str)]) -> Url {
    let challenge = challenge();
    let mut pairs = vec![
        ("response_type", "code"),
        ("client_id", DEFAULT_CLIENT_ID),
        ("redirect_uri", REDIRECT_URI),
        ("scope", SCOPE),
        ("state", STATE),
        ("nonce", NONCE),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in changes {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    pairs.retain(|(_, value)| !value.is_empty());
    let mut url = server.at("/authorize");
    url.query_pairs_mut().extend_pairs(pairs);
    url
}

pub(crate) fn stopping_browser() -> FakeBrowser {
    FakeBrowser::new().stop_at_redirect()
}

/// Parameters of the authorization response, in order.
pub(crate) fn response_of(visit: &Visit) -> Vec<(String, String)> {
    let redirect = visit
        .redirect
        .as_ref()
        .unwrap_or_else(|| panic!("no redirect: {}", visit.page));
    redirect
        .query_pairs()
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect()
}

pub(crate) fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.as_str())
}

/// A person allows; the authorization response.
pub(crate) async fn authorize(server: &Server) -> Vec<(String, String)> {
    response_of(
        &stopping_browser()
            .visit(&authorization_url(server, &[]))
            .await
            .unwrap(),
    )
}

pub(crate) async fn code(server: &Server) -> String {
    value(&authorize(server).await, "code").unwrap().to_owned()
}

pub(crate) async fn exchange(server: &Server, code: &str) -> Answer {
    try_exchange(server, code).await.unwrap()
}

pub(crate) async fn try_exchange(server: &Server, code: &str) -> std::io::Result<Answer> {
    let pairs = [
        ("grant_type", "authorization_code"),
        ("code", code),
        ("redirect_uri", REDIRECT_URI),
        ("client_id", DEFAULT_CLIENT_ID),
        ("code_verifier", VERIFIER),
    ];
    try_post(server.at("/token"), &pairs).await
}

pub(crate) async fn log_in(server: &Server) -> Answer {
    let code = code(server).await;
    exchange(server, &code).await
}

pub(crate) async fn refresh(server: &Server, token: &str) -> Answer {
    try_refresh(server, token).await.unwrap()
}

pub(crate) async fn try_refresh(server: &Server, token: &str) -> std::io::Result<Answer> {
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", token),
        ("client_id", DEFAULT_CLIENT_ID),
    ];
    try_post(server.at("/token"), &pairs).await
}

pub(crate) async fn begin_device(server: &Server) -> Answer {
    post(
        server.at("/device_authorization"),
        &[("client_id", DEFAULT_CLIENT_ID), ("scope", SCOPE)],
    )
    .await
}

pub(crate) async fn poll(server: &Server, device_code: &str) -> Answer {
    let pairs = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("device_code", device_code),
        ("client_id", DEFAULT_CLIENT_ID),
    ];
    post(server.at("/token"), &pairs).await
}

/// Header and claims of a JWT, unchecked.
pub(crate) fn decoded(token: &str) -> (Value, Value) {
    let parts: Vec<&str> = token.split('.').collect();
    assert_eq!(parts.len(), 3, "{token}");
    let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap();
    (part(parts[0]), part(parts[1]))
}
