//! nginx as a process of the test, and bytes as one writes them to it.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    os::fd::{AsRawFd as _, OwnedFd},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rcgen::{CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustix::{
    io::{FdFlags, fcntl_setfd},
    process::Signal,
};
use socket2::{Domain, Socket, Type};
use tempfile::TempDir;

use crate::{
    call::{Call, Running},
    relay::Relay,
};

/// What the browser writes into its address bar.
pub(crate) const NAME: &str = "login.example.com";
/// Longer than nginx and the relay wait for anything that is tried here.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running nginx with a folder of its own; it ends when this is dropped.
pub(crate) struct Nginx {
    running: Option<Running>,
    folder: TempDir,
    tls: SocketAddr,
    plain: SocketAddr,
}

impl Nginx {
    /// Starts it with the site of `deploy/nginx`, before a relay that listens there.
    pub(crate) fn before(relay: &str) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("oarlock-nginx-")
            .tempdir()
            .unwrap();
        // nginx takes sockets from whom it replaces, so no port has to be guessed.
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [tls, plain] = [0, 1].map(|index: usize| listeners[index].local_addr().unwrap());
        let listeners = listeners.map(OwnedFd::from);
        let inherited = listeners
            .iter()
            .map(|listener| {
                fcntl_setfd(listener, FdFlags::empty()).unwrap();
                format!("{};", listener.as_raw_fd())
            })
            .collect::<String>();
        write_certificates(folder.path());
        let configuration = folder.path().join("nginx.conf");
        fs::write(
            folder.path().join("site.conf"),
            site(folder.path(), relay, tls, plain),
        )
        .unwrap();
        fs::write(&configuration, machine(folder.path())).unwrap();
        let mut call = Call::new(&program());
        call.environment("NGINX", &inherited);
        let errors = folder.path().join("start.log");
        let arguments = [
            "-p",
            folder.path().to_str().unwrap(),
            "-e",
            errors.to_str().unwrap(),
        ];
        call.arguments(
            arguments
                .into_iter()
                .chain(["-c", configuration.to_str().unwrap()]),
        );
        Self {
            running: Some(call.spawn()),
            folder,
            tls,
            plain,
        }
    }

    /// Where it speaks HTTPS.
    pub(crate) fn tls(&self) -> SocketAddr {
        self.tls
    }

    /// The same site in HTTP, so that a test can write its own bytes.
    pub(super) fn outside(&self) -> Outside {
        Outside(self.plain)
    }

    /// The certificate of the authority that vouches for it.
    pub(crate) fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    /// All that it wrote down, once its access log has so many lines.
    pub(super) fn logs_of(&self, requests: usize) -> String {
        let begun = Instant::now();
        let read = |log| fs::read_to_string(self.folder.path().join(log)).unwrap_or_default();
        while read("oarlock.access.log").lines().count() < requests {
            assert!(begun.elapsed() < PATIENCE, "{}", read("oarlock.access.log"));
            thread::sleep(Duration::from_millis(10));
        }
        let logs = [
            "oarlock.access.log",
            "oarlock.error.log",
            "access.log",
            "error.log",
            "start.log",
        ];
        logs.map(read).concat()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            // Killed, it would leave its worker behind.
            running.signal(Signal::TERM);
            drop(running.finish());
        }
    }
}

/// What somebody outside can reach: nginx, or the relay itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Outside(pub(super) SocketAddr);

impl Outside {
    /// The relay without nginx.
    pub(super) fn of(relay: &Relay) -> Self {
        Self(relay.http().parse().unwrap())
    }

    /// A connection from this address of the machine.
    pub(super) fn connect(self, from: &str) -> TcpStream {
        let from: SocketAddr = format!("{from}:0").parse().unwrap();
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&from.into()).unwrap();
        socket.connect(&self.0.into()).unwrap();
        let stream = TcpStream::from(socket);
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// Says something, and reads to the end what is answered.
    pub(super) fn exchange(self, from: &str, request: &str) -> String {
        let mut stream = self.connect(from);
        // It may have been refused before it was read to its end.
        drop(stream.write_all(request.as_bytes()));
        to_the_end(&mut stream)
    }

    /// The status that answers a request, whatever of it is unread.
    pub(super) fn status(self, request: &str) -> u16 {
        let mut stream = self.connect("127.0.0.1");
        drop(stream.write_all(request.as_bytes()));
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).unwrap();
        status(&line)
    }

    /// A GET with further header lines, each with its CR LF: status and page.
    pub(super) fn get(self, from: &str, target: &str, headers: &str) -> (u16, String) {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: {NAME}\r\n{headers}Connection: close\r\n\r\n");
        let answer = self.exchange(from, &request);
        (status(&answer), answer)
    }

    /// A GET of the callback with this query: status and page.
    pub(super) fn visit(self, query: &str) -> (u16, String) {
        self.get("127.0.0.1", &format!("/oauth/callback?{query}"), "")
    }
}

/// All that comes until the other side has ended it.
pub(super) fn to_the_end(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Ok(_) => {}
        // It ended with something of ours unread.
        Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
        Err(error) => panic!("{error} behind {}", String::from_utf8_lossy(&answer)),
    }
    String::from_utf8(answer).unwrap()
}

/// The status of the first answer.
pub(super) fn status(answer: &str) -> u16 {
    let status = answer.split(' ').nth(1).and_then(|word| word.parse().ok());
    status.unwrap_or_else(|| panic!("no answer: {answer:?}"))
}

/// The site with the test's own places in it, and otherwise as it is.
fn site(folder: &Path, relay: &str, tls: SocketAddr, plain: SocketAddr) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nginx/oarlock.conf");
    let mut site = fs::read_to_string(file).unwrap();
    let folder = folder.display();
    for (times, theirs, ours) in [
        (
            1,
            "listen 443 ssl;",
            format!("listen {tls} ssl; listen {plain};"),
        ),
        (1, "listen [::]:443 ssl;", String::new()),
        (1, "server 127.0.0.1:5001;", format!("server {relay};")),
        (
            2,
            "/etc/letsencrypt/live/login.example.com/",
            format!("{folder}/"),
        ),
        (2, "/var/log/nginx/", format!("{folder}/")),
    ] {
        assert_eq!(site.matches(theirs).count(), times, "{theirs} in the site");
        site = site.replace(theirs, &ours);
    }
    site
}

/// What stands around a site on a machine: logs of its own, with whole request lines.
fn machine(folder: &Path) -> String {
    let folder = folder.display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!(
        "daemon off;
worker_processes 1;
# Its folder is closed to others. Without root's rights nginx ignores this.
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log {folder}/access.log;
{temporary}    include {folder}/site.conf;
}}
"
    )
}

/// An authority of its own, and what it vouches for.
fn write_certificates(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = [NAME, "localhost"].map(str::to_owned);
    let params = CertificateParams::new(names).unwrap();
    let certificate = params.signed_by(&key, &authority).unwrap();
    fs::write(folder.join("authority.pem"), authority.pem()).unwrap();
    fs::write(folder.join("fullchain.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("privkey.pem"), key.serialize_pem()).unwrap();
}

fn program() -> PathBuf {
    // Only root's path leads to the first two.
    ["/usr/sbin/nginx", "/usr/local/sbin/nginx", "/usr/bin/nginx"]
        .map(PathBuf::from)
        .into_iter()
        .find(|program| program.is_file())
        .expect("nginx is missing; run: cargo xtask setup")
}
