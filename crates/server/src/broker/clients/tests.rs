//! The client that is always there; the others are tested where they are used.

use oarlock_oauth::authorization_server::client::GrantType;

use super::{BUILT_IN, Client, ClientOrigin, built_in};
use crate::broker::pages::Standing;

fn client(public_url: &str) -> Client {
    built_in::client(&public_url.parse().unwrap())
}

#[test]
fn hostile_07_the_built_in_clients_codes_go_to_this_machine_or_to_our_page() {
    let client = client("https://login.example/");
    for allowed in [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:4711/callback",
        "http://[::1]:1/callback",
        "http://localhost:65535/callback",
        "https://login.example/code",
    ] {
        assert!(client.metadata.allows_redirect(allowed), "{allowed}");
    }
    for refused in [
        "http://127.0.0.1/",
        "http://127.0.0.1/callback/..",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.2/callback",
        "https://127.0.0.1/callback",
        "https://login.example:444/code",
        "https://login.example/code?x",
        "https://evil.example/code",
    ] {
        assert!(!client.metadata.allows_redirect(refused), "{refused}");
    }
}

#[test]
fn the_built_in_client_needs_no_secret_and_knows_every_grant() {
    let client = client("http://127.0.0.1:5001/");
    assert_eq!(client.id, BUILT_IN);
    assert_eq!(client.origin, ClientOrigin::BuiltIn);
    assert_eq!(client.standing(), Standing::Known);
    assert!(client.is_trusted() && !client.is_confidential());
    assert_eq!(client.metadata.redirect_uris.len(), 4);
    for grant in [
        GrantType::AuthorizationCode,
        GrantType::RefreshToken,
        GrantType::DeviceCode,
    ] {
        assert!(client.metadata.uses(grant));
    }
}
