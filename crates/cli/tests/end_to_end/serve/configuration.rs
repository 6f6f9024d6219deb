//! What it starts with, and what it does not start with.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, symlink},
};

use super::{Relay, ask};
use crate::sandbox::{Sandbox, write_private};

#[test]
fn with_nothing_configured_it_says_how_to_start() {
    let finished = Sandbox::new().run(["serve"]).ended_with(2);
    assert_eq!(finished.stdout, "");
    for said in [
        "nothing is configured",
        "oarlock serve --relay\n",
        "--public-url https://",
    ] {
        assert!(finished.stderr.contains(said), "{finished:?}");
    }
    for (name, meant) in [
        ("OARLOCK_PUBLIC_ULR", "OARLOCK_PUBLIC_URL"),
        ("OARLOCK_RELAY_ENABELD", "OARLOCK_RELAY_ENABLED"),
    ] {
        let mistyped = Sandbox::new()
            .oarlock(["serve"])
            .environment(name, "x")
            .run()
            .ended_with(2);
        let said = format!("nobody reads {name}; did you mean {meant}?");
        assert!(mistyped.stderr.contains(&said), "{mistyped:?}");
    }
}

#[test]
fn a_check_says_what_would_be_served_and_opens_nothing() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("server.toml");
    write_private(
        &file,
        "public_url = \"https://login.example.com\"\nmetrics_listen = \"127.0.0.1:9464\"\n",
    );
    let finished = sandbox.run(["serve", "--check"]).ended_with(0);
    assert_eq!(finished.stderr, "");
    for said in [
        "HTTP      127.0.0.1:5001\n",
        "Callback  https://login.example.com/oauth/callback\n",
        "home/run/relay.sock\n",
        "Metrics   http://127.0.0.1:9464/metrics\n",
    ] {
        assert!(finished.stdout.contains(said), "{finished:?}");
    }
    assert!(!sandbox.home().join("run").exists());
}

#[test]
fn a_wrong_configuration_opens_nothing() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("server.toml");
    let path = file.to_str().unwrap().to_owned();
    for (text, said) in [
        ("listen = \n", "server.toml, line 1"),
        ("[relay]\nholdd = 1\n", "unknown key \"relay.holdd\""),
        ("listen = \"0.0.0.0:0\"\n", "public_url"),
        ("[relay]\ngrace = \"never\"\n", "relay.grace: write"),
    ] {
        write_private(&file, text);
        let finished = sandbox.run(["serve"]).ended_with(2);
        assert!(
            finished.stderr.contains(&path) && finished.stderr.contains(said),
            "{finished:?}"
        );
    }
    let missing = sandbox
        .run(["serve", "--config", "/none.toml"])
        .ended_with(2);
    assert!(
        missing
            .stderr
            .contains("--config: there is no file /none.toml"),
        "{missing:?}"
    );
    assert!(!sandbox.home().join("run").exists());
}

#[test]
fn hostile_19_a_file_that_others_can_write_is_not_believed() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("server.toml");
    write_private(&file, "listen = \"127.0.0.1:0\"\n");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o646)).unwrap();
    let finished = sandbox.run(["serve"]).ended_with(2);
    assert!(finished.stderr.contains("chmod go-w"), "{finished:?}");
    // It holds no secret, and a container mounts it as a link.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let link = sandbox.path("mounted.toml");
    symlink(&file, &link).unwrap();
    let link = link.to_str().unwrap();
    sandbox
        .run(["serve", "--check", "--config", link])
        .ended_with(0);
}

