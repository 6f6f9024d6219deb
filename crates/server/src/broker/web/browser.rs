//! What browsers see: from the authorization request to the page that says it is done.
//!
//! A GET writes nothing (hostile.md, 8): what is asked travels sealed in the form. There is one exception, the provider's own answer
//! ([`redirect`]), which counts only in the browser that started.

mod authorize;
mod code;
mod consent;
mod dev;
mod device;
mod login;
mod onward;
mod redirect;
mod sessions;
mod sign_in;
mod visit;

use axum::{
    Router,
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse, Response},
    routing::{MethodRouter, get},
};
use http::{HeaderValue, StatusCode, header};

use super::super::{
    Broker,
    pages::{Notice, Page},
    store::StoreError,
    upstream::UpstreamError,
};

/// How an answer is made: a page or a redirect, or why not.
type Answered = Result<Response, Stop>;

/// Why a request goes no further.
#[derive(Debug)]
enum Stop {
    /// What the person is told.
    Notice(Notice<'static>),
    /// Its form is too large, came too slowly, or cannot be read.
    Body(StatusCode),
    /// The store.
    Store(StoreError),
    /// Randomness or cryptography failed.
    Fault(String),
}

pub(super) fn router(broker: Broker) -> Router {
    Router::new()
        .route(
            "/authorize",
            page(get(authorize::get).post(authorize::post)),
        )
        .route("/login", page(get(login::get).post(login::post)))
        .route("/redirect", page(get(redirect::get)))
        .route("/consent", page(get(consent::get).post(consent::post)))
        .route("/device", page(get(device::get).post(device::post)))
        .route("/dev", page(get(dev::get).post(dev::post)))
        .route("/code", page(get(code::get)))
        .route("/sessions", page(get(sessions::get).post(sessions::post)))
        .layer(from_fn(to_its_end))
        .with_state(broker)
}

/// In a task of its own: a browser that goes away, as it does from a form that is sent twice, leaves nothing half done, nor done and missing in the
/// audit log.
async fn to_its_end(request: Request, next: Next) -> Response {
    match tokio::spawn(next.run(request)).await {
        Ok(response) => response,
        Err(error) => Stop::Fault(error.to_string()).into_response(),
    }
}

/// A HEAD is answered by nobody: axum would run what a GET does, and take its body away.
fn page(methods: MethodRouter<Broker>) -> MethodRouter<Broker> {
    methods.head(no_head).fallback(no_method)
}

async fn no_head() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn no_method() -> Response {
    crate::page::Page::Method { allow: "GET, POST" }.into_response()
}

/// The front page of an address that has a broker.
pub(crate) fn front(_: &Broker) -> Response {
    show(&Page::Notice(Notice::Front))
}

/// A page as an answer. Those with a form let the browser say where the form came from: with `no-referrer` it would send
/// `Origin: null` (Fetch, section 3.2, "append a request Origin header").
fn show(page: &Page<'_>) -> Response {
    let mut response = page.response().map(axum::body::Body::from);
    let has_form = !matches!(page, Page::Notice(_) | Page::Leave(_) | Page::Code(_));
    if has_form {
        response.headers_mut().insert(
            header::REFERRER_POLICY,
            HeaderValue::from_static("same-origin"),
        );
    }
    response
}

/// On to another address, by GET.
fn redirect_to(location: &str) -> Answered {
    let mut value = HeaderValue::from_str(location)
        .map_err(|_| Stop::Fault("an address is no header value".into()))?;
    // It may carry a code.
    value.set_sensitive(true);
    let mut response = StatusCode::SEE_OTHER.into_response();
    response.headers_mut().insert(header::LOCATION, value);
    Ok(response)
}

impl IntoResponse for Stop {
    fn into_response(self) -> Response {
        let notice = match self {
            Self::Notice(notice) => notice,
            Self::Body(status) => return of_a_body(status),
            Self::Store(error) => {
                tracing::error!(%error, "the store failed");
                Notice::Unavailable
            }
            Self::Fault(error) => {
                tracing::error!(error, "a page could not be made");
                Notice::Unavailable
            }
        };
        show(&Page::Notice(notice))
    }
}

/// The page about a form that was not read.
fn of_a_body(status: StatusCode) -> Response {
    let why = match status {
        StatusCode::PAYLOAD_TOO_LARGE => "the form is too large",
        StatusCode::REQUEST_TIMEOUT => "the form did not arrive in time",
        _ => "the form cannot be read",
    };
    let mut response = show(&Page::Notice(Notice::BadRequest(why)));
    *response.status_mut() = status;
    response
}

impl From<Notice<'static>> for Stop {
    fn from(notice: Notice<'static>) -> Self {
        Self::Notice(notice)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        Self::Fault(error.to_string())
    }
}

impl From<&UpstreamError> for Notice<'static> {
    fn from(error: &UpstreamError) -> Self {
        match error {
            UpstreamError::Unknown => Self::Expired,
            UpstreamError::Denied => Self::ProviderDenied,
            UpstreamError::NotAllowed => Self::NotAllowed,
            UpstreamError::Unavailable(_) => Self::ProviderUnavailable,
            UpstreamError::Busy(wait) => Self::Full(*wait),
            UpstreamError::Refused(_) => Self::ProviderRefused,
        }
    }
}
