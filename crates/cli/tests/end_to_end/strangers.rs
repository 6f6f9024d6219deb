//! What strangers write, and what they must never read.

use oarlock_testkit::{AuthorizationServer, Client, Endpoint, FakeBrowser, Fault, Server};

use crate::sandbox::{Finished, Sandbox, StoredLogin, server};

/// Nothing that moves a cursor, turns text around, or begins a line of its own that we did not begin.
#[track_caller]
fn is_inert(finished: &Finished) {
    for text in [&finished.stdout, &finished.stderr] {
        let odd = |c: &char| {
            (c.is_control() && *c != '\n')
                || ('\u{202a}'..='\u{202e}').contains(c)
                || ('\u{2066}'..='\u{2069}').contains(c)
        };
        assert_eq!(text.chars().find(odd), None, "{text:?}");
        assert!(
            !text.lines().any(|line| line.starts_with("X-Injected")),
            "{text:?}"
        );
    }
}

#[test]
fn hostile_05_06_what_a_provider_says_is_inert_on_the_terminal() {
    let server = server();
    let sandbox = Sandbox::new();
    server.set_faults(Fault::HostileErrorDescription);
    // In the redirect.
    let running = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
        ])
        .spawn();
    let visit = FakeBrowser::new()
        .deny()
        .visit_blocking(&running.login_address())
        .unwrap();
    assert!(!visit.page.contains("<script>alert(1)"), "{}", visit.page);
    assert!(!visit.headers.contains_key("x-injected"));
    let finished = running.finish().ended_with(5);
    is_inert(&finished);
    // At the token endpoint, in the file, in the status, and in the doctor's report.
    StoredLogin::at(&server).expired().write(&sandbox);
    server.revoke_all();
    is_inert(&sandbox.run(["token", "work"]).ended_with(4));
    for arguments in [
        vec!["status"],
        vec!["status", "--json"],
        vec!["token", "work"],
        vec!["doctor", "work"],
    ] {
        let finished = sandbox.run(arguments);
        is_inert(&finished);
        assert!(
            finished.stdout.contains("alert") || finished.stderr.contains("alert"),
            "it is shown, only harmlessly: {finished:?}"
        );
    }
    // At registration, and at logout.
    server.set_faults([Fault::HostileErrorDescription, Fault::RegistrationRefused]);
    let other = Sandbox::new();
    is_inert(
        &other
            .run([
                "login",
                server.issuer(),
                "--flow",
                "loopback",
                "--no-browser",
            ])
            .ended_with(1),
    );
}

#[test]
fn hostile_06_a_name_of_a_person_is_inert() {
    let (sandbox, server) = (Sandbox::new(), server());
    server.set_faults([Fault::HostileUserName, Fault::HostileClientName]);
    let running = sandbox
        .oarlock([
            "login",
            server.issuer(),
            "--flow",
            "loopback",
            "--no-browser",
            "--json",
        ])
        .spawn();
    FakeBrowser::new()
        .visit_blocking(&running.login_address())
        .unwrap();
    is_inert(&running.finish().ended_with(0));
    is_inert(&sandbox.run(["status"]).ended_with(0));
    is_inert(&sandbox.run(["status", "--json"]).ended_with(0));
    is_inert(&sandbox.run(["logout"]).ended_with(0));
}

#[test]
fn hostile_06_prose_in_place_of_an_answer_is_inert() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    for fault in [Fault::Prose401, Fault::Prose500] {
        server.set_faults(fault);
        let finished = sandbox.run(["token"]);
        assert_ne!(finished.code(), 0, "{fault}");
        is_inert(&finished);
    }
}

#[test]
fn hostile_05_a_token_with_a_line_break_is_refused() {
    let sandbox = Sandbox::new();
    let finished = sandbox
        .oarlock(["token", "github"])
        .environment("GH_TOKEN", "canary\r\nX-Injected: yes")
        .run()
        .ended_with(2);
    assert!(finished.stderr.contains("GH_TOKEN"), "{finished:?}");
    finished.keeps_secret("canary");
}

