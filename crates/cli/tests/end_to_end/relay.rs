//! `oarlock wait` and `oarlock login --flow relay`, with `oarlock serve` between them and the browser.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    net::TcpStream,
    process::Stdio,
    time::Duration,
};

use oarlock_testkit::{Client, Endpoint, FakeBrowser, Fault};
use rustix::process::Signal;
use serde_json::json;
use url::Url;

use crate::sandbox::{Finished, Running, Sandbox, server, write_private};

const STATE: &str = "canary-state-0123456789";

/// A relay of the sandbox's home, and where browsers come to.
struct Relay {
    running: Running,
    callback: Url,
}

impl Relay {
    fn start(sandbox: &Sandbox) -> Self {
        let running = sandbox
            .oarlock(["serve", "--relay", "--listen", "127.0.0.1:0"])
            .spawn();
        let callback = running.told(|line| {
            let place = line.trim().strip_prefix("Callback")?;
            Url::parse(place.trim()).ok()
        });
        running.told(|line| line.contains("relay listening on").then_some(()));
        Self { running, callback }
    }

    fn address(&self) -> String {
        self.callback.origin().ascii_serialization()
    }

    /// A browser that comes with this query; status and page.
    fn visit(&self, query: &str) -> (u16, String) {
        let mut url = self.callback.clone();
        url.set_query(Some(query));
        get(&url)
    }
}

fn get(url: &Url) -> (u16, String) {
    let place = (url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(place).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let target = &url[url::Position::BeforePath..];
    let host = format!("{}:{}", place.0, place.1);
    let request = format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    (status, answer)
}

/// `wait`, registered.
fn waiting(sandbox: &Sandbox, more: &[&str]) -> Running {
    let running = sandbox
        .oarlock(["wait"])
        .arguments(more.iter().copied())
        .spawn();
    registered(&running);
    running
}

fn registered(running: &Running) {
    running.told(|line| line.starts_with("Waiting for").then_some(()));
}

/// What `wait --json` prints.
pub(crate) fn printed_as_json(sandbox: &Sandbox) -> Finished {
    let relay = Relay::start(sandbox);
    let running = waiting(sandbox, &["--state", STATE, "--json"]);
    relay.visit(&format!("code=c&state={STATE}"));
    running.finish()
}

#[test]
fn the_code_is_printed_and_the_browser_told() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let running = waiting(&sandbox, &["--state", STATE]);
    let (status, page) = relay.visit(&format!("code=canary-code&state={STATE}"));
    let finished = running.finish().ended_with(0);
    assert_eq!(finished.stdout, "canary-code\n");
    assert!(
        finished.stderr.contains(relay.callback.as_str()),
        "{finished:?}"
    );
    assert_eq!(status, 200, "{page}");
    assert!(
        page.contains("Authorization Complete") && !page.contains("canary"),
        "{page}"
    );
    finished.keeps_secret_on_stderr("canary");
    relay.running.signal(Signal::TERM);
    let stopped = relay.running.finish().ended_with(0);
    stopped.keeps_secret("canary");
}

#[test]
fn the_state_can_come_by_standard_input_and_without_one_there_is_a_slot() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let mut call = sandbox.oarlock(["wait", "--state", "-", "--json"]);
    let running = call.input(&format!("{STATE}\n")).spawn();
    registered(&running);
    relay.visit(&format!("code=c&state={STATE}&iss=https://op.example"));
    let printed = running.finish().ended_with(0).json();
    let parameters = json!({"code": "c", "state": STATE, "iss": "https://op.example"});
    assert_eq!(
        printed,
        json!({"code": "c", "state": STATE, "parameters": parameters})
    );

    let running = waiting(&sandbox, &["--json"]);
    relay.visit("code=slot");
    let printed = running.finish().ended_with(0).json();
    assert_eq!(
        printed,
        json!({"code": "slot", "state": null, "parameters": {"code": "slot"}})
    );
}

#[test]
fn a_denial_has_its_exit_code_and_its_page() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    for json in [false, true] {
        let more: &[&str] = if json { &["--json"] } else { &[] };
        let state = format!("{STATE}-{json}");
        let running = waiting(&sandbox, &[&["--state", &state], more].concat());
        let (_, page) = relay.visit(&format!(
            "error=access_denied&error_description=no+way&state={state}"
        ));
        let finished = running.finish().ended_with(5);
        assert!(
            finished.stderr.contains("access_denied: no way"),
            "{finished:?}"
        );
        assert!(!page.contains("Authorization Complete"), "{page}");
        if json {
            assert_eq!(finished.json()["parameters"]["error"], "access_denied");
        } else {
            assert_eq!(finished.stdout, "");
        }
    }
}

