#![no_main]
//! What clients say of themselves, in registrations and in documents at their own addresses.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::assert_inert;
use oarlock_oauth::authorization_server::client::{ClientIdUrl, ClientMetadata, GrantType};
use oarlock_oauth::client_auth::ClientAuthentication;

fuzz_target!(|body: &[u8]| {
    match ClientMetadata::from_registration(body) {
        Ok(found) => assert_sound(&found),
        Err(refusal) => assert_inert(&refusal.to_string()),
    }
    let address = ClientIdUrl::parse("https://app.example.com/client.json").expect("this is one");
    match ClientMetadata::from_document(&address, body) {
        Ok(found) => {
            assert_sound(&found);
            assert!(
                found.token_endpoint_auth_method == ClientAuthentication::None,
                "a document has a secret"
            );
        }
        Err(refusal) => assert_inert(&refusal.to_string()),
    }
    if let Ok(text) = std::str::from_utf8(body)
        && let Some(id) = ClientIdUrl::parse(text)
    {
        let url = id.url();
        assert_eq!(url.as_str(), text, "a client id has one spelling");
        assert!(url.scheme() == "https" && url.username().is_empty() && url.fragment().is_none());
    }
});

fn assert_sound(found: &ClientMetadata) {
    let written = serde_json::to_vec(found).expect("metadata can be written");
    assert!(
        serde_json::from_slice::<ClientMetadata>(&written).is_ok_and(|read| read == *found),
        "what is kept is not what was accepted"
    );
    assert!(!found.uses(GrantType::AuthorizationCode) || !found.redirect_uris.is_empty());
    assert!(
        found
            .grant_types
            .iter()
            .any(|grant| *grant != GrantType::RefreshToken)
    );
    for known in &found.redirect_uris {
        assert!(found.allows_redirect(known.as_str()));
    }
    if let Some(page) = &found.client_uri {
        assert!(matches!(page.scheme(), "http" | "https"), "{page} runs");
    }
    if let Some(name) = &found.client_name {
        assert_inert(&name.to_string());
    }
}
