//! Dynamic client registration (RFC 7591) of a native public client.

use crate::{
    Timestamp,
    answer::{self, malformed, string},
    client_auth::ClientAuthentication,
    endpoint::{Endpoint, is_loopback},
    outgoing::post_json,
    profile::ProviderProfile,
    scope::Scopes,
    secret::{ClientSecret, RegistrationAccessToken},
    token_error::TokenError,
};
use serde_json::{Value, json};
use url::Url;

const CODE: &str = "authorization_code";
const REFRESH: &str = "refresh_token";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";

/// What the server gave.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Registration {
    /// The client id.
    pub client_id: String,
    /// A secret, if the server gives one although none was asked for.
    pub client_secret: Option<ClientSecret>,
    /// When the secret dies; `None`: never, or there is no secret.
    pub client_secret_expires_at: Option<Timestamp>,
    /// How to authenticate; `None` where the server named a method that is not known here.
    pub client_authentication: Option<ClientAuthentication>,
    /// For reading and deleting the registration (RFC 7592).
    pub registration_access_token: Option<RegistrationAccessToken>,
    /// Where to do so (RFC 7592).
    pub registration_client_uri: Option<Endpoint>,
}

/// The HTTP request (section 3.1); `None` when the provider offers none.
///
/// A native public client (RFC 8252, section 8.4) with the profile's redirect path on `127.0.0.1`, `[::1]` and `localhost`,
/// at the profile's ports where there are some; with a `callback` elsewhere, such as a relay's, a web client with that one. Grant types are those of authorization code, refresh token and device
/// code that the server lists, or where it lists none the first two, and the third where it has the endpoint.
pub fn request(
    profile: &ProviderProfile,
    client_name: &str,
    scopes: &Scopes,
    callback: Option<&Url>,
) -> Option<http::Request<Vec<u8>>> {
    let endpoint = profile.registration_endpoint.as_ref()?;
    let grants = grant_types(profile);
    let uses_code = grants.contains(&CODE);
    let redirect_uris = match callback {
        None => profile.redirect.registered_uris(),
        Some(callback) => vec![callback.as_str().to_owned()],
    };
    // A native client's redirect URIs are of its own machine (OpenID Connect Registration, section 2).
    let is_web = callback.is_some_and(|callback| !is_loopback(callback));
    let mut client = json!({
        "client_name": client_name,
        "application_type": if is_web { "web" } else { "native" },
        "token_endpoint_auth_method": ClientAuthentication::None.as_str(),
        "grant_types": grants,
        "response_types": if uses_code { vec!["code"] } else { Vec::new() },
        "redirect_uris": if uses_code { redirect_uris } else { Vec::new() },
    });
    if let Some(members) = client.as_object_mut().filter(|_| !scopes.is_empty()) {
        // A space always (section 2), whatever the provider wants between scopes elsewhere.
        members.insert("scope".into(), Value::String(scopes.join(' ')));
    }
    post_json(endpoint, client.to_string().into_bytes(), None).ok()
}

fn grant_types(profile: &ProviderProfile) -> Vec<&'static str> {
    let listed = &profile.grant_types_supported;
    let wanted = |grant: &&str| match listed.is_empty() {
        true => *grant != DEVICE || profile.device_authorization_endpoint.is_some(),
        false => listed.iter().any(|known| known == grant),
    };
    [CODE, REFRESH, DEVICE].into_iter().filter(wanted).collect()
}

