//! The device grant: the code is entered elsewhere.

use serde_json::json;

use crate::{
    call::Finished,
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox, fake_browser},
};

#[test]
fn a_device_login_ends_with_a_login_that_can_be_renewed() {
    let provider = OidcProvider::start(&json!({ "device_interval": 1 }));
    let sandbox = Sandbox::new();
    let login = log_in(&sandbox, &provider, &fake_browser("--user ada")).ended_with(0);
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");
    assert_eq!(
        provider.count("token urn:ietf:params:oauth:grant-type:device_code 200"),
        1
    );
    let (first, refresh) = (sandbox.token(), sandbox.secret("refresh_token"));
    sandbox.run(["token", "--force-refresh"]).ended_with(0);
    assert_ne!(sandbox.token(), first);
    assert_ne!(sandbox.secret("refresh_token"), refresh);
}

#[test]
fn the_code_is_shown_with_and_without_the_address_that_has_it() {
    let provider = OidcProvider::start(&json!({ "device_interval": 1 }));
    let sandbox = Sandbox::new();
    let login = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "device",
        "--no-browser",
    ];
    let login = sandbox.oarlock(login).spawn();
    let address = login.login_address();
    let code = address
        .query_pairs()
        .find(|(name, _)| name == "user_code")
        .unwrap()
        .1
        .into_owned();
    // The code is on a line of its own, to be typed.
    login.told(|line| (line == code).then_some(()));
    login.told(|line| (line == provider.at("/device")).then_some(()));
    oarlock_testkit::FakeBrowser::new()
        .user("ada")
        .visit_blocking(&address)
        .unwrap();
    let login = login.finish().ended_with(0);
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");
}

#[test]
fn a_device_login_that_is_denied_says_so() {
    let provider = OidcProvider::start(&json!({ "device_interval": 1 }));
    let sandbox = Sandbox::new();
    let login = log_in(&sandbox, &provider, &fake_browser("--user ada --deny")).ended_with(5);
    assert!(login.stderr.contains("denied"), "{login:?}");
    assert!(sandbox.credential_files().is_empty());
}

#[test]
fn a_code_that_nobody_enters_expires() {
    let provider = OidcProvider::start(&json!({ "device_interval": 1, "device_code_ttl": 2 }));
    let sandbox = Sandbox::new();
    let login = log_in(&sandbox, &provider, "true").ended_with(6);
    assert!(login.stderr.contains("expired"), "{login:?}");
    assert!(login.stderr.contains("again for a new code"), "{login:?}");
}

#[test]
fn a_client_that_is_not_known_is_told_so_at_once() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        "nobody",
        "--flow",
        "device",
    ];
    let login = sandbox.run(arguments).ended_with(1);
    assert!(login.stderr.contains("invalid_client"), "{login:?}");
    assert!(
        login.stderr.contains("--client-id"),
        "it says what to do: {login:?}"
    );
}

fn log_in(sandbox: &Sandbox, provider: &OidcProvider, browser: &str) -> Finished {
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "device",
    ];
    sandbox.run(arguments.into_iter().chain(["--browser", browser]))
}
