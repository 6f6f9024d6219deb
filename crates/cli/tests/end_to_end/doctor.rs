//! `oarlock doctor`.

use std::{fs, os::unix::fs::PermissionsExt as _};

use oarlock_testkit::{AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint, Fault, Faults, Server};
use serde_json::Value;

use crate::sandbox::{Sandbox, StoredLogin, server, write_private};

fn configure(sandbox: &Sandbox, server: &Server, more: &str) {
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"{DEFAULT_CLIENT_ID}\"\n{more}",
        server.issuer()
    ));
}

/// The checks of this name.
fn checks<'a>(report: &'a Value, name: &str) -> Vec<&'a Value> {
    report["checks"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|check| check["check"] == name)
        .collect()
}

/// Insists on how the only check of this name came out.
#[track_caller]
fn came_out(report: &Value, name: &str, result: &str) -> String {
    let found = checks(report, name);
    assert_eq!(found.len(), 1, "{name}: {report:#}");
    assert_eq!(found[0]["result"], result, "{name}: {report:#}");
    found[0]["detail"].as_str().unwrap().to_owned()
}

fn report(sandbox: &Sandbox, code: i32) -> Value {
    sandbox
        .run(["doctor", "work", "--json"])
        .ended_with(code)
        .json()
}

#[test]
fn a_healthy_place_has_no_problem() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server, "");
    let login = StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox
        .oarlock(["doctor", "--json"])
        .environment("BROWSER", "/bin/true")
        .run()
        .ended_with(0);
    let report = finished.json();
    assert_eq!(
        (
            &report["provider"],
            &report["problems"],
            &report["warnings"]
        ),
        (&"work".into(), &0.into(), &0.into()),
        "{report:#}"
    );
    for name in [
        "place",
        "terminal",
        "browser",
        "proxy",
        "credentials-directory",
        "credential-files",
        "configuration",
        "provider",
        "login",
        "source",
    ] {
        came_out(&report, name, "ok");
    }
    for name in [
        "connection",
        "metadata",
        "issuer",
        "pkce",
        "keys",
        "token-endpoint",
        "clock",
        "client-id",
        "redirect-port",
        "flow",
    ] {
        came_out(&report, name, "ok");
    }
    finished.keeps_secret(&login.access_token());
    let text = sandbox.run(["doctor", "work"]).ended_with(0).stdout;
    assert!(text.ends_with("\nNo problem was found.\n"), "{text}");
    assert!(
        text.contains("\nok: token endpoint: It answers.\n"),
        "{text}"
    );
    assert_eq!(
        server.count(Endpoint::Authorize) + server.count(Endpoint::Register),
        0,
        "nobody is logged in by it"
    );
}

#[test]
fn nothing_is_left_behind() {
    let sandbox = Sandbox::new();
    let finished = sandbox.run(["doctor"]).ended_with(0);
    assert!(
        finished
            .stdout
            .contains("oarlock doctor https://login.example.com"),
        "{finished:?}"
    );
    assert_eq!(fs::read_dir(sandbox.home()).unwrap().count(), 0);
    let below = sandbox.path("not/there/yet");
    sandbox
        .oarlock(["doctor"])
        .environment("OARLOCK_HOME", below.to_str().unwrap())
        .run()
        .ended_with(0);
    assert!(!sandbox.path("not").exists());
    let server = server();
    StoredLogin::at(&server).write(&sandbox);
    sandbox.run(["doctor"]).ended_with(0);
    assert_eq!(sandbox.credential_names(), ["work@default.json"]);
}

#[test]
fn every_check_is_made_whatever_the_others_find() {
    let (sandbox, server) = (Sandbox::new(), server());
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    configure(
        &sandbox,
        &server,
        &format!("redirect = {{ ports = [{port}] }}\n"),
    );
    StoredLogin::at(&server)
        .account("old")
        .expired()
        .without_refresh_token()
        .write(&sandbox);
    StoredLogin::at(&server).write(&sandbox);
    fs::set_permissions(sandbox.credential_file(), fs::Permissions::from_mode(0o644)).unwrap();
    write_private(&sandbox.credentials().join("work@old.json.recovery"), "{}");
    server.set_faults([Fault::MetadataWrongIssuer, Fault::ClockFast]);
    let report = report(&sandbox, 1);
    let files = checks(&report, "credential-files");
    let refused = files
        .iter()
        .find(|check| check["result"] == "problem")
        .unwrap();
    assert_eq!(
        refused["command"],
        format!("chmod 600 '{}'", sandbox.credential_file().display())
    );
    came_out(&report, "recovery-copies", "warning");
    came_out(&report, "issuer", "problem");
    came_out(&report, "redirect-port", "problem");
    let ended = checks(&report, "login")
        .into_iter()
        .find(|check| check["result"] == "problem")
        .unwrap();
    assert_eq!(ended["command"], "oarlock login work -a old");
    assert!(report["problems"].as_u64().unwrap() >= 4, "{report:#}");
}

