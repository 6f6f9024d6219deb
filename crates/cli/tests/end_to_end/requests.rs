//! `oarlock request` and `oarlock exec`.

use oarlock_testkit::{Endpoint, Fault, Faults};

use crate::sandbox::{Sandbox, StoredLogin, server};

#[test]
fn a_request_carries_the_token_and_prints_the_answer() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox
        .run(["request", server.at("/api/whoami").as_str()])
        .ended_with(0);
    assert_eq!(finished.json()["email"], "alice@example.com");
    assert_eq!(finished.stderr, "");
    assert_eq!(
        server.requests_to(Endpoint::Resource)[0].bearer(),
        Some(login.access_token().as_str())
    );
}

#[test]
fn method_headers_and_body_are_the_callers() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let url = server.at("/api/echo");
    let mut arguments = vec![
        "request",
        "-X",
        "PATCH",
        "-H",
        "X-Trace: 7",
        "-d",
        "{\"a\":1}",
        "-p",
        "work",
        "-i",
    ];
    arguments.push(url.as_str());
    let finished = sandbox.run(arguments).ended_with(0);
    let (head, body) = finished.stdout.split_once("\n\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\n"), "{head}");
    let echo: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(echo["method"], "PATCH");
    assert_eq!(echo["body"], "{\"a\":1}");
    assert_eq!(echo["headers"]["x-trace"], "7");
    assert_eq!(echo["headers"]["content-type"], "application/json");
    let finished = sandbox
        .oarlock(["request", "-d", "@-", url.as_str()])
        .input("a=1&b=2")
        .run()
        .ended_with(0);
    assert_eq!(finished.json()["method"], "POST");
    assert_eq!(
        finished.json()["headers"]["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(finished.json()["body"], "a=1&b=2");
}

#[test]
fn a_refused_token_is_renewed_and_the_request_sent_once_more() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    server.expire_access_tokens();
    let finished = sandbox
        .run(["request", "-d", "hello", server.at("/api/echo").as_str()])
        .ended_with(0);
    assert_eq!(finished.json()["body"], "hello", "the body is sent again");
    assert_eq!(server.count(Endpoint::Token), 1);
    let sent = server.requests_to(Endpoint::Resource);
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].bearer(), Some(login.access_token().as_str()));
    assert_eq!(sent[1].bearer(), sandbox.stored()["access_token"].as_str());
}

#[test]
fn a_token_that_is_refused_again_is_not_renewed_again() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    server.set_faults(Faults::none().and_at(Fault::Prose401, Endpoint::Resource));
    let finished = sandbox
        .run(["request", server.at("/api/whoami").as_str()])
        .ended_with(1);
    assert!(finished.stderr.contains("HTTP 401"), "{finished:?}");
    assert_eq!(server.count(Endpoint::Token), 1);
    assert_eq!(server.count(Endpoint::Resource), 2);
}

#[test]
fn a_failure_is_the_answer_and_the_exit_code() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox
        .run(["request", server.at("/nothing-here").as_str()])
        .ended_with(1);
    assert!(finished.stderr.contains("HTTP 404"), "{finished:?}");
}

#[test]
fn a_passing_fault_has_its_own_exit_code() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    for (fault, said) in [
        (Fault::RateLimited429, "HTTP 429"),
        (Fault::Unavailable503, "HTTP 503"),
        (Fault::Prose500, "HTTP 500"),
    ] {
        server.set_faults(Faults::none().and_at(fault, Endpoint::Resource));
        let url = server.at("/api/whoami");
        let finished = sandbox.run(["request", url.as_str()]).ended_with(3);
        assert!(finished.stderr.contains(said), "{finished:?}");
    }
}

#[test]
fn a_redirect_is_not_followed_in_silence() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    server.set_faults(Faults::none().and_at(Fault::RedirectElsewhere, Endpoint::Resource));
    let url = server.at("/api/whoami");
    let finished = sandbox.run(["request", url.as_str()]).ended_with(0);
    assert!(
        finished.stderr.contains("redirects are not followed"),
        "{finished:?}"
    );
    let finished = sandbox.run(["request", "-i", url.as_str()]).ended_with(0);
    assert!(finished.stdout.contains("location: "), "{finished:?}");
    assert_eq!(finished.stderr, "");
}

#[test]
fn a_request_before_the_login_says_which_login() {
    let (sandbox, server) = (Sandbox::new(), server());
    sandbox.configure(&format!(
        "[providers.work]\nissuer = \"{}\"\n[providers.home]\nissuer = \"https://home.example\"\n",
        server.issuer()
    ));
    let url = server.at("/api/whoami");
    for arguments in [
        &["request", url.as_str()][..],
        &["request", "-p", "work", url.as_str()],
    ] {
        let finished = sandbox.run(arguments.iter().copied()).ended_with(4);
        assert!(
            finished.stderr.contains("oarlock login work\n"),
            "{finished:?}"
        );
    }
    let finished = sandbox
        .run(["request", server.elsewhere().as_str()])
        .ended_with(4);
    assert!(finished.stderr.contains("nothing was sent"), "{finished:?}");
    assert!(server.requests().is_empty());
}

