//! Ties a sign-in to the browser that started it, and a form to the page it came from.
use super::{
    answer::{self, Refusal},
    app::App,
    interactions::{Outcome, Purpose},
    parameters::Unique,
    record::RecordedRequest,
};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

const COOKIE: &str = "oarlock_sign_in";

/// The browser's name, and the cookie to set if it has none yet.
pub(crate) fn of(
    app: &App,
    request: &RecordedRequest,
) -> Result<(String, Option<HeaderValue>), Refusal> {
    if let Some(known) = name_in(request) {
        return Ok((known.to_owned(), None));
    }
    let name = app.random("")?;
    // Not `Secure`: this server is plain HTTP on loopback, where not every browser keeps such a cookie.
    let cookie = HeaderValue::from_str(&format!("{COOKIE}={name}; Path=/; HttpOnly; SameSite=Lax"))
        .map_err(|_| Refusal::server("the cookie cannot be written"))?;
    Ok((name, Some(cookie)))
}

/// Sets the cookie, if there is one to set.
pub(crate) fn bind(response: Response, cookie: Option<HeaderValue>) -> Response {
    match cookie {
        Some(cookie) => answer::with_header(response, header::SET_COOKIE, cookie),
        None => response,
    }
}

/// The form of a decision, and what it decides: only from our own page, in the browser that has it.
pub(crate) fn decided<'a>(
    app: &App,
    request: &'a RecordedRequest,
) -> Result<(Unique<'a>, (Purpose, Option<Outcome>)), Refusal> {
    let foreign = || {
        Refusal::new(
            "access_denied",
            "This form was not sent from our own page. Start the login again.",
        )
        .status(StatusCode::FORBIDDEN)
    };
    if let Some(origin) = request.header("origin") {
        let host = request.header("host").unwrap_or_default();
        if origin != app.issuer && origin != format!("http://{host}") {
            return Err(foreign());
        }
    }
    if request
        .header("sec-fetch-site")
        .is_some_and(|site| !["same-origin", "none"].contains(&site))
    {
        return Err(foreign());
    }
    let form = Unique::of(&request.form)?;
    let id = form.get("interaction").unwrap_or_default();
    let browser = name_in(request).unwrap_or_default();
    let found = app
        .store()
        .interactions
        .find(id, browser)
        .ok_or_else(foreign)?;
    Ok((form, found))
}

fn name_in(request: &RecordedRequest) -> Option<&str> {
    let cookies = request
        .headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok());
    cookies
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| value)
}
