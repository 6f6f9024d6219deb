//! Refreshes that the provider refuses, whose answers are lost, or that a wrong clock confuses.

use jiff::{SignedDuration, Timestamp};
use oarlock_testkit::{
    AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint, Fault, FaultProxy, Faults, ProxyFault,
};
use serde_json::{Value, json};

use crate::sandbox::{Sandbox, StoredLogin, server, write_private};

#[test]
fn hostile_30_a_refused_refresh_marks_the_login_dead_and_keeps_its_file() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).expired().write(&sandbox);
    server.revoke_all();
    let finished = sandbox.run(["token"]).ended_with(4);
    assert!(
        finished.stderr.contains("Token refresh failed for work"),
        "{finished:?}"
    );
    assert!(
        finished.stderr.contains("oarlock login work"),
        "{finished:?}"
    );
    assert_eq!(finished.stdout, "");
    let stored = sandbox.stored();
    assert_eq!(
        stored["refresh_token"],
        login.refresh_token(),
        "nothing is deleted"
    );
    assert!(stored["dead"]["since"].is_string(), "{stored}");
    // The provider is not asked again.
    sandbox.run(["token"]).ended_with(4);
    assert_eq!(server.count(Endpoint::Token), 1);
    let status = sandbox.run(["status"]).ended_with(0);
    assert!(
        status.stdout.contains("over") && status.stdout.contains("oarlock login work"),
        "{status:?}"
    );
}

#[test]
fn hostile_30_a_login_that_is_over_still_yields_a_token_that_lives() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server)
        .due()
        .with("refresh_token", json!("rt_unknown"))
        .write(&sandbox);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert_eq!(finished.stdout.trim_end(), login.access_token());
    assert!(finished.stderr.contains("warning"), "{finished:?}");
    assert!(sandbox.stored()["dead"]["since"].is_string());
}

#[test]
fn hostile_30_what_somebody_else_rotated_meanwhile_is_taken() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server)
        .expired()
        .with("refresh_token", json!("rt_spent_by_another"))
        .write(&sandbox);
    // Somebody who knows nothing of our lock replaces the file while our refresh is under way.
    server.set_faults(Faults::none().and(Fault::LateAnswer(std::time::Duration::from_secs(2))));
    let running = sandbox.oarlock(["token"]).spawn();
    while server.count(Endpoint::Token) == 0 {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let theirs = StoredLogin::at(&server);
    let beside = sandbox.credentials().join("theirs");
    write_private(&beside, &theirs.text());
    std::fs::rename(&beside, sandbox.credential_file()).unwrap();
    let finished = running.finish().ended_with(0);
    assert_eq!(finished.stdout.trim_end(), theirs.access_token());
    assert_eq!(
        sandbox.stored()["refresh_token"],
        theirs.refresh_token(),
        "theirs is not overwritten"
    );
    assert_eq!(sandbox.stored()["dead"], Value::Null);
}

#[test]
fn hostile_31_a_lost_answer_is_asked_for_once_more() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    server.set_faults([Fault::LostRefreshReplyOnce, Fault::ReuseLeeway]);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert_eq!(server.count(Endpoint::Token), 2);
    let stored = sandbox.stored();
    assert!(server.takes_access_token(finished.stdout.trim_end()));
    assert!(server.takes_refresh_token(stored["refresh_token"].as_str().unwrap()));
}

#[test]
fn hostile_31_a_lost_answer_that_cost_the_login_says_so() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).expired().write(&sandbox);
    server.set_faults(Fault::LostRefreshReplyOnce);
    let finished = sandbox.run(["token"]).ended_with(4);
    assert!(
        finished.stderr.contains("oarlock login work"),
        "{finished:?}"
    );
    assert_eq!(server.count(Endpoint::Token), 2, "one retry, not more");
    assert_eq!(sandbox.stored()["access_token"], login.access_token());
}

