//! Programs that are their own account.

use serde_json::json;

use crate::{call::Finished, provider::OidcProvider, sandbox::Sandbox};

const ODD_SECRET: &str = "p+ss w:rd%25&=/";

#[test]
fn a_program_logs_in_as_itself_and_renews_by_asking_again() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let login = log_in(&sandbox, &provider, "oarlock-secret", "secret").ended_with(0);
    assert!(!login.stderr.contains("browser"), "{login:?}");
    let first = sandbox.token();
    assert!(provider.is_active(&first));
    assert!(sandbox.credential()["refresh_token"].is_null());
    sandbox.expire();
    let second = sandbox.token();
    assert_ne!(second, first);
    assert!(provider.is_active(&second));
    assert_eq!(provider.count("token client_credentials 200"), 2);
    sandbox.run(["logout"]).ended_with(0);
    assert!(!provider.is_active(&second));
}

/// RFC 6749, section 2.3.1: both are form-encoded before they are put into the header.
#[test]
fn an_id_and_a_secret_with_odd_characters_arrive_as_they_are() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    log_in(&sandbox, &provider, "oarlock:odd", ODD_SECRET).ended_with(0);
    assert!(provider.is_active(&sandbox.token()));
}

#[test]
fn a_configured_client_sends_its_secret_in_the_body() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let secret = sandbox.secret_file("secret", ODD_SECRET);
    let add = [
        "provider",
        "add",
        "backend",
        "--issuer",
        provider.issuer(),
        "--client-id",
        "oarlock-post",
        "--client-secret-file",
        &secret,
        "--set",
        "client_authentication=\"client_secret_post\"",
    ];
    sandbox.run(add).ended_with(0);
    sandbox
        .run(["login", "backend", "--flow", "client-credentials"])
        .ended_with(0);
    assert!(provider.is_active(&sandbox.token()));
}

#[test]
fn a_wrong_secret_is_refused_and_not_shown() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let login = log_in(&sandbox, &provider, "oarlock-secret", "canary-2f6b").ended_with(1);
    assert!(login.stderr.contains("invalid_client"), "{login:?}");
    assert!(
        login.stderr.contains("--client-secret-file"),
        "it says what to do: {login:?}"
    );
    login.keeps_secret("canary-2f6b");
    assert!(sandbox.credential_files().is_empty());
}

#[test]
fn without_a_secret_it_is_refused_before_anything_is_sent() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let arguments = ["login", provider.issuer(), "--client-id", "oarlock-secret"];
    let login = sandbox
        .run(
            arguments
                .into_iter()
                .chain(["--flow", "client-credentials"]),
        )
        .ended_with(2);
    assert!(login.stderr.contains("client secret"), "{login:?}");
    assert_eq!(provider.count("token client_credentials 400"), 0);
}

fn log_in(sandbox: &Sandbox, provider: &OidcProvider, id: &str, secret: &str) -> Finished {
    let secret = sandbox.secret_file("secret", secret);
    sandbox.run([
        "login",
        provider.issuer(),
        "--client-id",
        id,
        "--client-secret-file",
        &secret,
        "--flow",
        "client-credentials",
    ])
}
