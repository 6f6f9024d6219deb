//! What is mistyped, or asked for where it cannot be: it is refused, nothing is asked of the network, and the way out is said.

use oarlock_testkit::Endpoint;

use crate::sandbox::{Sandbox, StoredLogin, server};

#[test]
fn what_makes_no_login_is_refused_before_anything_is_asked() {
    let (sandbox, server) = (Sandbox::new(), server());
    for (arguments, said) in [
        (["--timeout", "0"], "no time"),
        (["--timeout", "0m"], "no time"),
        (["--scope", ""], "a scope is made of"),
        (["--scope", "\""], "a scope is made of"),
        (["--scope", "openid ü"], "a scope is made of"),
        (["--account", "../x"], "cannot be the name of an account"),
    ] {
        let finished = sandbox
            .run(["login", server.issuer()].into_iter().chain(arguments))
            .ended_with(2);
        assert!(finished.stderr.contains(said), "{finished:?}");
        assert_eq!(finished.stdout, "");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn a_name_that_no_provider_can_have_is_said_first() {
    let sandbox = Sandbox::new();
    for name in ["", "A B", "../x", "a@b"] {
        let finished = sandbox.run(["provider", "add", name]).ended_with(2);
        let said = "cannot be the name of a provider";
        assert!(finished.stderr.contains(said), "{finished:?}");
    }
}

#[test]
fn headers_of_the_connection_are_not_dropped_in_silence() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).write(&sandbox);
    for header in [
        "Host: other.example",
        "content-length: 4",
        "Transfer-Encoding: chunked",
        "Connection: close",
    ] {
        let url = server.at("/api/echo");
        let finished = sandbox
            .run(["request", "-H", header, url.as_str()])
            .ended_with(2);
        assert!(finished.stderr.contains("leave it out"), "{finished:?}");
    }
    assert!(server.requests().is_empty());
}

#[test]
fn nobody_to_log_out_is_not_told_to_log_in() {
    let sandbox = Sandbox::new();
    for arguments in [vec!["logout"], vec!["logout", "github"]] {
        let finished = sandbox.run(arguments).ended_with(4);
        assert!(finished.stderr.contains("Not logged in to"), "{finished:?}");
        assert!(!finished.stderr.contains("oarlock login"), "{finished:?}");
    }
}

#[test]
fn a_login_without_what_its_flow_needs_says_what_to_do() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = ["login", server.issuer(), "--flow"];
    let finished = sandbox
        .run(login.into_iter().chain(["client-credentials"]))
        .ended_with(2);
    assert!(
        finished.stderr.contains("--client-secret-file"),
        "{finished:?}"
    );
    let finished = sandbox
        .run(login.into_iter().chain(["paste"]))
        .ended_with(2);
    assert!(finished.stderr.contains("another --flow"), "{finished:?}");
    let finished = sandbox
        .oarlock(login.into_iter().chain(["paste"]))
        .input("no-code-at-all\n")
        .run()
        .ended_with(1);
    assert!(
        finished.stderr.contains("the whole address"),
        "{finished:?}"
    );
}

#[test]
fn who_names_a_port_has_forwarded_it() {
    let (sandbox, server) = (Sandbox::new(), server());
    // Nothing is near here, and the provider has a device login; the port still says where the answer will come.
    let running = sandbox
        .oarlock(["login", server.issuer(), "--port", "0", "-a", "ada"])
        .spawn();
    let visit = oarlock_testkit::FakeBrowser::new()
        .visit_blocking(&running.login_address())
        .unwrap();
    assert_eq!(visit.status, 200);
    let finished = running.finish().ended_with(0);
    assert_eq!(server.count(Endpoint::DeviceAuthorization), 0);
    // The line that is offered prints this login's token, also when there are others.
    assert!(finished.stderr.contains(" -a ada\n"), "{finished:?}");
}
