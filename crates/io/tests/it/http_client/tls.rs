//! TLS: who is believed.

use super::{client_of, client_with, get, send};
use crate::{
    home,
    peer::{Conversation as _, Peer, read_request},
};
use oarlock_io::{HttpClient, HttpConfig, HttpError};
use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivatePkcs8KeyDer},
};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::PathBuf,
    sync::Arc,
};
use url::Url;

/// An authority that nobody knows, and servers it vouches for.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        Self { issuer }
    }

    /// A PEM file with its certificate, which lives as long as the directory.
    pub(super) fn file(&self, home: &tempfile::TempDir) -> PathBuf {
        let path = home.path().join("ca.pem");
        fs::write(&path, self.issuer.pem()).unwrap();
        path
    }

    pub(super) fn server_config(&self, name: &str, expired: bool) -> Arc<ServerConfig> {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        if expired {
            params.not_before = date_time_ymd(2001, 1, 1);
            params.not_after = date_time_ymd(2002, 1, 1);
        }
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![CertificateDer::from(certificate)],
                PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
            );
        Arc::new(config.unwrap())
    }
}

/// Answers one request over TLS, if it comes to that.
pub(super) fn answer(stream: TcpStream, config: &Arc<ServerConfig>) {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let request = read_request(&mut stream);
    if request.is_empty() {
        return;
    }
    stream.say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello");
    stream.conn.send_close_notify();
    stream.flush().ok();
}

fn serving(config: Arc<ServerConfig>) -> (Peer, Url) {
    let peer = Peer::raw(move |stream| answer(stream, &config));
    let url = Url::parse(&format!("https://{}/?secret", peer.address)).unwrap();
    (peer, url)
}

fn believing(home: &tempfile::TempDir, authority: &Authority, url: &Url) -> HttpClient {
    let ca_file = Some(authority.file(home));
    let client = client_with(HttpConfig {
        ca_file,
        ..HttpConfig::default()
    });
    client.trust(url);
    client
}

#[test]
fn a_ca_file_adds_an_authority() {
    let (home, authority) = (home(), Authority::new());
    let (_peer, url) = serving(authority.server_config("127.0.0.1", false));
    let client = believing(&home, &authority, &url);
    assert_eq!(send(&client, get(&url)).unwrap().body(), b"hello");
    assert_eq!(send(&client, get(&url)).unwrap().body(), b"hello");
}

fn tls_reason(client: &HttpClient, url: &Url) -> String {
    match send(client, get(url)) {
        Err(error @ HttpError::Tls { .. }) => {
            assert!(!error.may_have_been_processed());
            assert!(!error.to_string().contains("secret"), "{error}");
            error.to_string()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn strangers_are_not_believed() {
    let (_peer, url) = serving(Authority::new().server_config("127.0.0.1", false));
    let reason = tls_reason(&client_of(&url), &url);
    assert!(
        reason.contains("UnknownIssuer") && reason.contains("ca_file"),
        "{reason}"
    );
}

#[test]
fn a_certificate_for_another_name_is_not_believed() {
    let (home, authority) = (home(), Authority::new());
    let (_peer, url) = serving(authority.server_config("127.0.0.2", false));
    let reason = tls_reason(&believing(&home, &authority, &url), &url);
    assert!(reason.contains("not valid for name"), "{reason}");
}

#[test]
fn hostile_32_an_expired_certificate_makes_one_look_at_the_clock() {
    let (home, authority) = (home(), Authority::new());
    let (_peer, url) = serving(authority.server_config("127.0.0.1", true));
    let reason = tls_reason(&believing(&home, &authority, &url), &url);
    assert!(reason.contains("clock"), "{reason}");
}

#[test]
fn plain_http_on_a_tls_port_is_told() {
    let peer = Peer::raw(|mut stream| {
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.say("HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    let url = Url::parse(&format!("https://{}/", peer.address)).unwrap();
    tls_reason(&client_of(&url), &url);
}

#[test]
fn a_bad_ca_file_is_found_at_once() {
    let home = home();
    let with = |content: &[u8]| {
        let path = home.path().join("ca.pem");
        fs::write(&path, content).unwrap();
        let config = HttpConfig {
            ca_file: Some(path),
            ..HttpConfig::default()
        };
        HttpClient::new(config).unwrap_err().to_string()
    };
    assert!(with(b"").contains("no certificate"));
    assert!(with(b"\xff\xfe not PEM").contains("no certificate"));
    let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(with(broken.as_bytes()).contains("broken"));
    let missing = HttpConfig {
        ca_file: Some(home.path().join("none")),
        ..HttpConfig::default()
    };
    let error = HttpClient::new(missing).unwrap_err().to_string();
    assert!(
        error.contains("ca_file") && error.contains("none"),
        "{error}"
    );
}
