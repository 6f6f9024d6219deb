//! The same under TLS.

use super::{Served, limits, one_answer, status, to_the_end};
use crate::{home, peer::Conversation as _};
use oarlock_io::web_server::{Tls, WebLimits};
use rcgen::{CertifiedKey, KeyPair, generate_simple_self_signed};
use rustls::{
    ClientConfig, ClientConnection, ProtocolVersion, RootCertStore, StreamOwned,
    SupportedProtocolVersion,
    pki_types::{CertificateDer, ServerName},
    version::{TLS12, TLS13},
};
use std::{
    fs,
    io::{self, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};
use tempfile::TempDir;

type Secured = StreamOwned<ClientConnection, TcpStream>;

/// A certificate and its key, in files.
struct Pair {
    home: TempDir,
    certificate: CertificateDer<'static>,
    tls: Tls,
}

impl Pair {
    fn new() -> Self {
        let home = home();
        let certificate = write(&home);
        let tls = Tls::load(&place(&home, "cert"), &place(&home, "key")).unwrap();
        Self {
            home,
            certificate,
            tls,
        }
    }

    fn serve(&self, limits: WebLimits) -> Served {
        Served::with(limits, Some(self.tls.clone()))
    }

    fn client(&self) -> ClientConfig {
        client(&self.certificate, &[&TLS12, &TLS13])
    }

    /// A connection whose handshake is over.
    fn connect(&self, served: &Served) -> Secured {
        connect(served, self.client()).unwrap()
    }
}

fn place(home: &TempDir, name: &str) -> PathBuf {
    home.path().join(name).with_extension("pem")
}

/// Puts a new pair there.
fn write(home: &TempDir) -> CertificateDer<'static> {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["server.example".to_owned()]).unwrap();
    fs::write(place(home, "cert"), cert.pem()).unwrap();
    write_key(home, &signing_key);
    cert.into()
}

fn write_key(home: &TempDir, key: &KeyPair) {
    let path = place(home, "key");
    fs::write(&path, key.serialize_pem()).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
}

fn client(
    believed: &CertificateDer<'static>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConfig {
    let mut roots = RootCertStore::empty();
    roots.add(believed.clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth()
}

fn connect(served: &Served, config: ClientConfig) -> io::Result<Secured> {
    let name = ServerName::try_from("server.example").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut stream = StreamOwned::new(connection, served.connect());
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock)?;
    }
    Ok(stream)
}

fn get(stream: &mut Secured, target: &str) -> String {
    stream.say(&format!(
        "GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    ));
    to_the_end(stream)
}

#[test]
fn a_connection_under_tls_serves_many_requests() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    let mut stream = pair.connect(&served);
    for number in 0..100 {
        stream.say(&format!("GET /{number} HTTP/1.1\r\nHost: a\r\n\r\n"));
        let answer = one_answer(&mut stream);
        assert!(answer.ends_with(&format!("GET /{number} ")), "{answer}");
    }
    // In a row, in one record or several.
    let post = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc";
    stream.say(&post.repeat(500));
    for _ in 0..500 {
        assert!(one_answer(&mut stream).ends_with("POST / abc"));
    }
    let own = stream.sock.local_addr().unwrap().to_string();
    stream.say("GET /peer HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(one_answer(&mut stream).ends_with(&own));
    // Idle for so long that hyper lets go of it, and back.
    std::thread::sleep(Duration::from_secs(5));
    stream.say("GET /again HTTP/1.1\r\nHost: a\r\n\r\nGET /twice");
    assert!(one_answer(&mut stream).ends_with("GET /again "));
    stream.say(" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(to_the_end(&mut stream).ends_with("GET /twice "));
}

#[test]
fn a_request_that_comes_with_the_end_of_the_handshake_is_answered() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    let name = ServerName::try_from("server.example").unwrap();
    let mut connection = ClientConnection::new(Arc::new(pair.client()), name).unwrap();
    let mut tcp = served.connect();
    connection.write_tls(&mut tcp).unwrap();
    while connection.is_handshaking() {
        connection.read_tls(&mut tcp).unwrap();
        connection.process_new_packets().unwrap();
    }
    let request = b"GET /early HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    connection.writer().write_all(request).unwrap();
    // The client's Finished and the request in one segment.
    let mut all = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut all).unwrap();
    }
    tcp.write_all(&all).unwrap();
    let mut stream = StreamOwned::new(connection, tcp);
    assert_eq!(status(&to_the_end(&mut stream)), "403");
}

#[test]
fn a_long_answer_arrives_whole_and_its_end_is_told() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    let mut stream = pair.connect(&served);
    stream.say("GET /big HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // Without a word at the end (close_notify) this is an error.
    stream.read_to_end(&mut answer).unwrap();
    assert!(answer.len() > 32 << 20, "{}", answer.len());
    assert!(answer.ends_with(b"xxxx"));
}

#[test]
fn two_versions_and_one_protocol_are_spoken() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    for (version, expected) in [
        (&TLS12, ProtocolVersion::TLSv1_2),
        (&TLS13, ProtocolVersion::TLSv1_3),
    ] {
        let mut config = client(&pair.certificate, &[version]);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut stream = connect(&served, config).unwrap();
        assert_eq!(stream.conn.protocol_version(), Some(expected));
        assert_eq!(stream.conn.alpn_protocol(), Some(&b"http/1.1"[..]));
        assert_eq!(status(&get(&mut stream, "/")), "200");
    }
    let mut config = pair.client();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let error = connect(&served, config).unwrap_err().to_string();
    assert!(error.contains("NoApplicationProtocol"), "{error}");
}

