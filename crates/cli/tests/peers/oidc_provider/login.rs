//! Logging in through the browser, and using the token.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::{
    provider::OidcProvider,
    sandbox::{CLIENT, Sandbox, fake_browser},
};

#[test]
fn a_login_by_loopback_ends_with_a_token_that_the_provider_takes() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let login = sandbox.log_in(&provider);
    assert_eq!(login.stdout, "", "{login:?}");
    let address = login.stderr.find("/auth?").expect("the address is shown");
    let opened = login.stderr.find("A browser was opened").unwrap();
    assert!(
        address < opened,
        "the address comes before any browser is tried: {login:?}"
    );
    assert!(login.stderr.contains("as ada@example.test"), "{login:?}");

    let file = sandbox.credential_file();
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    for secret in ["access_token", "refresh_token", "id_token"] {
        login.keeps_secret(&sandbox.secret(secret));
    }

    let token = sandbox.token();
    assert_eq!(token, sandbox.secret("access_token"));
    assert_eq!(provider.userinfo(&token).body["sub"], "ada");
    assert_eq!(provider.count("token authorization_code 200"), 1);
    assert_eq!(
        provider.count("token refresh_token 200"),
        0,
        "the new token is used as it is"
    );
}

#[test]
fn a_request_carries_the_token_and_status_shows_who() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);

    let request = sandbox.run(["request", &provider.at("/me")]).ended_with(0);
    assert_eq!(request.json()["email"], "ada@example.test");
    assert_eq!(request.stderr, "");

    let status = sandbox.run(["status"]).ended_with(0);
    assert!(status.stdout.contains("ada@example.test"), "{status:?}");
    let status = sandbox.run(["status", "--json"]).ended_with(0).json();
    let login = &status["logins"][0];
    assert_eq!(login["identity"], "ada@example.test");
    assert_eq!(login["state"], "fresh");
    assert_eq!(login["refreshable"], true);
    assert_eq!(login["scope"], "openid email offline_access");
}

/// The keys are fetched and the signature is checked: with a key or an algorithm that is not known here, no login would stand.
#[test]
fn id_tokens_of_every_algorithm_are_checked() {
    for algorithm in ["PS256", "ES256", "EdDSA"] {
        let provider = OidcProvider::start(&json!({ "id_token_alg": algorithm }));
        let sandbox = Sandbox::new();
        sandbox.log_in(&provider);
        assert_eq!(provider.count("jwks 200"), 1, "{algorithm}");
        let token = sandbox.secret("id_token");
        assert_eq!(header_of(&token)["alg"], algorithm);
    }
}

#[test]
fn two_people_at_one_provider_are_two_accounts() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    let browser = fake_browser("--user grace");
    let arguments = [
        "login",
        provider.issuer(),
        "--client-id",
        CLIENT,
        "-a",
        "work",
    ];
    sandbox
        .run(arguments.into_iter().chain(["--browser", &browser]))
        .ended_with(0);
    assert_eq!(sandbox.credential_files().len(), 2);
    for (account, sub) in [("default", "ada"), ("work", "grace")] {
        let request = sandbox
            .run(["request", "-a", account, &provider.at("/me")])
            .ended_with(0);
        assert_eq!(request.json()["sub"], sub);
    }
}

#[test]
fn doctor_and_provider_test_find_nothing_wrong_with_it() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let test = sandbox
        .run(["provider", "test", provider.issuer(), "--json"])
        .ended_with(0);
    test.json();
    sandbox.run(["doctor", provider.issuer()]).ended_with(0);
    assert!(
        sandbox.credential_files().is_empty(),
        "nobody was logged in"
    );
    assert_eq!(
        provider.count("registration 201"),
        0,
        "and no client was registered"
    );
}

fn header_of(jwt: &str) -> Value {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let (header, _) = jwt.split_once('.').unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap()).unwrap()
}
