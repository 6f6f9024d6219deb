//! The library in a program of somebody else, in three calls.

use std::sync::Arc;

use oarlock::{Browser, Client, LoginOptions, terminal::Silent};
use oarlock_io::Environment;
use serde_json::{Value, json};

use crate::{
    provider::OidcProvider,
    sandbox::{Sandbox, fake_browser},
};

#[test]
fn a_program_logs_in_and_makes_a_request() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (token, who) = runtime.block_on(program(&sandbox, &provider)).unwrap();
    assert!(provider.is_active(&token));
    assert_eq!(who["email"], "ada@example.test");
    assert_eq!(
        provider.count("registration 201"),
        1,
        "the issuer's address was enough"
    );
    assert!(
        sandbox.credential_files().is_empty(),
        "a program's logins are its own"
    );
    assert!(sandbox.home().join("mytool/credentials").is_dir());
}

async fn program(
    sandbox: &Sandbox,
    provider: &OidcProvider,
) -> Result<(String, Value), oarlock::Error> {
    let home = sandbox.home();
    let client = Client::builder("mytool")
        .environment(Environment::from_pairs([(
            "OARLOCK_HOME",
            home.to_str().unwrap(),
        )]))
        .interaction(Arc::new(Silent))
        .build()?;
    let mut options = LoginOptions::default();
    options.browser = Browser::Command(fake_browser("--user ada"));

    client.login(provider.issuer(), &options).await?;
    let token = client.token(provider.issuer()).await?;
    let mut answer = client.get(provider.issuer(), &provider.at("/me")).await?;

    let mut body = Vec::new();
    while let Some(chunk) = answer.body_mut().next().await? {
        body.extend_from_slice(&chunk);
    }
    Ok((
        token.expose().to_owned(),
        serde_json::from_slice(&body).unwrap(),
    ))
}
