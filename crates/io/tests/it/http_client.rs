//! The client against servers that behave and servers that do not.

mod apart;
mod exchange;
mod failure;
mod guard;
mod kept;
mod proxy;
mod tls;

pub(crate) use guard::look_up_private;
pub(crate) use proxy::by_environment;

use oarlock_io::{HttpClient, HttpConfig, HttpError};
use std::time::Duration;
use url::Url;

fn client_with(config: HttpConfig) -> HttpClient {
    HttpClient::new(config).unwrap()
}

fn client() -> HttpClient {
    client_with(HttpConfig::default())
}

/// A client that the user has sent to this URL.
fn client_of(url: &Url) -> HttpClient {
    let client = client();
    client.trust(url);
    client
}

fn brief(timeout: Duration) -> HttpConfig {
    HttpConfig {
        timeout,
        ..HttpConfig::default()
    }
}

fn get(url: &Url) -> http::Request<Vec<u8>> {
    http::Request::get(url.as_str()).body(Vec::new()).unwrap()
}

fn post(url: &Url, body: &str) -> http::Request<Vec<u8>> {
    http::Request::post(url.as_str())
        .body(body.as_bytes().to_vec())
        .unwrap()
}

/// Sends on a runtime as the command line has one.
fn send(
    client: &HttpClient,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, HttpError> {
    run(client.send(request))
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(future)
}