#[test]
fn hostile_31_a_line_that_breaks_in_the_middle_is_tried_once_more() {
    let sandbox = Sandbox::new();
    let proxy = FaultProxy::unconnected().unwrap();
    let server = AuthorizationServer::builder()
        .issuer(proxy.url().clone())
        .faults(Fault::ReuseLeeway)
        .start_blocking()
        .unwrap();
    proxy.forward_to(server.address());
    StoredLogin::at(&server).expired().write(&sandbox);
    proxy.set(ProxyFault::DropReplyOnce);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert!(server.takes_access_token(finished.stdout.trim_end()));
    assert_eq!((proxy.dropped(), server.count(Endpoint::Token)), (1, 2));
}

#[test]
fn hostile_31_passing_faults_keep_the_login() {
    for fault in [
        Fault::Prose500,
        Fault::Unavailable503,
        Fault::RateLimited429,
        Fault::Prose401,
        Fault::HugeBody,
        Fault::ReplyCutOff,
    ] {
        let (sandbox, server) = (Sandbox::new(), server());
        StoredLogin::at(&server).expired().write(&sandbox);
        let before = std::fs::read(sandbox.credential_file()).unwrap();
        server.set_faults(fault);
        let finished = sandbox.run(["token"]);
        assert!(
            [1, 3, 4].contains(&finished.code()),
            "{fault}: {finished:?}"
        );
        assert_eq!(finished.stdout, "", "{fault}");
        assert!(server.count(Endpoint::Token) <= 2, "{fault}: no hammering");
        if ![Fault::ReplyCutOff, Fault::HugeBody].contains(&fault) {
            // Nothing was processed, so nothing may be lost.
            assert_eq!(
                std::fs::read(sandbox.credential_file()).unwrap(),
                before,
                "{fault}"
            );
            server.set_faults([]);
            sandbox.run(["token"]).ended_with(0);
        }
    }
}

#[test]
fn hostile_32_a_server_whose_clock_is_fast_is_believed() {
    let (sandbox, server) = (Sandbox::new(), server());
    StoredLogin::at(&server).expired().write(&sandbox);
    server.set_faults(Fault::ClockFast);
    let finished = sandbox.run(["token"]).ended_with(0);
    let stored = sandbox.stored();
    let offset = stored["clock_offset"].as_i64().unwrap();
    assert!((590..=610).contains(&offset), "ten minutes: {offset}");
    // By the server's clock it has its whole hour, so it is not refreshed again.
    let time = |member: &str| {
        stored[member]
            .as_str()
            .unwrap()
            .parse::<Timestamp>()
            .unwrap()
    };
    assert_eq!(
        time("expires_at").duration_since(time("issued_at")),
        SignedDuration::from_hours(1)
    );
    assert_eq!(sandbox.run(["token"]).ended_with(0).stdout, finished.stdout);
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn hostile_32_a_clock_set_back_before_the_issue_asks_anew() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server);
    // Issued a day from now: since then this machine's clock was set back.
    let issued: Timestamp = "2999-01-01T00:00:00Z".parse().unwrap();
    let login = login
        .with("issued_at", json!(issued))
        .with("expires_at", json!(issued + SignedDuration::from_hours(1)))
        .write(&sandbox);
    let finished = sandbox.run(["token"]).ended_with(0);
    assert_ne!(finished.stdout.trim_end(), login.access_token());
    assert_eq!(server.count(Endpoint::Token), 1);
}

#[test]
fn hostile_11_a_replayed_refresh_token_ends_the_login() {
    let (sandbox, server) = (Sandbox::new(), server());
    let login = StoredLogin::at(&server).expired().write(&sandbox);
    sandbox.run(["token"]).ended_with(0);
    // A backup brings the old file back.
    login.write(&sandbox);
    sandbox.run(["token"]).ended_with(4);
    assert!(sandbox.stored()["dead"]["since"].is_string());
    assert_eq!(server.grants_of("refresh_token").len(), 2);
    let client = server.grants_of("refresh_token");
    assert!(
        client
            .iter()
            .all(|request| request.form("client_id") == Some(DEFAULT_CLIENT_ID))
    );
}
