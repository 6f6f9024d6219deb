//! Proxies: whose are used, and for what.

use super::{
    client_with, get, run,
    tls::{Authority, answer},
};
use crate::{
    child, home,
    peer::{Conversation as _, Peer, header, read_request},
};
use oarlock_io::{Environment, HttpConfig, HttpError};
use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};
use url::Url;

const TARGET: &str = "https://api.example.com/?secret";

/// A proxy that notes what it is asked for, and leads every tunnel to a server for `api.example.com`.
fn tunnel(authority: &Authority) -> (Peer, Arc<Mutex<Vec<String>>>) {
    let server = authority.server_config("api.example.com", false);
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    let proxy = Peer::raw(move |mut stream| {
        noted.lock().unwrap().push(read_request(&mut stream));
        stream.say("HTTP/1.1 200 Connected\r\n\r\n");
        answer(stream, &server);
    });
    (proxy, asked)
}

fn settings(authority: &Authority, home: &tempfile::TempDir, proxy: &str) -> HttpConfig {
    HttpConfig {
        ca_file: Some(authority.file(home)),
        proxy: Some(Url::parse(proxy).unwrap()),
        ..HttpConfig::default()
    }
}

#[test]
fn a_configured_proxy_makes_a_tunnel() {
    let (home, authority) = (home(), Authority::new());
    let (proxy, asked) = tunnel(&authority);
    let proxy_url = format!("http://user:pass%20word@{}", proxy.address);
    let client = client_with(settings(&authority, &home, &proxy_url));
    let shown = format!("{client:?}");
    assert!(
        shown.contains(&proxy.address.to_string()) && !shown.contains("pass"),
        "{shown}"
    );
    let url = Url::parse(TARGET).unwrap();
    // Nobody named the host: the proxy may have a private address all the same.
    assert_eq!(run(client.send(get(&url))).unwrap().body(), b"hello");
    let asked = asked.lock().unwrap();
    let [request] = &asked[..] else {
        panic!("one tunnel")
    };
    assert!(
        request.starts_with("CONNECT api.example.com:443 HTTP/1.1\r\n"),
        "{request}"
    );
    // "user:pass word"
    assert_eq!(
        header(request, "proxy-authorization").unwrap(),
        "Basic dXNlcjpwYXNzIHdvcmQ="
    );
    assert!(!request.contains("secret"), "{request}");
}

#[test]
fn a_proxy_that_refuses_is_named_without_its_password() {
    let proxy =
        Peer::answering("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n");
    let url = format!("http://user:canary@{}", proxy.address);
    let config = HttpConfig {
        proxy: Some(Url::parse(&url).unwrap()),
        ..HttpConfig::default()
    };
    let error = run(client_with(config).send(get(&Url::parse(TARGET).unwrap()))).unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(matches!(error, HttpError::Connect { .. }), "{text}");
    assert!(text.contains(&proxy.address.to_string()), "{text}");
    assert!(
        !text.contains("canary") && !text.contains("secret"),
        "{text}"
    );
    assert!(!error.may_have_been_processed());
}

#[test]
fn loopback_is_never_reached_by_a_proxy() {
    let proxy = Peer::answering("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n");
    let server = Peer::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    let config = HttpConfig {
        proxy: Some(proxy.url("/")),
        ..HttpConfig::default()
    };
    let client = client_with(config);
    client.trust(&server.url("/"));
    assert_eq!(
        run(client.send(get(&server.url("/")))).unwrap().status(),
        200
    );
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn hostile_16_private_literals_are_refused_by_way_of_a_proxy_too() {
    let proxy = Peer::answering("HTTP/1.1 200 OK\r\n\r\n");
    let config = HttpConfig {
        proxy: Some(proxy.url("/")),
        ..HttpConfig::default()
    };
    let url = Url::parse("https://169.254.169.254/").unwrap();
    let error = run(client_with(config).send(get(&url))).unwrap_err();
    assert!(
        matches!(error, HttpError::ForbiddenAddress { .. }),
        "{error}"
    );
    assert_eq!(proxy.connections(), 0);
}

#[test]
fn what_cannot_be_a_proxy_is_refused() {
    for bad in ["ftp://user:canary@proxy:1", "file:///x", "mailto:a@b"] {
        let config = HttpConfig {
            proxy: Some(Url::parse(bad).unwrap()),
            ..HttpConfig::default()
        };
        let error = oarlock_io::HttpClient::new(config).unwrap_err();
        assert!(
            matches!(&error, HttpError::Configuration(text) if text.contains("proxy")),
            "{error}"
        );
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

/// The child of [`the_proxy_of_the_environment`].
pub(crate) fn by_environment() {
    let environment = Environment::capture();
    let ca_file = environment.get("CA_FILE").map(PathBuf::from);
    let client = client_with(HttpConfig {
        ca_file,
        ..HttpConfig::default()
    });
    let answer = run(client.send(get(&Url::parse(TARGET).unwrap())));
    match environment.get("EXPECT").unwrap() {
        "tunnel" => assert_eq!(answer.unwrap().body(), b"hello"),
        // There is no such name where the proxy is not asked.
        _ => assert!(answer.is_err()),
    }
}

#[test]
fn the_proxy_of_the_environment() {
    let (home, authority) = (home(), Authority::new());
    let (proxy, asked) = tunnel(&authority);
    let file = authority.file(&home);
    let with = |expect: &str, variables: &[(&str, &str)]| {
        let mut command = child::command(
            "use the environment's proxy",
            &[("CA_FILE", file.as_os_str())],
        );
        for name in [
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
            "NO_PROXY",
            "no_proxy",
        ] {
            command.env_remove(name);
        }
        command
            .env("EXPECT", expect)
            .envs(variables.iter().copied());
        assert!(command.status().unwrap().success(), "{variables:?}");
        std::mem::take(&mut *asked.lock().unwrap()).len()
    };
    let address = proxy.url("/").to_string();
    assert_eq!(with("tunnel", &[("HTTPS_PROXY", &address)]), 1);
    assert_eq!(with("tunnel", &[("https_proxy", &address)]), 1);
    assert_eq!(
        with("tunnel", &[("ALL_PROXY", &proxy.address.to_string())]),
        1
    );
    assert_eq!(
        with(
            "none",
            &[("HTTPS_PROXY", &address), ("NO_PROXY", ".example.com")]
        ),
        0
    );
}
