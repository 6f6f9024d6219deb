//! What is said when a command fails: what happened, then what to do. People read it, so it is kept as it is.

use oarlock_testkit::{
    AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint, FakeBrowser, Fault, Server,
};

use crate::sandbox::{Finished, Sandbox, StoredLogin, server};

fn configure(sandbox: &Sandbox, server: &Server) {
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n",
        server.issuer()
    ));
}

/// Exit code and standard error, with what differs from run to run under a name.
fn shown(finished: &Finished, names: &[(&str, &str)]) -> String {
    assert_eq!(finished.stdout, "", "{finished:?}");
    let mut text = String::new();
    for line in finished.stderr.lines() {
        // The address of a login has random values in it.
        let is_login = line.contains("code_challenge=");
        text.push_str(if is_login { "ADDRESS" } else { line });
        text.push('\n');
    }
    for (value, name) in names {
        text = text.replace(value, name);
    }
    format!("exit {}\n{text}", finished.code())
}

#[test]
fn login_with_nothing_configured() {
    let finished = Sandbox::new().run(["login"]);
    insta::assert_snapshot!(shown(&finished, &[]));
}

#[test]
fn login_at_another_issuers_metadata() {
    let (sandbox, server) = (Sandbox::new(), server());
    server.set_faults(Fault::MetadataWrongIssuer);
    let finished = sandbox.run(["login", server.issuer()]);
    insta::assert_snapshot!(shown(&finished, &[(server.issuer(), "ISSUER")]));
}

#[test]
fn login_at_an_issuer_written_otherwise() {
    let (sandbox, server) = (Sandbox::new(), server());
    let finished = sandbox.run(["login", &format!("{}/", server.issuer())]);
    insta::assert_snapshot!(shown(&finished, &[(server.issuer(), "ISSUER")]));
}

#[test]
fn login_at_an_address_without_metadata() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .without(Endpoint::Metadata)
        .start_blocking()
        .unwrap();
    let finished = sandbox.run(["login", server.issuer()]);
    insta::assert_snapshot!(shown(&finished, &[(server.issuer(), "ISSUER")]));
}

#[test]
fn login_with_a_taken_port() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let finished = sandbox.run(["login", "work", "--flow", "loopback", "--port", &port]);
    insta::assert_snapshot!(shown(&finished, &[(&port, "PORT")]));
}

#[test]
fn login_without_network() {
    let sandbox = Sandbox::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let finished = sandbox.run(["login", &format!("http://{nobody}")]);
    insta::assert_snapshot!(shown(&finished, &[(&nobody.to_string(), "ADDRESS")]));
}

#[test]
fn login_that_is_denied() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let running = sandbox
        .oarlock(["login", "work", "--flow", "loopback", "--no-browser"])
        .spawn();
    let visit = FakeBrowser::new()
        .deny()
        .visit_blocking(&running.login_address())
        .unwrap();
    assert!(visit.page.contains("denied"), "{}", visit.page);
    insta::assert_snapshot!(shown(&running.finish(), &[]));
}

#[test]
fn login_by_device_that_is_denied() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .device_interval(std::time::Duration::from_secs(1))
        .faults(Fault::DeviceDenied)
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let finished = sandbox.run(["login", "work", "--flow", "device", "--no-browser"]);
    let codes: Vec<&str> = finished
        .stderr
        .split_whitespace()
        .filter(|word| word.len() == 9 && word.get(4..5) == Some("-"))
        .collect();
    insta::assert_snapshot!(shown(
        &finished,
        &[(server.issuer(), "ISSUER"), (codes[0], "CODE")]
    ));
}

#[test]
fn login_that_nobody_finishes() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server);
    let finished = sandbox.run([
        "login",
        "work",
        "--flow",
        "loopback",
        "--no-browser",
        "--timeout",
        "1s",
    ]);
    insta::assert_snapshot!(shown(&finished, &[]));
}

#[test]
fn login_by_device_that_nobody_finishes() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .device_interval(std::time::Duration::from_secs(1))
        .faults(Fault::DeviceExpiresAtOnce)
        .start_blocking()
        .unwrap();
    configure(&sandbox, &server);
    let finished = sandbox
        .run(["login", "work", "--flow", "device", "--no-browser"])
        .ended_with(6);
    assert!(
        finished.stderr.contains("Run the same command again"),
        "{finished:?}"
    );
}

#[test]
fn login_without_a_client_id() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .without(Endpoint::Register)
        .start_blocking()
        .unwrap();
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\n",
        server.issuer()
    ));
    insta::assert_snapshot!(shown(&sandbox.run(["login", "work"]), &[]));
}

#[test]
fn login_with_a_client_id_that_is_wrong() {
    let (sandbox, server) = (Sandbox::new(), server());
    let running = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--client-id",
            "nobody",
            "--flow",
            "device",
            "--no-browser",
        ])
        .spawn();
    let finished = running.finish();
    insta::assert_snapshot!(shown(
        &finished,
        &[
            (server.issuer(), "ISSUER"),
            (&server.address().port().to_string(), "PORT")
        ]
    ));
}

#[test]
fn login_where_registration_is_refused() {
    let (sandbox, server) = (Sandbox::new(), server());
    server.set_faults(Fault::RegistrationRefused);
    let finished = sandbox.run(["login", server.issuer(), "--flow", "loopback"]);
    insta::assert_snapshot!(shown(
        &finished,
        &[(&server.address().port().to_string(), "PORT")]
    ));
}

#[test]
fn a_provider_that_is_nearly_right() {
    insta::assert_snapshot!(shown(&Sandbox::new().run(["token", "githab"]), &[]));
}

#[test]
fn nobody_is_logged_in() {
    insta::assert_snapshot!(shown(&Sandbox::new().run(["token", "github"]), &[]));
}

#[test]
fn a_login_that_is_over() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    server.revoke_all();
    insta::assert_snapshot!(shown(&sandbox.run(["token"]), &[]));
}

#[test]
fn a_key_that_is_nearly_right() {
    let sandbox = Sandbox::new();
    sandbox.configure("[providers.work]\nisuer = \"https://a.example\"\n");
    let home = sandbox.home().display().to_string();
    insta::assert_snapshot!(shown(&sandbox.run(["status"]), &[(&home, "HOME")]));
}

#[test]
fn an_address_that_is_not_encrypted() {
    insta::assert_snapshot!(shown(
        &Sandbox::new().run(["login", "http://login.example.com"]),
        &[]
    ));
}

#[test]
fn a_home_that_is_not_absolute() {
    let finished = Sandbox::new()
        .oarlock(["status"])
        .environment("OARLOCK_HOME", "here")
        .run();
    insta::assert_snapshot!(shown(&finished, &[]));
}

#[test]
fn no_home_at_all() {
    let finished = Sandbox::new()
        .oarlock(["status"])
        .environment("OARLOCK_HOME", "")
        .run();
    insta::assert_snapshot!(shown(&finished, &[]));
}

#[test]
fn a_command_line_that_is_wrong() {
    for arguments in [
        vec!["logn"],
        vec!["login", "--flow", "telepathy"],
        vec!["token", "--json", "--header"],
        vec!["login", "--timeout", "soon"],
        vec!["login", "--port", "70000"],
    ] {
        let finished = Sandbox::new().run(arguments.iter().copied()).ended_with(2);
        assert!(
            finished.stderr.contains("error: ") && finished.stderr.contains("--help"),
            "{arguments:?}: {finished:?}"
        );
    }
}