#[test]
fn without_network_the_rest_is_checked() {
    let sandbox = Sandbox::new();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"http://{nobody}\"\nclient_id = \"x\"\n"
    ));
    let report = report(&sandbox, 1);
    let detail = came_out(&report, "connection", "problem");
    assert!(detail.contains(&nobody.to_string()), "{detail}");
    for name in ["metadata", "keys", "token-endpoint", "clock", "flow"] {
        came_out(&report, name, "skipped");
    }
    came_out(&report, "credentials-directory", "ok");
    came_out(&report, "client-id", "ok");
    came_out(&report, "redirect-port", "ok");
    assert_eq!(
        report["problems"], 1,
        "one cause is one problem: {report:#}"
    );
}

#[test]
fn a_wrong_configuration_is_said_and_the_rest_checked() {
    let sandbox = Sandbox::new();
    sandbox.configure("[network]\ntimeot = 3\n");
    let report = report(&sandbox, 2);
    let detail = came_out(&report, "configuration", "problem");
    assert!(
        detail.contains("timeot") && detail.contains("timeout"),
        "{detail}"
    );
    came_out(&report, "credentials-directory", "ok");
    came_out(&report, "place", "ok");
    came_out(&report, "provider", "skipped");
    sandbox.configure("");
    fs::set_permissions(
        sandbox.home().join("config.toml"),
        fs::Permissions::from_mode(0o644),
    )
    .unwrap();
    let finished = sandbox.run(["doctor", "--json"]).ended_with(2);
    let refused = checks(&finished.json(), "configuration")[0].clone();
    assert_eq!(
        refused["command"],
        format!(
            "chmod 600 '{}'",
            sandbox.home().join("config.toml").display()
        )
    );
}

#[test]
fn a_variable_that_hides_the_login_is_said() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server, "");
    StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox
        .oarlock(["doctor", "work", "--json"])
        .environment("OARLOCK_TOKEN_WORK", "canary")
        .run()
        .ended_with(0);
    let detail = came_out(&finished.json(), "source", "warning");
    assert!(detail.contains("OARLOCK_TOKEN_WORK"), "{detail}");
    finished.keeps_secret("canary");
}

#[test]
fn a_clock_that_differs_is_said() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server, "");
    server.set_faults(Fault::ClockFast);
    let detail = came_out(&report(&sandbox, 0), "clock", "warning");
    assert!(
        detail.contains("minutes") && detail.contains("behind"),
        "{detail}"
    );
}

#[test]
fn what_the_provider_lacks_is_said() {
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .without(Endpoint::Register)
        .start_blocking()
        .unwrap();
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\n",
        server.issuer()
    ));
    came_out(&report(&sandbox, 2), "client-id", "problem");
    configure(&sandbox, &server, "");
    server.set_faults(Fault::PkceNotSupported);
    came_out(&report(&sandbox, 1), "pkce", "problem");
    server.set_faults(Faults::none().and_at(Fault::Prose500, Endpoint::Jwks));
    came_out(&report(&sandbox, 1), "keys", "problem");
    server.set_faults(Fault::MetadataPrivateEndpoints);
    let found = report(&sandbox, 1);
    let detail = came_out(&found, "token-endpoint", "problem");
    assert!(detail.contains("private address"), "{detail}");
}

#[test]
fn the_place_and_the_way_are_told() {
    let (sandbox, server) = (Sandbox::new(), server());
    configure(&sandbox, &server, "");
    let look = |variables: &[(&str, &str)]| {
        let mut call = sandbox.oarlock(["doctor", "work", "--json"]);
        for (name, value) in variables {
            call.environment(name, value);
        }
        call.run().ended_with(0).json()
    };
    let remote = look(&[("SSH_TTY", "/dev/pts/1")]);
    assert!(came_out(&remote, "place", "ok").contains("SSH"));
    assert!(came_out(&remote, "flow", "ok").contains("another device"));
    let desktop = look(&[("DISPLAY", ":0"), ("BROWSER", "/bin/true")]);
    assert!(came_out(&desktop, "flow", "ok").contains("port"));
    let wrong = look(&[("BROWSER", "/no/such/browser")]);
    came_out(&wrong, "browser", "warning");
    let proxied = look(&[
        ("https_proxy", "http://ada:canary@proxy.example:3128"),
        ("NO_PROXY", "intern.example"),
    ]);
    let detail = came_out(&proxied, "proxy", "ok");
    assert!(
        detail.contains("http://proxy.example:3128") && detail.contains("intern.example"),
        "{detail}"
    );
    assert!(!detail.contains("canary"), "{detail}");
}

#[test]
fn a_provider_nobody_knows_is_a_problem() {
    let finished = Sandbox::new()
        .run(["doctor", "githab", "--json"])
        .ended_with(2);
    let detail = came_out(&finished.json(), "provider", "problem");
    assert!(detail.contains("github"), "{detail}");
}

#[test]
fn an_issuers_address_needs_no_configuration() {
    let (sandbox, server) = (Sandbox::new(), server());
    let finished = sandbox
        .run(["doctor", server.issuer(), "--json"])
        .ended_with(0);
    let detail = came_out(&finished.json(), "client-id", "ok");
    assert!(detail.contains("registers"), "{detail}");
    assert_eq!(server.count(Endpoint::Register), 0);
}
