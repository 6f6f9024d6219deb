//! What may be asked of whom: URLs, redirects, headers.

use super::{HttpError, error, guard};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use url::Url;

/// https, or http on loopback; no user information (it would go into the request, and into logs on the way).
pub(super) fn checked_url(uri: &http::Uri) -> Result<Url, HttpError> {
    let refused = |why: &str| HttpError::Configuration(format!("a request cannot be sent: {why}"));
    let url = Url::parse(&uri.to_string()).map_err(|_| refused("its URL is not absolute"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("its URL contains a user name or password"));
    }
    match url.scheme() {
        "https" => Ok(url),
        "http" if guard::is_loopback(&url) => Ok(url),
        _ => Err(HttpError::Configuration(format!(
            "{} is not encrypted; use https (http is for this machine's loopback only)",
            error::origin(&url)
        ))),
    }
}

/// The next URL of a redirect that is followed.
pub(super) fn next_location(
    method: &Method,
    url: &Url,
    response: &reqwest::Response,
) -> Result<Option<Url>, HttpError> {
    let redirect = matches!(
        response.status(),
        StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT
    );
    if !redirect || !matches!(*method, Method::GET | Method::HEAD) {
        return Ok(None);
    }
    let Some(location) = response.headers().get(header::LOCATION) else {
        return Ok(None);
    };
    let target = location.to_str().ok().and_then(|text| url.join(text).ok());
    let inside = target.as_ref().is_some_and(|target| {
        target.origin() == url.origin()
            && target.username().is_empty()
            && target.password().is_none()
    });
    if inside {
        return Ok(target);
    }
    Err(HttpError::Redirected {
        origin: error::origin(url),
        to: target.map_or_else(
            || "an unreadable URL".to_owned(),
            |target| error::origin(&target),
        ),
    })
}

/// Headers that say how a message travels, not what it is; a caller's own are left out of every request.
pub const CONNECTION_HEADERS: [HeaderName; 9] = [
    header::HOST,
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::TRANSFER_ENCODING,
    header::TE,
    header::TRAILER,
    header::UPGRADE,
    header::PROXY_AUTHORIZATION,
    header::EXPECT,
];

/// The caller's headers without those that describe the connection: they are ours, so that nothing can be read in two ways.
pub(super) fn clean(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in CONNECTION_HEADERS {
        headers.remove(name);
    }
    let encoding = headers.entry(header::ACCEPT_ENCODING);
    encoding.or_insert(HeaderValue::from_static("identity"));
    headers
}
