//! What a real provider refuses, and what we refuse of it.

use oarlock_testkit::FakeBrowser;
use serde_json::json;
use url::Url;

use crate::{
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox, fake_browser},
};

#[test]
fn a_denied_consent_is_said_and_nothing_is_stored() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let browser = fake_browser("--user ada --deny");
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--browser",
        &browser,
    ];
    let login = sandbox.run(arguments).ended_with(5);
    assert!(
        login.stderr.contains("access_denied: the person said no"),
        "{login:?}"
    );
    assert!(sandbox.credential_files().is_empty());
    assert_eq!(provider.count("token authorization_code 200"), 0);
}

/// The provider keeps a person with a wrong client on its own error page, as it must (RFC 6749, section 4.1.2.1).
#[test]
fn a_client_that_is_not_known_leaves_the_browser_at_the_provider_and_the_login_times_out() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        "nobody",
        "--flow",
        "loopback",
        "--no-browser",
    ];
    let login = sandbox
        .oarlock(arguments.into_iter().chain(["--timeout", "3s"]))
        .spawn();
    let visit = FakeBrowser::new()
        .visit_blocking(&login.login_address())
        .unwrap();
    assert_eq!(visit.status, 400);
    assert!(visit.page.contains("invalid_client"), "{}", visit.page);
    let login = login.finish().ended_with(6);
    assert!(login.stderr.contains("Authentication timeout"), "{login:?}");
    assert!(login.stderr.contains("check the client id"), "{login:?}");
}

#[test]
fn hostile_12_an_issuer_that_is_only_written_otherwise_is_refused_with_the_right_one() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let other_host = provider.issuer().replace("127.0.0.1", "localhost");
    for wrong in [provider.at("/"), other_host] {
        let login = sandbox
            .run(["login", &wrong, "--client-id", CLIENT])
            .ended_with(1);
        assert!(
            login
                .stderr
                .contains(&format!("is for issuer {}", provider.issuer())),
            "{login:?}"
        );
        assert!(
            !login.stderr.contains("/auth?"),
            "nobody was sent to a browser: {login:?}"
        );
    }
    let slash = sandbox.run(["login", &provider.at("/"), "--client-id", CLIENT]);
    assert!(
        slash
            .stderr
            .contains(&format!("use {}, exactly as written", provider.issuer())),
        "{slash:?}"
    );
}

#[test]
fn an_address_that_is_no_issuer_is_refused_with_advice() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let login = sandbox
        .run(["login", &provider.at("/nowhere"), "--client-id", CLIENT])
        .ended_with(1);
    assert!(login.stderr.contains("discovery of"), "{login:?}");
    assert!(
        login.stderr.contains("Is this the issuer's address?"),
        "{login:?}"
    );
}

#[test]
fn a_port_where_nobody_listens_is_the_networks_fault() {
    let sandbox = Sandbox::new();
    let provider = OidcProvider::start(&json!({}));
    let gone = provider.issuer().to_owned();
    drop(provider);
    let login = sandbox
        .run(["login", &gone, "--client-id", CLIENT])
        .ended_with(3);
    assert!(login.stderr.contains("oarlock doctor"), "{login:?}");
}

/// The provider does insist on PKCE, so every login of these tests shows that we do it right.
#[test]
fn hostile_15_the_provider_takes_no_request_without_pkce() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "loopback",
        "--no-browser",
    ];
    let login = sandbox.oarlock(arguments).spawn();
    let address = login.login_address();
    let mut without = address.clone();
    let kept = address
        .query_pairs()
        .filter(|(name, _)| !name.starts_with("code_challenge"));
    without.query_pairs_mut().clear().extend_pairs(kept);
    let visit = FakeBrowser::new()
        .stop_at_redirect()
        .visit_blocking(&without)
        .unwrap();
    assert_eq!(
        parameter(&visit.redirect.unwrap(), "error").as_deref(),
        Some("invalid_request")
    );
    // The login goes on meanwhile.
    FakeBrowser::new().visit_blocking(&address).unwrap();
    login.finish().ended_with(0);
}

#[test]
fn hostile_20_a_code_that_was_seen_on_the_way_is_of_no_use_without_the_program() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "--flow",
        "loopback",
        "--no-browser",
    ];
    let login = sandbox.oarlock(arguments).spawn();
    let address = login.login_address();
    let guessed = "a".repeat(43);
    for verifier in [None, Some(guessed.as_str())] {
        let visit = FakeBrowser::new()
            .stop_at_redirect()
            .visit_blocking(&address)
            .unwrap();
        let code = parameter(&visit.redirect.unwrap(), "code").unwrap();
        let redirect_uri = parameter(&address, "redirect_uri").unwrap();
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("client_id", CLIENT),
            ("code", &code),
            ("redirect_uri", &redirect_uri),
        ];
        form.extend(verifier.map(|verifier| ("code_verifier", verifier)));
        let theft = provider.post("/token", None, &form);
        assert_eq!(
            (theft.status, theft.body["error"].as_str()),
            (400, Some("invalid_grant")),
            "{theft:?}"
        );
    }
    FakeBrowser::new()
        .user("ada")
        .visit_blocking(&address)
        .unwrap();
    login.finish().ended_with(0);
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
