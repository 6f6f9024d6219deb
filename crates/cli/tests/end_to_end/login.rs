//! `oarlock login` by every way.

use std::time::Duration;

use oarlock_testkit::{
    AuthorizationServer, Callback, Client, DEFAULT_CLIENT_ID, Endpoint, FakeBrowser, Fault, Server,
};
use serde_json::Value;

use crate::sandbox::{Sandbox, mode, server};

/// A provider called `work` at this server, with a client id.
fn configure(sandbox: &Sandbox, server: &Server) {
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
}

/// What every login that worked leaves behind.
#[track_caller]
fn is_logged_in(sandbox: &Sandbox, server: &Server) -> Value {
    let stored = sandbox.stored();
    assert!(server.takes_access_token(stored["access_token"].as_str().unwrap()));
    assert_eq!(mode(&sandbox.credential_file()), 0o600);
    let token = sandbox.run(["token", "work"]).ended_with(0);
    assert_eq!(
        token.stdout.trim_end(),
        stored["access_token"].as_str().unwrap()
    );
    stored
}

/// A browser may be signed in as somebody else than one thinks.
#[test]
fn another_person_in_the_same_account_is_told() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    let log_in = |user: &str| {
        let browser = format!("{} %s --user {user}", browser.display());
        sandbox
            .run(["login", "work", "--flow", "loopback", "--browser", &browser])
            .ended_with(0)
    };
    assert!(!log_in("alice").stderr.contains("replaces"));
    assert!(!log_in("alice").stderr.contains("replaces"));
    let finished = log_in("bob");
    assert!(
        finished
            .stderr
            .contains("bob@example.com's and replaces that of alice@example.com"),
        "{finished:?}"
    );
}

#[test]
fn by_loopback_with_a_browser_of_the_users() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    let finished = sandbox
        .run([
            "login",
            "work",
            "--flow",
            "loopback",
            "--browser",
            browser.to_str().unwrap(),
        ])
        .ended_with(0);
    assert_eq!(
        finished.stdout, "",
        "the result of a login is the stored credential"
    );
    assert!(
        finished
            .stderr
            .contains("Logged in to work as alice@example.com"),
        "{finished:?}"
    );
    let stored = is_logged_in(&sandbox, &server);
    assert_eq!(stored["identity"], "alice@example.com");
    let authorization = &server.requests_to(Endpoint::Authorize)[0];
    assert_eq!(authorization.query("code_challenge_method"), Some("S256"));
    let exchange = &server.grants_of("authorization_code")[0];
    let verifier = exchange.form("code_verifier").unwrap();
    assert!(
        !authorization.contains(verifier),
        "the verifier is in no address"
    );
    assert_ne!(authorization.query("state"), authorization.query("nonce"));
    finished.keeps_secret(verifier);
    finished.keeps_secret(exchange.form("code").unwrap());
}

#[test]
fn by_loopback_with_a_browser_opened_by_hand() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock([
            "login",
            "work",
            "--flow",
            "loopback",
            "--no-browser",
            "--json",
        ])
        .spawn();
    let visit = FakeBrowser::new()
        .user("bob")
        .visit_blocking(&running.login_address())
        .unwrap();
    assert_eq!(visit.status, 200);
    assert!(visit.page.contains("Logged in"), "{}", visit.page);
    let finished = running.finish().ended_with(0);
    let json = finished.json();
    assert_eq!(json["provider"], "work");
    assert_eq!(json["account"], "default");
    assert_eq!(json["identity"], "bob@example.com");
    assert_eq!(json["refreshable"], true);
    let stored = is_logged_in(&sandbox, &server);
    finished.keeps_secret(stored["access_token"].as_str().unwrap());
    finished.keeps_secret(stored["refresh_token"].as_str().unwrap());
}