/// Reads the answer (section 3.2.1); the server may have changed what was asked for.
///
/// # Errors
/// The server refused, is unavailable, or named no client id.
pub fn response(response: &http::Response<Vec<u8>>) -> Result<Registration, TokenError> {
    let body = answer::read(response)?;
    let client_secret = string(&body, "client_secret").map(ClientSecret::new);
    let client_authentication = match string(&body, "token_endpoint_auth_method") {
        Some(method) => ClientAuthentication::parse(method),
        // The default of section 2 is Basic, which makes sense with a secret only.
        None if client_secret.is_some() => Some(ClientAuthentication::Basic),
        None => Some(ClientAuthentication::None),
    };
    // Seconds since 1970; zero: never (section 3.2.1).
    let expires = body
        .get("client_secret_expires_at")
        .and_then(answer::seconds);
    let expires =
        expires.and_then(|seconds| Timestamp::from_second(i64::try_from(seconds).ok()?).ok());
    Ok(Registration {
        // RFC 6749, appendix A.1; it is shown to people, too.
        client_id: string(&body, "client_id")
            .filter(|id| id.bytes().all(|byte| matches!(byte, b' '..=b'~')))
            .map(str::to_owned)
            .ok_or_else(|| malformed(response))?,
        client_secret_expires_at: expires.filter(|_| client_secret.is_some()),
        client_secret,
        client_authentication,
        registration_access_token: string(&body, "registration_access_token")
            .map(RegistrationAccessToken::new),
        registration_client_uri: string(&body, "registration_client_uri")
            .and_then(|uri| Endpoint::parse(uri).ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn profile() -> ProviderProfile {
        ProviderProfile {
            registration_endpoint: Some(Endpoint::parse("https://a.example/register").unwrap()),
            ..ProviderProfile::named("x")
        }
    }

    fn sent(profile: &ProviderProfile) -> Value {
        let request = request(profile, "Oarlock", &Scopes::parse("openid,email"), None).unwrap();
        assert_eq!(request.headers()["content-type"], "application/json");
        serde_json::from_slice(request.body()).unwrap()
    }

    fn answered(status: u16, body: impl Into<Vec<u8>>) -> Result<Registration, TokenError> {
        response(
            &http::Response::builder()
                .status(status)
                .body(body.into())
                .unwrap(),
        )
    }

    #[test]
    fn a_native_public_client_is_asked_for() {
        let expected = json!({
            "client_name": "Oarlock",
            "application_type": "native",
            "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
            "redirect_uris": ["http://127.0.0.1/callback", "http://[::1]/callback", "http://localhost/callback"],
            "scope": "openid email",
        });
        assert_eq!(sent(&profile()), expected);
        assert!(
            request(
                &ProviderProfile::named("x"),
                "Oarlock",
                &Scopes::default(),
                None
            )
            .is_none()
        );
    }

    #[test]
    fn a_callback_elsewhere_is_a_web_clients() {
        for (callback, kind) in [
            ("https://relay.example/oauth/callback", "web"),
            ("http://127.0.0.1:5001/oauth/callback", "native"),
        ] {
            let url = Url::parse(callback).unwrap();
            let request = request(&profile(), "Oarlock", &Scopes::default(), Some(&url)).unwrap();
            let sent: Value = serde_json::from_slice(request.body()).unwrap();
            assert_eq!(sent["application_type"], kind);
            assert_eq!(sent["redirect_uris"], json!([callback]));
        }
    }

    #[test]
    fn grant_types_follow_what_the_server_has() {
        let mut profile = profile();
        profile.device_authorization_endpoint =
            Some(Endpoint::parse("https://a.example/device").unwrap());
        assert_eq!(
            sent(&profile)["grant_types"],
            json!([CODE, REFRESH, DEVICE])
        );
        profile.grant_types_supported = vec![CODE.into(), "implicit".into()];
        assert_eq!(sent(&profile)["grant_types"], json!([CODE]));
        profile.grant_types_supported = vec![DEVICE.into()];
        assert_eq!(sent(&profile)["redirect_uris"], json!([]));
    }

    #[test]
    fn the_servers_word_counts() {
        let public = answered(
            201,
            r#"{"client_id":"c","token_endpoint_auth_method":"none"}"#,
        )
        .unwrap();
        assert_eq!(
            (public.client_id.as_str(), public.client_authentication),
            ("c", Some(ClientAuthentication::None))
        );
        let secret = r#"{"client_id":"c","client_secret":"s","client_secret_expires_at":1893456000,"registration_access_token":"r",
            "registration_client_uri":"https://a.example/register/c"}"#;
        let secret = answered(200, secret).unwrap();
        assert_eq!(
            secret.client_authentication,
            Some(ClientAuthentication::Basic)
        );
        assert_eq!(secret.client_secret, Some(ClientSecret::new("s")));
        assert_eq!(
            secret.client_secret_expires_at,
            Some(Timestamp::from_second(1_893_456_000).unwrap())
        );
        assert!(
            secret.registration_access_token.is_some() && secret.registration_client_uri.is_some()
        );
        let eternal = answered(
            201,
            r#"{"client_id":"c","client_secret":"s","client_secret_expires_at":0}"#,
        )
        .unwrap();
        assert_eq!(eternal.client_secret_expires_at, None);
        let unknown = answered(
            201,
            r#"{"client_id":"c","token_endpoint_auth_method":"private_key_jwt"}"#,
        )
        .unwrap();
        assert_eq!(unknown.client_authentication, None);
    }

    #[test]
    fn refusals_are_errors() {
        assert!(matches!(
            answered(400, r#"{"error":"invalid_redirect_uri"}"#),
            Err(TokenError::Refused(_))
        ));
        assert!(matches!(
            answered(201, r#"{"client_id":""}"#),
            Err(TokenError::Malformed { .. })
        ));
        // Escapes for a terminal, and what looks like another text than it is.
        for id in ["a\\u001b[2Jb", "a\\u202eb", "a\\nb"] {
            assert!(
                matches!(
                    answered(201, format!(r#"{{"client_id":"{id}"}}"#)),
                    Err(TokenError::Malformed { .. })
                ),
                "{id}"
            );
        }
        assert!(matches!(
            answered(403, "no"),
            Err(TokenError::Malformed { .. })
        ));
        assert!(matches!(
            answered(500, ""),
            Err(TokenError::Unavailable { .. })
        ));
    }

    proptest! {
        #[test]
        fn never_panics(value in "[-0-9.e\"\\[\\]{}a-z]{0,30}", body in prop::collection::vec(any::<u8>(), 0..100)) {
            drop(answered(201, format!("{{\"client_id\":\"c\",\"client_secret\":\"s\",\"client_secret_expires_at\":{value}}}")));
            drop(answered(201, body));
        }
    }
}