#[test]
fn a_file_of_the_working_directory_stands_in_for_variables() {
    let sandbox = Sandbox::new();
    let project = sandbox.path("project");
    write_private(
        &project.join(".env"),
        "OAUTH_CALLBACK_PATH=/from-dotenv\nOAUTH_LOG_UNMATCHED=no\n",
    );
    let check = |variables: &[(&str, &str)]| {
        let mut call = sandbox.oarlock(["serve", "--check"]);
        for (name, value) in variables {
            call.environment(name, value);
        }
        call.directory(&project).run()
    };
    let finished = check(&[]).ended_with(0);
    assert!(finished.stdout.contains("/from-dotenv\n"), "{finished:?}");
    let finished = check(&[("OARLOCK_RELAY_CALLBACK_PATH", "/own")]).ended_with(0);
    assert!(finished.stdout.contains("/own\n"), "{finished:?}");
    let both = [
        ("OARLOCK_RELAY_CALLBACK_PATH", "/own"),
        ("OAUTH_CALLBACK_PATH", "/other"),
    ];
    let finished = check(&both).ended_with(0);
    let said = "warning: OARLOCK_RELAY_CALLBACK_PATH and OAUTH_CALLBACK_PATH differ";
    assert!(finished.stderr.contains(said), "{finished:?}");
}

#[test]
fn a_new_token_is_printed_once_and_opens_the_relay_to_its_holder() {
    let sandbox = Sandbox::new();
    let made = sandbox.run(["serve", "--new-token", "ci"]).ended_with(0);
    let token = made.stdout.trim();
    assert_eq!(token.len(), 43, "{made:?}");
    made.keeps_secret_on_stderr(token);
    let entry = made.stderr.split_once("[[").unwrap().1;
    write_private(&sandbox.home().join("server.toml"), &format!("[[{entry}"));
    let relay = Relay::start(&sandbox, []);
    let register = |token: &str| {
        let body = r#"{"secret":"mPbL1Y6yNtGmKXEwZvV4Lg"}"#;
        let request = format!(
            "PUT /relay/registrations/{} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            "A".repeat(43),
            relay.http,
            body.len()
        );
        ask(&relay.http, &request).0
    };
    assert_eq!(register("another-token"), 401);
    assert_eq!(register(token), 201);
    let refused = sandbox.run(["serve", "--new-token", "C I"]).ended_with(2);
    assert!(refused.stderr.contains("write a name"), "{refused:?}");
}

#[test]
fn health_is_asked_of_the_address_that_is_configured() {
    let sandbox = Sandbox::new();
    let relay = Relay::start(&sandbox, []);
    let ask = |address: &str| sandbox.run(["serve", "--health", "--listen", address]);
    ask(&relay.http).ended_with(0);
    let address = relay.http.clone();
    drop(relay);
    let finished = ask(&address).ended_with(1);
    assert!(
        finished
            .stderr
            .contains("does not answer: nobody listens on"),
        "{finished:?}"
    );
    assert_eq!(finished.stdout, "");
}