/// Everything that a server got or gave which nobody else may see.
fn secrets(server: &Server, sandbox: &Sandbox) -> Vec<String> {
    let mut secrets: Vec<String> = Vec::new();
    for request in server.requests() {
        for name in [
            "code",
            "code_verifier",
            "refresh_token",
            "client_secret",
            "token",
            "device_code",
        ] {
            secrets.extend(request.form(name).map(str::to_owned));
        }
        secrets.extend(request.bearer().map(str::to_owned));
        secrets.extend(
            request
                .header("authorization")
                .and_then(|value| Some(value.split_once(' ')?.1.to_owned())),
        );
    }
    for entry in std::fs::read_dir(sandbox.credentials()).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let Ok(stored) = serde_json::from_str::<serde_json::Value>(&text) else {
            continue;
        };
        for member in ["access_token", "refresh_token", "id_token"] {
            secrets.extend(stored[member].as_str().map(str::to_owned));
        }
    }
    secrets.sort();
    secrets.dedup();
    secrets
}

#[test]
fn hostile_23_no_secret_is_in_any_message_log_or_json() {
    const SECRET: &str = "canary-client-secret-4711";
    let sandbox = Sandbox::new();
    let server = AuthorizationServer::builder()
        .client(Client::confidential("robot", SECRET))
        .start_blocking()
        .unwrap();
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\nclient_id = \"robot\"\nclient_secret = \"{SECRET}\"\n",
        server.issuer()
    ));
    let mut runs = Vec::new();
    let running = sandbox
        .oarlock([
            "-vvv",
            "login",
            "work",
            "--flow",
            "loopback",
            "--no-browser",
            "--json",
        ])
        .spawn();
    FakeBrowser::new()
        .visit_blocking(&running.login_address())
        .unwrap();
    runs.push(running.finish().ended_with(0));
    let url = server.at("/api/whoami");
    let mut call = |arguments: &[&str], code: i32| {
        let arguments = ["-vvv"].iter().chain(arguments).copied();
        let mut finished = sandbox.run(arguments).ended_with(code);
        if finished.stdout.starts_with("at_") {
            // The one place where the token is the result.
            finished.stdout.clear();
        }
        runs.push(finished);
    };
    call(&["token", "work", "--force-refresh"], 0);
    call(&["request", "-i", url.as_str()], 0);
    call(&["status"], 0);
    call(&["status", "--json"], 0);
    call(&["provider", "show", "work"], 0);
    call(&["provider", "show", "work", "--json"], 0);
    call(&["provider", "test", "work"], 0);
    call(&["doctor", "work"], 0);
    call(&["doctor", "work", "--json"], 0);
    server.expire_access_tokens();
    call(&["request", url.as_str()], 0);
    server.set_faults(Fault::Prose500);
    call(&["token", "--force-refresh"], 3);
    server.set_faults([]);
    let mut found = secrets(&server, &sandbox);
    server.revoke_all();
    call(&["token", "--force-refresh"], 4);
    call(&["logout"], 0);
    found.extend(secrets(&server, &sandbox));
    found.push(SECRET.into());
    assert!(
        found.len() >= 8,
        "codes, verifiers, tokens, Basic credentials: {}",
        found.len()
    );
    for finished in &runs {
        for secret in &found {
            finished.keeps_secret(secret);
        }
    }
    assert!(server.count(Endpoint::Revoke) > 0);
}

#[test]
fn hostile_23_a_wrong_configuration_does_not_show_its_secrets() {
    let sandbox = Sandbox::new();
    for text in [
        "[providers.work]\nclient_secret = \"canary\nissuer = 1\n",
        "[providers.work]\nissuer = \"https://a.example\"\nclient_secret = [\"canary\"]\n",
        "[providers.work]\nclient_secrt = \"canary\"\n",
        "[network]\nproxy = \"http://ada:canary@:99999\"\n",
        "client_secret = \"canary\"",
    ] {
        sandbox.configure(text);
        for arguments in [
            vec!["status"],
            vec!["doctor"],
            vec!["provider", "add", "x", "--issuer", "https://b.example"],
        ] {
            let finished = sandbox.run(arguments).ended_with(2);
            finished.keeps_secret("canary");
        }
    }
}
