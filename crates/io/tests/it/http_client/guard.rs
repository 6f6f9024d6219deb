//! Addresses that strangers name (hostile.md, 16).

use super::{client, client_with, get, run};
use crate::{child, home, peer::Peer};
use oarlock_io::{Environment, HttpClient, HttpConfig, HttpError};
use std::fs;
use url::Url;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

fn is_refused(client: &HttpClient, url: &Url) -> bool {
    match run(client.send(get(url))) {
        Err(error @ HttpError::ForbiddenAddress { .. }) => {
            assert!(error.to_string().contains("allow_private_hosts"), "{error}");
            assert!(!error.may_have_been_processed());
            true
        }
        other => {
            let stream = run(client.stream(get(url)));
            assert!(!matches!(stream, Err(HttpError::ForbiddenAddress { .. })));
            drop(other);
            false
        }
    }
}

#[test]
fn hostile_16_loopback_is_for_those_who_were_named() {
    let peer = Peer::answering(OK);
    let port = peer.address.port();
    let by = |host: &str| Url::parse(&format!("http://{host}:{port}/")).unwrap();
    for host in [
        "127.0.0.1",
        "localhost",
        "127.1",
        "2130706433",
        "[::ffff:127.0.0.1]",
    ] {
        let (scheme_http, client) = (by(host), client());
        if host.starts_with('[') {
            // Not loopback to the rule for plain http, and mapped for the guard.
            let tls = Url::parse(&format!("https://{host}:{port}/")).unwrap();
            assert!(is_refused(&client, &tls), "{host}");
        } else {
            assert!(is_refused(&client, &scheme_http), "{host}");
        }
    }
    assert_eq!(peer.connections(), 0, "nothing was even connected to");

    // Trust is by host and port.
    let client = client();
    client.trust(&by("127.0.0.1"));
    assert!(!is_refused(&client, &by("127.0.0.1")));
    assert!(
        !is_refused(&client.clone(), &by("127.1")),
        "the same address, written otherwise"
    );
    assert!(is_refused(&client, &by("localhost")));
    let other = Peer::answering(OK);
    assert!(is_refused(&client, &other.url("/")));
    assert_eq!(other.connections(), 0);
}

#[test]
fn hostile_16_hosts_can_be_allowed_by_setting() {
    let peer = Peer::answering(OK);
    let allowing = |entry: String| {
        client_with(HttpConfig {
            allow_private_hosts: vec![entry],
            ..HttpConfig::default()
        })
    };
    assert!(!is_refused(
        &allowing("127.0.0.1".to_owned()),
        &peer.url("/")
    ));
    assert!(!is_refused(
        &allowing(peer.address.to_string()),
        &peer.url("/")
    ));
    assert!(is_refused(
        &allowing("127.0.0.1:1".to_owned()),
        &peer.url("/")
    ));
    assert!(is_refused(
        &allowing("localhost".to_owned()),
        &peer.url("/")
    ));
}

#[test]
fn hostile_16_private_literals_are_not_connected_to() {
    for host in [
        "10.0.0.1",
        "169.254.169.254",
        "192.168.0.1",
        "[fd00:ec2::254]",
        "[64:ff9b::a00:1]",
        "0.0.0.0",
    ] {
        let url = Url::parse(&format!("https://{host}/latest/meta-data")).unwrap();
        assert!(is_refused(&client(), &url), "{host}");
    }
}

/// The child of [`hostile_16_a_name_with_a_private_address`], in a place where names mean what the test wants.
pub(crate) fn look_up_private() {
    let environment = Environment::capture();
    let port = environment.get("PORT").unwrap();
    let url = |host: &str| Url::parse(&format!("https://{host}:{port}/")).unwrap();
    let client = client();
    assert!(is_refused(&client, &url("loopback.example")));
    assert!(is_refused(&client, &url("metadata.example")));
    client.trust(&url("loopback.example"));
    let error = run(client.send(get(&url("loopback.example")))).unwrap_err();
    assert!(
        !matches!(error, HttpError::ForbiddenAddress { .. }),
        "named by the user: {error}"
    );
    // What "localhost" is elsewhere must not get plain http.
    let local = Url::parse(&format!("http://localhost:{port}/")).unwrap();
    client.trust(&local);
    let error = run(client.send(get(&local))).unwrap_err();
    assert!(
        matches!(error, HttpError::ForbiddenAddress { .. }),
        "{error}"
    );
}

#[test]
fn hostile_16_a_name_with_a_private_address() {
    let home = home();
    let hosts = home.path().join("hosts");
    let names =
        "127.0.0.1 loopback.example\n169.254.169.254 metadata.example\n93.184.216.34 localhost\n";
    fs::write(&hosts, names).unwrap();
    fs::write(home.path().join("nsswitch"), "hosts: files\n").unwrap();
    let peer = Peer::raw(|_| {});
    let port = peer.address.port().to_string();
    let setup = "mount --bind \"$HOSTS\" /etc/hosts; mount --bind \"$NSS\" /etc/nsswitch.conf";
    let nss = home.path().join("nsswitch");
    let arguments = [
        ("HOSTS", hosts.as_os_str()),
        ("NSS", nss.as_os_str()),
        ("PORT", port.as_ref()),
    ];
    let output = child::in_namespace(setup, "look up private names", &arguments)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        peer.connections(),
        1,
        "only for the name that the user gave"
    );
}