#[test]
fn hostile_10_wrong_requests_to_the_redirect_do_not_end_the_login() {
    for callback in Callback::all() {
        let (sandbox, server) = (Sandbox::new(), server());
        configure(&sandbox, &server);
        let running = sandbox
            .oarlock(["login", "work", "--flow", "loopback", "--no-browser"])
            .spawn();
        let visit = FakeBrowser::new()
            .callback(callback)
            .visit_blocking(&running.login_address())
            .unwrap();
        if callback != Callback::Twice {
            assert!(
                visit
                    .wrong
                    .iter()
                    .all(|status| *status >= 400 || *status == 0),
                "{callback:?}: {:?}",
                visit.wrong
            );
        }
        running.finish().ended_with(0);
        is_logged_in(&sandbox, &server);
        assert_eq!(
            server.grants_of("authorization_code").len(),
            1,
            "{callback:?}: one exchange"
        );
    }
}

#[test]
fn by_an_issuers_address_with_registration() {
    let (sandbox, server) = (Sandbox::new(), server());
    let running = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
        ])
        .spawn();
    FakeBrowser::new()
        .visit_blocking(&running.login_address())
        .unwrap();
    running.finish().ended_with(0);
    assert_eq!(server.count(Endpoint::Register), 1);
    let token = sandbox.run(["token", server.issuer()]).ended_with(0);
    assert_eq!(
        sandbox.run(["token"]).ended_with(0).stdout,
        token.stdout,
        "the only login needs no name"
    );
    // A second login uses the registration of the first.
    let running = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
        ])
        .spawn();
    FakeBrowser::new()
        .visit_blocking(&running.login_address())
        .unwrap();
    running.finish().ended_with(0);
    assert_eq!(server.count(Endpoint::Register), 1);
}

#[test]
fn on_ports_of_the_users() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let ports = format!("{},{free}", taken.local_addr().unwrap().port());
    let running = sandbox
        .oarlock([
            "login",
            "work",
            "--flow",
            "loopback",
            "--no-browser",
            "--port",
            &ports,
        ])
        .spawn();
    let address = running.login_address();
    let (_, redirect) = address
        .query_pairs()
        .find(|(name, _)| name == "redirect_uri")
        .unwrap();
    assert_eq!(redirect, format!("http://127.0.0.1:{free}/callback"));
    FakeBrowser::new().visit_blocking(&address).unwrap();
    running.finish().ended_with(0);
}

#[test]
fn by_pasting_the_address_or_the_query() {
    for whole in [true, false] {
        let (sandbox, server) = (Sandbox::new(), server());
        configure(&sandbox, &server);
        // What is pasted is known only after the address was shown, so the pipe stays open.
        let mut running = sandbox
            .oarlock(["login", "work", "--flow", "paste", "--no-browser"])
            .spawn_with_input();
        let visit = FakeBrowser::new()
            .stop_at_redirect()
            .visit_blocking(&running.login_address())
            .unwrap();
        let redirect = visit.redirect.unwrap();
        running.type_line(if whole {
            redirect.as_str()
        } else {
            redirect.query().unwrap()
        });
        let finished = running.finish().ended_with(0);
        is_logged_in(&sandbox, &server);
        let code = redirect
            .query_pairs()
            .find(|(name, _)| name == "code")
            .unwrap()
            .1
            .into_owned();
        finished.keeps_secret(&code);
    }
}

#[test]
fn pasting_another_logins_answer_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let mut running = sandbox
        .oarlock(["login", "work", "--flow", "paste", "--no-browser"])
        .spawn_with_input();
    running.login_address();
    running.type_line("http://127.0.0.1:1/callback?code=stolen&state=of-another-login");
    let finished = running.finish().ended_with(1);
    assert!(finished.stderr.contains("error: "), "{finished:?}");
    assert_eq!(server.count(Endpoint::Token), 0);
    assert!(
        sandbox
            .credential_names()
            .iter()
            .all(|name| !name.ends_with(".json"))
    );
}

#[test]
fn by_device_code() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .device_interval(Duration::from_secs(1))
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock(["login", "work", "--flow", "device", "--no-browser"])
        .spawn();
    let code = running.told(user_code);
    assert!(server.approve_device(&code));
    running.finish().ended_with(0);
    is_logged_in(&sandbox, &server);
}

