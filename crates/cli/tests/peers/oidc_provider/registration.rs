//! A provider's address alone is enough where it registers clients (RFC 7591).

use serde_json::json;

use crate::{
    call::Finished,
    provider::OidcProvider,
    sandbox::{Sandbox, fake_browser},
};

#[test]
fn a_client_is_registered_once_and_remembered() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    log_in(&sandbox, &provider, &[]).ended_with(0);
    assert_eq!(provider.count("registration 201"), 1);
    let client = sandbox.credential()["profile"]["client_id"].clone();
    let first = sandbox.token();

    log_in(&sandbox, &provider, &[]).ended_with(0);
    assert_eq!(
        provider.count("registration 201"),
        1,
        "the second login is the same client's"
    );
    assert_eq!(sandbox.credential()["profile"]["client_id"], client);
    assert_ne!(sandbox.token(), first);

    log_in(&sandbox, &provider, &["-a", "work"]).ended_with(0);
    assert_eq!(
        provider.count("registration 201"),
        1,
        "and so is another account's"
    );
    sandbox
        .run(["token", "-a", "work", "--force-refresh"])
        .ended_with(0);
}

#[test]
fn a_registered_client_can_log_in_by_device() {
    let provider = OidcProvider::start(&json!({ "device_interval": 1 }));
    let sandbox = Sandbox::new();
    log_in(&sandbox, &provider, &["--flow", "device"]).ended_with(0);
    assert_eq!(provider.userinfo(&sandbox.token()).body["sub"], "ada");
}

#[test]
fn without_registration_a_client_id_is_asked_for() {
    let provider = OidcProvider::start(&json!({ "registration": false }));
    let sandbox = Sandbox::new();
    let login = log_in(&sandbox, &provider, &[]).ended_with(2);
    assert!(login.stderr.contains("--client-id"), "{login:?}");
    assert!(
        !login.stderr.contains("/auth?"),
        "nobody was sent to a browser: {login:?}"
    );
}

fn log_in(sandbox: &Sandbox, provider: &OidcProvider, more: &[&str]) -> Finished {
    let browser = fake_browser("--user ada");
    let arguments = ["login", provider.issuer(), "--browser", &browser];
    sandbox.run(arguments.into_iter().chain(more.iter().copied()))
}