#[test]
fn a_callback_without_a_code_is_for_json() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let running = waiting(&sandbox, &["--state", STATE]);
    let (status, page) = relay.visit(&format!("token=canary&state={STATE}"));
    let finished = running.finish().ended_with(1);
    assert!(finished.stderr.contains("no code") && finished.stderr.contains("--json"));
    finished.keeps_secret("canary&");
    assert_ne!(status, 200, "{page}");
    let running = waiting(&sandbox, &["--state", "another", "--json"]);
    let (status, _) = relay.visit("token=canary&state=another");
    let printed = running.finish().ended_with(0).json();
    assert_eq!(printed["parameters"]["token"], "canary");
    assert_eq!(status, 200);
}

#[test]
fn hostile_06_a_code_that_steers_terminals_is_not_printed() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let running = waiting(&sandbox, &["--state", STATE]);
    let (status, _) = relay.visit(&format!("code=a%E2%80%AEb&state={STATE}"));
    assert_ne!(status, 200);
    let finished = running.finish().ended_with(1);
    assert_eq!(finished.stdout, "");
    assert!(!finished.stderr.contains('\u{202e}'), "{finished:?}");
}

#[test]
fn hostile_33_a_code_that_cannot_be_printed_did_not_arrive() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let full = File::options().write(true).open("/dev/full").unwrap();
    let (reader, closed) = std::io::pipe().unwrap();
    drop(reader);
    let outputs: [(&str, Stdio); 2] = [("full", full.into()), ("closed", closed.into())];
    for (state, output) in outputs {
        let mut call = sandbox.oarlock(["wait", "--state", state]);
        let running = call.spawn_into(output);
        registered(&running);
        let (status, page) = relay.visit(&format!("code=canary&state={state}"));
        assert_ne!(status, 200, "{state}: {page}");
        assert!(!page.contains("Authorization Complete"), "{state}: {page}");
        let finished = running.finish().ended_with(1);
        finished.keeps_secret("canary");
    }
}

#[test]
fn waiting_ends_in_time_by_ctrl_c_or_without_a_relay() {
    let sandbox = Sandbox::new();
    let finished = sandbox.run(["wait", "--state", STATE]).ended_with(3);
    assert!(
        finished
            .stderr
            .contains("Cannot connect to OAuth relay at unix:")
            && finished.stderr.contains("oarlock serve"),
        "{finished:?}"
    );
    let relay = Relay::start(&sandbox);
    let finished = sandbox
        .run(["wait", "--state", STATE, "--timeout", "1"])
        .ended_with(6);
    assert!(
        finished
            .stderr
            .contains("Timeout waiting for OAuth callback after 1s"),
        "{finished:?}"
    );
    for (signal, state) in [(Signal::INT, "first"), (Signal::TERM, "second")] {
        let running = waiting(&sandbox, &["--state", state]);
        running.signal(signal);
        running.finish().ended_with(130);
        // It is free at once, for a program with another secret too.
        let next = waiting(&sandbox, &["--state", state]);
        assert_eq!(relay.visit(&format!("code=c&state={state}")).0, 200);
        next.finish().ended_with(0);
    }
}

#[test]
fn a_wrong_line_says_what_would_be_right() {
    let sandbox = Sandbox::new();
    for (arguments, words) in [
        (vec!["wait", "--relay", "relay:1"], "tcp://127.0.0.1:9999"),
        (vec!["wait", "--state", ""], "1 to 4096 bytes"),
        (vec!["wait", "--state", "-"], "1 to 4096 bytes"),
        (vec!["wait", "--timeout", "0"], "no time"),
        (
            vec!["login", "x", "--relay", "tcp://a:1", "--flow", "device"],
            "leave --flow out",
        ),
    ] {
        let finished = sandbox.run(arguments.iter().copied()).ended_with(2);
        assert!(
            finished.stderr.contains(words),
            "{arguments:?}: {finished:?}"
        );
    }
}

#[test]
fn hostile_19_a_file_that_everybody_can_write_names_no_relay() {
    use std::os::unix::fs::PermissionsExt as _;
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let folder = sandbox.path("project");
    let elsewhere = sandbox.path("elsewhere/relay.sock");
    write_private(
        &folder.join(".env"),
        &format!("OAUTH_SOCKET_PATH={}\n", elsewhere.display()),
    );
    let run = || {
        sandbox
            .oarlock(["wait", "--state", STATE])
            .directory(&folder)
            .run()
    };
    let finished = run().ended_with(3);
    assert!(
        finished.stderr.contains("elsewhere/relay.sock"),
        "the file is read: {finished:?}"
    );
    let everybody = std::fs::Permissions::from_mode(0o666);
    std::fs::set_permissions(folder.join(".env"), everybody).unwrap();
    let finished = run().ended_with(2);
    assert!(finished.stderr.contains("chmod go-w"), "{finished:?}");
    drop(relay);
}