#[test]
fn who_speaks_no_tls_is_told() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    let answer = served.get("/?code=secret");
    assert_eq!(status(&answer), "400");
    assert!(
        answer.contains("https") && !answer.contains("secret"),
        "{answer}"
    );
    // Neither TLS nor HTTP; nobody else minds.
    served.send("\u{16}\u{3}\u{1}nonsense that is no record at all");
    assert_eq!(status(&get(&mut pair.connect(&served), "/")), "200");
}

#[test]
fn who_goes_away_ends_its_request_under_tls_too() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    for told in [true, false] {
        let mut stream = pair.connect(&served);
        stream.say("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_eq!(served.event(), "came");
        if told {
            stream.conn.send_close_notify();
            stream.flush().unwrap();
            assert_eq!(served.event(), "dropped");
        } else {
            drop(stream);
            assert_eq!(served.event(), "dropped");
        }
    }
}

#[test]
fn hostile_01_slow_handshakes_end_within_ten_seconds_and_are_counted() {
    let pair = Pair::new();
    let served = pair.serve(WebLimits {
        connections: 4,
        ..limits()
    });
    let start = Instant::now();
    let mut silent = served.connect();
    let mut half = served.connect();
    half.write_all(&[22, 3, 1, 2, 0, 1, 0]).unwrap();
    let drip = half.try_clone().unwrap();
    let name = ServerName::try_from("server.example").unwrap();
    let mut unfinished = served.connect();
    let mut connection = ClientConnection::new(Arc::new(pair.client()), name).unwrap();
    connection.write_tls(&mut unfinished).unwrap();
    // The others are unaffected; with it all places are taken.
    let mut other = pair.connect(&served);
    other.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    one_answer(&mut other);
    let mut refused = served.connect();
    assert_eq!(to_the_end(&mut refused), "", "closed, without a word");
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while (&drip).write_all(&[0]).is_ok() && start.elapsed() < Duration::from_secs(12) {
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        for stream in [&mut silent, &mut half, &mut unfinished] {
            to_the_end(stream);
            let elapsed = start.elapsed();
            assert!(elapsed < Duration::from_secs(12), "{elapsed:?}");
        }
    });
    assert_eq!(status(&get(&mut pair.connect(&served), "/")), "200");
}

#[test]
fn hostile_01_slow_heads_and_records_end_under_tls_too() {
    let pair = Pair::new();
    let served = pair.serve(limits());
    let start = Instant::now();
    let mut head = pair.connect(&served);
    head.say("GET / HTTP/1.1\r\nHost:");
    // A record that never becomes whole; each byte of it is something to read.
    let mut record = pair.connect(&served);
    record.sock.write_all(&[23, 3, 3, 64, 0]).unwrap();
    let drip = record.sock.try_clone().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while (&drip).write_all(&[0]).is_ok() && start.elapsed() < Duration::from_secs(20) {
                std::thread::sleep(Duration::from_millis(500));
            }
        });
        let answer = to_the_end(&mut head);
        assert_eq!(status(&answer), "408", "{answer}");
        assert!(start.elapsed() < Duration::from_secs(12));
        assert_eq!(status(&to_the_end(&mut record)), "none");
        assert!(start.elapsed() < Duration::from_secs(20));
    });
}

#[test]
fn hostile_01_who_does_not_read_its_answer_under_tls_is_left() {
    let pair = Pair::new();
    let served = pair.serve(WebLimits {
        connections: 1,
        ..limits()
    });
    let mut unread = pair.connect(&served);
    unread.say("GET /big HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    let start = Instant::now();
    while connect(&served, pair.client()).is_err() {
        assert!(start.elapsed() < Duration::from_secs(45), "still there");
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(start.elapsed() > Duration::from_secs(20), "too soon");
    drop(unread);
}

#[test]
fn hostile_36_handshakes_and_idle_connections_are_closed_at_once() {
    let pair = Pair::new();
    let mut served = pair.serve(WebLimits {
        drain: Duration::from_secs(20),
        ..limits()
    });
    let mut half = served.connect();
    half.write_all(&[22, 3, 1]).unwrap();
    let mut kept = pair.connect(&served);
    kept.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    one_answer(&mut kept);
    let mut busy = pair.connect(&served);
    busy.say("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_eq!(served.event(), "came");
    let start = Instant::now();
    served.stop();
    assert_eq!(to_the_end(&mut half), "");
    assert_eq!(to_the_end(&mut kept), "");
    assert!(to_the_end(&mut busy).ends_with("slow"));
    served.join();
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[test]
fn a_new_certificate_is_taken_up_by_itself_and_a_broken_one_is_not() {
    let mut pair = Pair::new();
    let served = pair.serve(limits());
    let mut kept = pair.connect(&served);
    kept.say("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    one_answer(&mut kept);
    // One that does not fit stays without effect.
    write_key(&pair.home, &KeyPair::generate().unwrap());
    pair.tls.reload().unwrap_err();
    pair.connect(&served);
    pair.certificate = write(&pair.home);
    let start = Instant::now();
    while connect(&served, pair.client()).is_err() {
        assert!(start.elapsed() < Duration::from_secs(30), "still the old");
        std::thread::sleep(Duration::from_millis(200));
    }
    // Who is there stays.
    assert_eq!(status(&get(&mut kept, "/")), "200");
}
