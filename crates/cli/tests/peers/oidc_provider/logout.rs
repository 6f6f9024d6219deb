//! After a logout the tokens are dead, not only forgotten.

use serde_json::json;

use crate::{provider::OidcProvider, sandbox::Sandbox};

#[test]
fn a_logout_revokes_both_tokens_at_the_provider() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    let (access, refresh) = (
        sandbox.secret("access_token"),
        sandbox.secret("refresh_token"),
    );
    assert!(provider.is_active(&access) && provider.is_active(&refresh));

    let logout = sandbox.run(["logout"]).ended_with(0);
    assert!(logout.stderr.contains("took the tokens back"), "{logout:?}");
    assert!(!provider.is_active(&access) && !provider.is_active(&refresh));
    assert_eq!(provider.userinfo(&access).status, 401);
    assert!(sandbox.credential_files().is_empty());

    let token = sandbox.run(["token"]).ended_with(4);
    assert_eq!(token.stdout, "");
    assert!(token.stderr.contains("oarlock login"), "{token:?}");
}

#[test]
fn a_local_logout_asks_nobody() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    let access = sandbox.secret("access_token");
    sandbox.run(["logout", "--local"]).ended_with(0);
    assert!(sandbox.credential_files().is_empty());
    assert!(provider.is_active(&access), "the provider was not asked");
    assert_eq!(provider.count("revocation 200"), 0);
}

#[test]
fn a_logout_where_the_provider_is_gone_says_what_is_left_over() {
    let (sandbox, provider) = (Sandbox::new(), OidcProvider::start(&json!({})));
    sandbox.log_in(&provider);
    drop(provider);
    let logout = sandbox.run(["logout"]).ended_with(0);
    assert!(logout.stderr.contains("may live on there"), "{logout:?}");
    assert!(sandbox.credential_files().is_empty());
}
