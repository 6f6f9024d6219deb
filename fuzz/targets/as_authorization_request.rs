#![no_main]
//! Authorization requests from browsers: whatever they say, an answer goes to the client's own address or to nobody.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{ISSUER, assert_hidden, assert_inert};
use oarlock_oauth::authorization_server::authorization::{AuthorizationRefusal, UncheckedRequest};
use oarlock_oauth::authorization_server::client::ClientMetadata;
use oarlock_oauth::endpoint::Issuer;
use oarlock_oauth::scope::Scopes;
use oarlock_oauth::secret::AuthorizationCode;
use url::Url;

const CLIENT: &str = r#"{"redirect_uris":["https://app.example/cb?code=x&a=1","http://127.0.0.1/cb","com.example.tool:/cb"],
    "scope":"openid deploy"}"#;

fuzz_target!(|query: &str| {
    let client: ClientMetadata = serde_json::from_str(CLIENT).expect("this client is well-formed");
    let known = Scopes::parse("openid profile deploy");
    let issuer = Issuer::parse(ISSUER).expect("this issuer is one");
    let unchecked = match UncheckedRequest::parse(query) {
        Ok(unchecked) => unchecked,
        Err(error) => return assert_inert(&error.to_string()),
    };
    assert!(!unchecked.client_id().is_empty());
    assert_inert(unchecked.client_id());
    match unchecked.check(&client, &known, &issuer) {
        Ok(request) => {
            assert!(client.allows_redirect(&request.redirect_uri));
            assert_eq!(request.code_challenge.len(), 43);
            assert!(
                request
                    .scopes
                    .iter()
                    .all(|scope| ["openid", "deploy"].contains(&scope))
            );
            if let Some(state) = &request.state {
                let mut shown = request.clone();
                // Without what could be the same text by chance.
                (shown.client_id, shown.resources) = (String::new(), Vec::new());
                (shown.redirect_uri, shown.code_challenge) = (String::new(), String::new());
                assert_hidden(state.expose(), &format!("{shown:?}"));
            }
            let location = request.granted(&AuthorizationCode::new("granted"), &issuer);
            assert_answer(&client, &location, "code");
            assert_eq!(
                one(&location, "state").as_deref(),
                request.state.as_ref().map(|state| state.expose())
            );
            let written = serde_json::to_vec(&request).expect("a request can be written");
            assert!(serde_json::from_slice(&written).is_ok_and(|read| request == read));
        }
        Err(AuthorizationRefusal::Page(error)) => assert_inert(&error.to_string()),
        Err(AuthorizationRefusal::Client { location, code }) => {
            assert_answer(&client, &location, "error");
            assert_eq!(one(&location, "error").as_deref(), Some(code.as_str()));
        }
    }
});

/// It leads to where the client is, says one thing and who says it.
fn assert_answer(client: &ClientMetadata, location: &Url, name: &str) {
    let mut bare = location.clone();
    bare.set_query(None);
    let mut known = client.redirect_uris.iter().map(|known| {
        let mut known = Url::parse(known.as_str()).expect("a redirect URI can be parsed");
        known.set_query(None);
        known
    });
    let leads_home = known.any(|mut known| {
        if known.scheme() == "http" {
            known.set_port(bare.port()).expect("loopback has a port");
        }
        known == bare
    });
    assert!(leads_home, "{location} is not the client's");
    assert!(
        one(location, name).is_some(),
        "there is no {name} in {location}"
    );
    assert_eq!(one(location, "iss").as_deref(), Some(ISSUER));
    let other = if name == "code" { "error" } else { "code" };
    assert!(one(location, other).is_none_or(|value| value == "x"));
}

/// The value of a parameter that is there at most once.
fn one(location: &Url, name: &str) -> Option<String> {
    let mut values = location
        .query_pairs()
        .filter(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned());
    let value = values.next();
    assert!(values.next().is_none(), "{name} is there twice");
    value
}