#[test]
fn hostile_23_the_token_goes_to_no_foreign_origin() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let foreign = server.elsewhere().clone();
    for arguments in [
        vec!["request", foreign.as_str()],
        vec!["request", "-p", "work", foreign.as_str()],
    ] {
        let finished = sandbox.run(arguments).ended_with(1);
        assert!(finished.stderr.contains("it was not sent"), "{finished:?}");
        assert!(
            finished
                .stderr
                .contains("oarlock provider add work --origin"),
            "{finished:?}"
        );
        finished.keeps_secret(&login.access_token());
    }
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
    // Not by a redirect either.
    server.set_faults(Faults::none().and_at(Fault::RedirectElsewhere, Endpoint::Resource));
    let whoami = server.at("/api/whoami");
    let redirected = sandbox
        .run(["request", "-i", whoami.as_str()])
        .ended_with(0);
    assert!(redirected.stdout.contains("302"), "{redirected:?}");
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
    assert!(
        server
            .requests_to(Endpoint::Elsewhere)
            .iter()
            .all(|request| !request.contains(&login.access_token()))
    );
}

#[test]
fn an_origin_that_the_user_adds_is_no_longer_foreign() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let foreign = server.elsewhere().clone();
    let arguments = [
        "provider",
        "add",
        "work",
        "--issuer",
        server.issuer(),
        "--origin",
        foreign.as_str(),
    ];
    sandbox.run(arguments).ended_with(0);
    sandbox
        .run(["request", "-p", "work", foreign.as_str()])
        .ended_with(0);
    assert_eq!(
        server.requests_to(Endpoint::Elsewhere)[0].bearer(),
        Some(login.access_token().as_str())
    );
}

/// The hint of a refused request says `provider add NAME --origin`; the login by issuer must survive following it.
#[test]
fn an_origin_added_to_a_login_by_issuer_keeps_its_issuer() {
    let (sandbox, server) = (Sandbox::new(), server());
    let browser = oarlock_testkit::program("oarlock-fake-browser").unwrap();
    let log_in = || {
        sandbox
            .run([
                "login",
                server.issuer(),
                "--flow",
                "loopback",
                "--browser",
                browser.to_str().unwrap(),
            ])
            .ended_with(0)
    };
    log_in();
    let name = server.issuer().replace("http://", "").replace(':', "-");
    let foreign = server.elsewhere().clone();
    sandbox
        .run(["request", "-p", &name, foreign.as_str()])
        .ended_with(1);
    for origin in ["https://api.example.com", foreign.as_str()] {
        sandbox
            .run(["provider", "add", &name, "--origin", origin])
            .ended_with(0);
    }
    sandbox
        .run(["request", "-p", &name, foreign.as_str()])
        .ended_with(0);
    let shown = sandbox.run(["provider", "show", &name, "--json"]).json();
    assert_eq!(shown["issuer"], server.issuer());
    assert_eq!(shown["origins"][0], "https://api.example.com");
    assert_eq!(shown["origins"].as_array().unwrap().len(), 2);
    log_in();
}

#[test]
fn the_authorization_header_is_not_the_callers() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let url = server.at("/api/echo");
    for header in [
        "Authorization: Bearer mine",
        "authorization:x",
        "no colon",
        "X: a\r\nY: b",
    ] {
        let finished = sandbox
            .run(["request", "-H", header, url.as_str()])
            .ended_with(2);
        assert_eq!(finished.stdout, "", "{header:?}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_command_finds_the_token_in_its_environment() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox
        .run([
            "exec",
            "--",
            "/bin/sh",
            "-c",
            "echo \"$OARLOCK_TOKEN_WORK\"; echo aside >&2; exit 7",
        ])
        .ended_with(7);
    assert_eq!(finished.stdout, format!("{}\n", login.access_token()));
    assert_eq!(finished.stderr, "aside\n");
    let finished = sandbox
        .run([
            "exec",
            "-p",
            "work",
            "--env",
            "MY_TOKEN",
            "--",
            "/bin/sh",
            "-c",
            "echo \"$MY_TOKEN-$OARLOCK_TOKEN_WORK\"",
        ])
        .ended_with(0);
    assert_eq!(finished.stdout, format!("{}-\n", login.access_token()));
}

#[test]
fn a_command_is_run_with_a_fresh_token_or_not_at_all() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).expired().write(&sandbox);
    let finished = sandbox
        .run(["exec", "--", "/bin/sh", "-c", "echo $OARLOCK_TOKEN_WORK"])
        .ended_with(0);
    assert!(server.takes_access_token(finished.stdout.trim_end()));
    login.write(&sandbox);
    server.revoke_all();
    let finished = sandbox
        .run(["exec", "--", "/bin/sh", "-c", "echo ran"])
        .ended_with(4);
    assert_eq!(finished.stdout, "");
}

#[test]
fn a_command_that_is_not_there_is_said() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    let finished = sandbox.run(["exec", "--", "no-such-command"]).ended_with(1);
    assert!(finished.stderr.contains("no-such-command"), "{finished:?}");
    sandbox
        .run(["exec", "--env", "A=B", "--", "/bin/true"])
        .ended_with(2);
    sandbox.run(["exec"]).ended_with(2);
}
