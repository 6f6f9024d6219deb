//! `oarlock serve`: what it takes, what it refuses to start with, what it says, and how it ends.

mod configuration;
mod ending;
mod service;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::Duration,
};

use crate::sandbox::{Call, Running, Sandbox};

/// Nothing here takes as long; a test that waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A relay that runs, and where.
struct Relay {
    running: Running,
    http: String,
}

impl Relay {
    /// On a free port, with these arguments too.
    fn start<'a>(sandbox: &Sandbox, arguments: impl IntoIterator<Item = &'a str>) -> Self {
        let line = ["serve", "--listen", "127.0.0.1:0"].into_iter();
        Self::of(&mut sandbox.oarlock(line.chain(arguments)))
    }

    fn of(call: &mut Call) -> Self {
        let running = call.spawn();
        let http = place(&running, "HTTP");
        Self { running, http }
    }

    /// An answer to a GET: status and everything.
    fn get(&self, path: &str) -> (u16, String) {
        ask(
            &self.http,
            &format!(
                "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
                self.http
            ),
        )
    }

    /// What the log says of something, once it does.
    fn logged(&self, word: &str) -> String {
        self.running
            .told(|line| line.contains(word).then(|| line.to_owned()))
    }
}

/// A place of the announcement: `  HTTP      127.0.0.1:5001`.
pub(crate) fn place(running: &Running, name: &str) -> String {
    running.told(|line| {
        let place = line.strip_prefix("  ")?.strip_prefix(name)?;
        Some(place.trim().to_owned())
    })
}

/// Sends a request and reads the answer to its end.
pub(crate) fn ask(address: &str, request: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// A program that waits, on the Unix socket.
struct Program(BufReader<UnixStream>);

impl Program {
    fn connect(sandbox: &Sandbox) -> Self {
        let stream = UnixStream::connect(sandbox.home().join("run/relay.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Self(BufReader::new(stream))
    }

    fn say(&mut self, line: &str) {
        let stream = self.0.get_mut();
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// A line; empty at the end.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.0.read_line(&mut line).unwrap();
        line
    }
}

#[test]
fn a_callback_reaches_the_program_that_waits() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, []);
    let mut program = Program::connect(&sandbox);
    program.say(r#"{"type":"REGISTER","state":"state-4711"}"#);
    relay.logged("registered");
    let reader = std::thread::spawn(move || program.hear());
    let (status, page) = relay.get("/oauth/callback?code=canary-code&state=state-4711");
    assert_eq!(
        reader.join().unwrap(),
        "{\"type\":\"DELIVER\",\"state\":\"state-4711\",\"code\":\"canary-code\"}\n"
    );
    assert_eq!(status, 200, "{page}");
    assert!(page.contains("Authorization Complete"), "{page}");
    relay.logged("delivered");
    relay.running.signal(rustix::process::Signal::TERM);
    let finished = relay.running.finish().ended_with(0);
    assert_eq!(finished.stdout, "");
    finished.keeps_secret("canary-code");
    finished.keeps_secret("state-4711");
}

#[test]
fn metrics_are_on_their_own_address_alone() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, ["--metrics-listen", "127.0.0.1:0"]);
    assert_eq!(relay.get("/metrics").0, 404);
    assert_eq!(relay.get("/healthz").0, 200);
    let url = place(&relay.running, "Metrics");
    let address = url.strip_prefix("http://").unwrap();
    let address = address.strip_suffix("/metrics").unwrap();
    let request = |path: &str, host: &str| {
        ask(
            address,
            &format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
        )
    };
    let (status, page) = request("/metrics", address);
    assert_eq!(status, 200);
    assert!(
        page.contains("application/openmetrics-text; version=1.0.0"),
        "{page}"
    );
    let health = "oarlock_http_requests_total{route=\"health\",status=\"200\"} 1";
    assert!(page.contains(health) && page.ends_with("# EOF\n"), "{page}");
    assert_eq!(request("/healthz", address).0, 404);
    assert_eq!(request("/metrics", "evil.example").0, 421);
}

#[test]
fn a_log_for_machines_has_objects_alone() {
    let sandbox = Sandbox::new();
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"];
    let running = sandbox.oarlock(arguments).spawn();
    let http = running.told(|line| {
        let event: serde_json::Value = serde_json::from_str(line).ok()?;
        Some(event.get("http")?.as_str()?.to_owned())
    });
    let request = format!(
        "GET /oauth/callback?code=canary-code&state=a%0Ab HTTP/1.1\r\nHost: {http}\r\nConnection: close\r\n\r\n"
    );
    ask(&http, &request);
    running.signal(rustix::process::Signal::INT);
    let finished = running.finish().ended_with(0);
    for line in finished.stderr.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(event["time"].as_str().unwrap().ends_with('Z'), "{line}");
        assert!(
            event["level"].is_string() && event["message"].is_string(),
            "{line}"
        );
    }
    finished.keeps_secret("canary-code");
}
