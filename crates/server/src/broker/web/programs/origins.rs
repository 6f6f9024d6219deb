//! Programs that are pages elsewhere: which endpoints they may call from a browser (Fetch, section 3.3).
//!
//! Any origin may, and none with cookies: what counts at these endpoints is what a program knows, not which browser it runs in.

use std::sync::Arc;

use axum::{
    middleware::map_response,
    response::{IntoResponse as _, Response},
    routing::MethodRouter,
};
use http::{
    HeaderValue, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    },
};

use super::Endpoints;

/// Open to pages of any origin; `OPTIONS` is answered. Methods that are added afterwards are not.
pub(super) fn any(methods: MethodRouter<Arc<Endpoints>>) -> MethodRouter<Arc<Endpoints>> {
    methods.options(preflight).layer(map_response(open))
}

async fn open(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        ACCESS_CONTROL_EXPOSE_HEADERS,
        HeaderValue::from_static("www-authenticate, retry-after"),
    );
    response
}

async fn preflight() -> Response {
    let headers = [
        (
            ACCESS_CONTROL_ALLOW_METHODS,
            HeaderValue::from_static("GET, POST"),
        ),
        (
            // The asterisk stands for every header but Authorization (Fetch, section 4.9).
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, *"),
        ),
        (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400")),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