#[test]
fn a_socket_in_tmp_is_refused_with_the_word_that_allows_it() {
    let sandbox = Sandbox::new();
    let path = format!("/tmp/oarlock-no-relay-{}.sock", std::process::id());
    let said = sandbox
        .oarlock(["serve", "--relay", "--listen", "127.0.0.1:0"])
        .environment("OAUTH_SOCKET_PATH", &path)
        .run()
        .ended_with(1)
        .stderr;
    for word in [
        "/tmp is not safe",
        "OARLOCK_RELAY_SOCKET_PATH",
        "OARLOCK_RELAY_INSECURE_SOCKET_DIRECTORY=true",
    ] {
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_check_says_all_of_a_broker_and_makes_nothing() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("server.toml");
    write_private(
        &file,
        "public_url = \"https://login.example.com\"\n[upstreams.github]\nclient_id = \"abc\"\n[upstreams.company]\nissuer = \"https://id.example.com\"\nclient_id = \"def\"\nclient_authentication = \"none\"\n[clients.mytool]\nscope = \"openid deploy\"\n",
    );
    let finished = sandbox.run(["serve", "--check"]).ended_with(0);
    for warned in [
        "upstreams.github: there is no client secret",
        "clients.mytool.scope: there is no scope \"deploy\" here",
    ] {
        assert!(finished.stderr.contains(warned), "{finished:?}");
    }
    assert!(
        !finished.stderr.contains("upstreams.company"),
        "{finished:?}"
    );
    for said in [
        "OAuth broker and relay.\n",
        "Broker    https://login.example.com\n",
        "Try it    oarlock login https://login.example.com\n",
        "Redirect  https://login.example.com/redirect\n",
        "register at company, github)",
        "home/server.db\n",
        "Callback  https://login.example.com/oauth/callback\n",
    ] {
        assert!(finished.stdout.contains(said), "{said}: {finished:?}");
    }
    assert!(!sandbox.home().join("server.db").exists());
    let dev = sandbox.run([
        "serve",
        "--check",
        "--upstream",
        "dev",
        "--public-url",
        "http://localhost:5001",
        "--no-relay",
    ]);
    let said = dev.ended_with(0).stdout;
    assert!(
        said.contains("OAuth broker.\n") && said.contains("picks who they are"),
        "{said}"
    );
    assert!(
        !said.contains("Callback") && !said.contains("Redirect"),
        "{said}"
    );
}

#[test]
fn a_check_reads_the_certificate_too() {
    let sandbox = Sandbox::new();
    let file = sandbox.home().join("server.toml");
    let tls = "[tls]\ncertificate = \"/nowhere/c.pem\"\nkey = \"/nowhere/k.pem\"\n";
    write_private(&file, tls);
    let finished = sandbox.run(["serve", "--check"]).ended_with(2);
    assert!(finished.stderr.contains("/nowhere/c.pem"), "{finished:?}");
    write_private(
        &file,
        &format!("public_url = \"http://localhost:5001\"\n{tls}"),
    );
    let finished = sandbox.run(["serve", "--check"]).ended_with(2);
    assert!(
        finished
            .stderr
            .contains("public_url: the server speaks TLS"),
        "{finished:?}"
    );
}

#[test]
fn a_secret_for_a_client_is_printed_once_and_the_file_gets_its_digest() {
    let sandbox = Sandbox::new();
    let made = sandbox
        .run(["serve", "--new-client-secret", "site"])
        .ended_with(0);
    let secret = made.stdout.trim();
    assert_eq!(secret.len(), 43, "{made:?}");
    made.keeps_secret_on_stderr(secret);
    let entry = made.stderr.split_once("[clients").unwrap().1;
    let token = sandbox
        .run(["serve", "--new-registration-token"])
        .ended_with(0);
    let registration = token.stderr.split_once("[registration]").unwrap().1;
    let text = format!(
        "upstream = [\"dev\"]\n[clients{entry}redirect_uris = [\"https://site.example/back\"]\n[registration]{registration}"
    );
    write_private(&sandbox.home().join("server.toml"), &text);
    let relay = Relay::start(&sandbox, ["--no-relay"]);
    let introspect = |secret: &str| {
        let body = format!("token=x&client_id=site&client_secret={secret}");
        let request = format!(
            "POST /introspect HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            relay.http,
            body.len()
        );
        ask(&relay.http, &request)
    };
    assert_eq!(introspect("wrong").0, 401);
    let basic = base64::Engine::encode(
        &base64::engine::general_purpose::STANDARD,
        format!("site:{secret}"),
    );
    let request = format!(
        "POST /introspect HTTP/1.1\r\nHost: {}\r\nAuthorization: Basic {basic}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 7\r\nConnection: close\r\n\r\ntoken=x",
        relay.http
    );
    let (status, answer) = ask(&relay.http, &request);
    assert!(
        status == 200 && answer.contains("\"active\":false"),
        "{answer}"
    );
    let register = |token: &str| {
        let body = r#"{"redirect_uris":["http://127.0.0.1/callback"]}"#;
        let request = format!(
            "POST /register HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            relay.http,
            body.len()
        );
        ask(&relay.http, &request).0
    };
    assert_eq!(register("wrong"), 401);
    assert_eq!(register(token.stdout.trim()), 201);
}