/// `BCDF-GHJK` on a line of its own.
fn user_code(line: &str) -> Option<String> {
    let line = line.trim();
    let is_code = line.len() == 9
        && line.chars().enumerate().all(|(at, c)| {
            if at == 4 {
                c == '-'
            } else {
                c.is_ascii_uppercase()
            }
        });
    is_code.then(|| line.to_owned())
}

#[test]
fn a_device_that_is_told_to_slow_down_waits() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .device_interval(Duration::from_secs(1))
        .faults(Fault::SlowDownWithInterval)
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock(["login", "work", "--flow", "device", "--no-browser"])
        .spawn();
    server.approve_device(&running.told(user_code));
    running.finish().ended_with(0);
    let polls = server.requests_to(Endpoint::Token);
    assert_eq!(polls.len(), 2);
    assert!(
        polls[1].at - polls[0].at >= Duration::from_secs(2),
        "{polls:?}"
    );
}

#[test]
fn a_qr_code_means_another_device() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .device_interval(Duration::from_secs(1))
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock(["login", "work", "--qr", "--no-browser"])
        .spawn();
    server.approve_device(&running.told(user_code));
    let finished = running.finish().ended_with(0);
    assert!(
        finished.stderr.contains('█') || finished.stderr.contains('▀'),
        "{finished:?}"
    );
}

#[test]
fn by_client_credentials() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .client(Client::confidential("robot", "s3cret/+ %"))
        .start_blocking()
        .unwrap();
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"robot\"\nclient_secret_env = \"ROBOT\"\n",
        server.issuer()
    ));
    let finished = sandbox
        .oarlock([
            "login",
            "work",
            "--flow",
            "client-credentials",
            "--scope",
            "read",
            "--scope",
            "write",
        ])
        .environment("ROBOT", "s3cret/+ %")
        .run()
        .ended_with(0);
    finished.keeps_secret("s3cret/+ %");
    let first = is_logged_in(&sandbox, &server);
    assert_eq!(first["scope"], "read write");
    assert_eq!(first["refresh_token"], Value::Null);
    // Without a refresh token it asks again as itself.
    let second = sandbox
        .oarlock(["token", "work", "--force-refresh"])
        .environment("ROBOT", "s3cret/+ %")
        .run()
        .ended_with(0);
    assert_ne!(
        second.stdout.trim_end(),
        first["access_token"].as_str().unwrap()
    );
    assert_eq!(server.grants_of("client_credentials").len(), 2);
}

#[test]
fn the_secret_may_come_by_standard_input() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .client(Client::confidential("robot", "s3cret"))
        .start_blocking()
        .unwrap();
    let arguments = [
        "login",
        server.issuer(),
        "--flow",
        "client-credentials",
        "--client-id",
        "robot",
        "--client-secret-file",
        "-",
    ];
    sandbox
        .oarlock(arguments)
        .input("s3cret\n")
        .run()
        .ended_with(0);
    // What was given once is remembered with the login.
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
}

#[test]
fn without_any_way_it_says_so() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .without(Endpoint::DeviceAuthorization)
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let finished = sandbox
        .oarlock(["login", "work"])
        .environment("SSH_TTY", "/dev/pts/9")
        .run()
        .ended_with(2);
    assert!(finished.stderr.contains("--flow"), "{finished:?}");
}

#[test]
fn over_ssh_the_device_code_is_chosen() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .device_interval(Duration::from_secs(1))
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock(["login", "work"])
        .environment("SSH_TTY", "/dev/pts/9")
        .environment("DISPLAY", ":10")
        .spawn();
    server.approve_device(&running.told(user_code));
    running.finish().ended_with(0);
}

#[test]
fn ctrl_c_while_waiting_cancels_and_stores_nothing() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock(["login", "work", "--flow", "loopback", "--no-browser"])
        .spawn();
    running.told(|line| line.contains("Ctrl-C").then_some(()));
    running.signal(rustix::process::Signal::INT);
    running.finish().ended_with(130);
    assert!(
        sandbox
            .credential_names()
            .iter()
            .all(|name| !name.ends_with(".json"))
    );
}