#[test]
fn a_program_on_another_machine_waits_over_http() {
    let sandbox = Sandbox::new();
    let made = sandbox
        .run(["serve", "--new-token", "laptop"])
        .ended_with(0);
    let token = made.stdout.trim();
    let digest = made
        .stderr
        .lines()
        .find(|line| line.starts_with("sha256"))
        .unwrap();
    let file = format!("[[relay.tokens]]\nname = \"laptop\"\n{digest}\n");
    write_private(&sandbox.home().join("server.toml"), &file);
    let relay = Relay::start(&sandbox);
    let wait = |state: &str, token: Option<&str>| {
        let mut call = sandbox.oarlock(["wait", "--state", state, "--relay", &relay.address()]);
        if let Some(token) = token {
            call.environment("OARLOCK_RELAY_TOKEN", token);
        }
        call.spawn()
    };
    let running = wait(STATE, Some(token));
    registered(&running);
    let (status, _) = relay.visit(&format!("code=canary-code&state={STATE}"));
    assert_eq!(status, 200);
    assert_eq!(running.finish().ended_with(0).stdout, "canary-code\n");

    let running = wait("another", Some(token));
    registered(&running);
    running.signal(Signal::INT);
    running.finish().ended_with(130);
    let next = wait("another", Some(token));
    registered(&next);
    assert_eq!(relay.visit("code=c&state=another").0, 200);
    next.finish().ended_with(0);

    for token in [None, Some("wrong-token")] {
        let finished = wait("third", token).finish().ended_with(1);
        assert!(
            finished.stderr.contains("OARLOCK_RELAY_TOKEN"),
            "{finished:?}"
        );
        finished.keeps_secret("wrong-token");
    }
}

/// A login by the relay, and the address it shows.
fn login(sandbox: &Sandbox, issuer: &str) -> (Running, Url) {
    let mut call = sandbox.oarlock(["login", issuer, "--flow", "relay", "--no-browser"]);
    let running = call.arguments(["--client-id", "headless"]).spawn();
    let address = running.login_address();
    (running, address)
}

fn logged_in(finished: &Finished) {
    assert!(finished.stderr.contains("Logged in to"), "{finished:?}");
    finished.keeps_secret("canary");
}

#[test]
fn a_login_by_the_relay_from_end_to_end() {
    let (sandbox, server) = (Sandbox::new(), server());
    let relay = Relay::start(&sandbox);
    server.register(Client::public("headless").redirect_uris([relay.callback.as_str()]));
    let (running, address) = login(&sandbox, server.issuer());
    let visit = FakeBrowser::new().visit_blocking(&address).unwrap();
    logged_in(&running.finish().ended_with(0));
    assert_eq!(visit.status, 200);
    assert!(
        visit.page.contains("Authorization Complete"),
        "{}",
        visit.page
    );
    let token = sandbox.run(["token"]).ended_with(0).stdout;
    assert!(server.takes_access_token(token.trim()));
}

#[test]
fn hostile_12_the_relays_page_tells_of_a_login_that_was_refused() {
    for fault in [Fault::WrongIss, Fault::MissingIss] {
        let (sandbox, server) = (Sandbox::new(), server());
        let relay = Relay::start(&sandbox);
        server.register(Client::public("headless").redirect_uris([relay.callback.as_str()]));
        server.set_faults(fault);
        let (running, address) = login(&sandbox, server.issuer());
        let visit = FakeBrowser::new().visit_blocking(&address).unwrap();
        running.finish().ended_with(1);
        assert_ne!(visit.status, 200);
        assert!(
            !visit.page.contains("Authorization Complete"),
            "{}",
            visit.page
        );
        assert_eq!(server.count(Endpoint::Token), 0);
    }
}

#[test]
fn hostile_36_a_relay_that_is_started_again_finds_its_programs_waiting() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox);
    let running = waiting(&sandbox, &["--state", STATE]);
    relay.running.signal(Signal::TERM);
    relay.running.finish().ended_with(0);
    let relay = Relay::start(&sandbox);
    let place = format!("code=canary-code&state={STATE}");
    // The program comes back within seconds; until then the browser is told that nobody waits.
    let told = (0..20).find_map(|_| (relay.visit(&place).0 == 200).then_some(()));
    told.expect("it never came back");
    assert_eq!(running.finish().ended_with(0).stdout, "canary-code\n");
}
