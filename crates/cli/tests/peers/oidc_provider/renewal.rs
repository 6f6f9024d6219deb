//! Staying logged in: expiry, rotation, reuse.

use std::{collections::BTreeSet, thread, time::Duration};

use serde_json::json;

use crate::{
    call::Running,
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox},
};

const PROCESSES: usize = 50;

#[test]
fn an_expired_token_is_renewed_and_the_refresh_token_rotated() {
    let provider = OidcProvider::start(&json!({ "access_token_ttl": 3 }));
    let sandbox = Sandbox::new();
    sandbox.log_in(&provider);
    let (access, refresh) = (
        sandbox.secret("access_token"),
        sandbox.secret("refresh_token"),
    );
    thread::sleep(Duration::from_secs(4));
    assert_eq!(
        provider.userinfo(&access).status,
        401,
        "the token has really expired"
    );

    let renewed = sandbox.token();
    assert_ne!(renewed, access);
    assert_eq!(renewed, sandbox.secret("access_token"));
    assert_ne!(
        sandbox.secret("refresh_token"),
        refresh,
        "the server rotates, and the file has the new one"
    );
    assert!(provider.is_active(&sandbox.secret("refresh_token")));
    assert!(!provider.is_active(&refresh), "the old one is spent");
    assert_eq!(
        sandbox.credential()["identity"],
        "ada@example.test",
        "who it is stays known"
    );
}

#[test]
fn a_request_whose_token_the_server_refuses_is_made_once_more_with_a_new_one() {
    let provider = OidcProvider::start(&json!({ "access_token_ttl": 3 }));
    let sandbox = Sandbox::new();
    sandbox.log_in(&provider);
    let access = sandbox.secret("access_token");
    sandbox.outlive();
    thread::sleep(Duration::from_secs(4));
    let request = sandbox.run(["request", &provider.at("/me")]).ended_with(0);
    assert_eq!(request.json()["sub"], "ada");
    assert_eq!(
        provider.count("userinfo 401"),
        1,
        "the token looked good and was not"
    );
    assert_eq!(provider.count("token refresh_token 200"), 1);
    assert_ne!(sandbox.secret("access_token"), access);
}

/// This provider revokes the refresh token with the access token.
#[test]
fn a_request_after_the_login_was_revoked_elsewhere_says_how_to_log_in() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    let access = sandbox.secret("access_token");
    let revocation = [("client_id", CLIENT), ("token", &access)];
    assert_eq!(
        provider.post("/token/revocation", None, &revocation).status,
        200
    );
    let request = sandbox.run(["request", &provider.at("/me")]).ended_with(4);
    assert!(
        request.stderr.contains("Log in with: oarlock login"),
        "{request:?}"
    );
    assert_eq!(
        provider.count("userinfo 401"),
        1,
        "it is not tried again with the same token"
    );
}

#[test]
fn hostile_29_fifty_processes_at_an_expired_token_rotate_it_once() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    sandbox.expire();
    let printed = all_at_once(&sandbox);
    assert_eq!(printed.len(), 1, "everybody has the same token");
    assert_eq!(provider.count("token refresh_token 200"), 1);
    assert_eq!(provider.userinfo(printed.first().unwrap()).status, 200);
    // Reuse of a refresh token would have revoked everything.
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
}

/// The same with a token that dies for real, so early that some processes may find the next one due as well.
#[test]
fn hostile_29_fifty_processes_keep_a_short_lived_login_alive() {
    let provider = OidcProvider::start(&json!({ "access_token_ttl": 4 }));
    let sandbox = Sandbox::new();
    sandbox.log_in(&provider);
    thread::sleep(Duration::from_secs(5));
    all_at_once(&sandbox);
    assert_eq!(
        provider.count("token refresh_token 400"),
        0,
        "no refresh token was used twice"
    );
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
}

#[test]
fn hostile_11_a_refresh_token_that_somebody_else_used_ends_the_login_and_says_so() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    let stolen = sandbox.secret("refresh_token");
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
    let theft = [
        ("grant_type", "refresh_token"),
        ("client_id", CLIENT),
        ("refresh_token", &stolen),
    ];
    let refused = provider.post("/token", None, &theft);
    assert_eq!(
        (refused.status, refused.body["error"].as_str()),
        (400, Some("invalid_grant"))
    );
    let (access, refresh) = (
        sandbox.secret("access_token"),
        sandbox.secret("refresh_token"),
    );
    assert!(
        !provider.is_active(&access) && !provider.is_active(&refresh),
        "the family is revoked"
    );

    let dead = sandbox.run(["token", "--force-refresh"]).ended_with(4);
    assert!(dead.stderr.contains("Token refresh failed"), "{dead:?}");
    assert!(dead.stderr.contains("oarlock login"), "{dead:?}");
    assert_eq!(
        sandbox.secret("refresh_token"),
        refresh,
        "the credential is marked, not deleted"
    );
    let status = sandbox.run(["status", "--json"]).ended_with(0).json();
    assert_eq!(status["logins"][0]["state"], "dead");
    // The server is not asked again about what it has refused for good.
    let asked = provider.count("token refresh_token 400");
    sandbox.run(["token", "--force-refresh"]).ended_with(4);
    assert_eq!(provider.count("token refresh_token 400"), asked);
    // And a new login revives the account.
    sandbox.log_in(&provider);
    assert_eq!(provider.userinfo(&sandbox.token()).status, 200);
}

#[test]
fn a_provider_that_does_not_rotate_keeps_its_refresh_token() {
    let provider = OidcProvider::start(&json!({ "rotate": false }));
    let sandbox = Sandbox::new();
    sandbox.log_in(&provider);
    let (access, refresh) = (
        sandbox.secret("access_token"),
        sandbox.secret("refresh_token"),
    );
    let renewed = sandbox.run(["token", "--force-refresh"]).ended_with(0);
    assert_ne!(renewed.stdout.trim_end(), access);
    assert_eq!(sandbox.secret("refresh_token"), refresh);
}

/// `oarlock token` many times at once, and what they printed.
fn all_at_once(sandbox: &Sandbox) -> BTreeSet<String> {
    let running: Vec<Running> = (0..PROCESSES)
        .map(|_| sandbox.oarlock(["token"]).spawn())
        .collect();
    let finished = running
        .into_iter()
        .map(|run| run.finish().ended_with(0).stdout.trim_end().to_owned());
    finished.collect()
}
