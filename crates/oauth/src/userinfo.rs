//! Who logged in: userinfo and other "me" endpoints, and ID token claims.

use crate::{
    answer::{self, Body},
    authorization::ErrorResponse,
    bearer,
    outgoing::get,
    profile::{IDENTITY_CLAIMS, ProviderProfile},
    secret::AccessToken,
    text::Untrusted,
    token_error::TokenError,
};
use http::{HeaderValue, header::WWW_AUTHENTICATE};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

/// The HTTP request (OpenID Connect Core, section 5.3.1); `None` without an endpoint.
pub fn request(profile: &ProviderProfile, token: &AccessToken) -> Option<http::Request<Vec<u8>>> {
    let endpoint = profile.userinfo_endpoint.as_ref()?;
    let authorization = Zeroizing::new(format!("Bearer {}", token.expose()));
    get(endpoint, Some(HeaderValue::from_str(&authorization).ok()?)).ok()
}

/// The claims (OpenID Connect Core, section 5.3.2), unsigned JSON only.
///
/// Before they are joined with those of an ID token, both `sub` have to be the same: see [`same_subject`].
///
/// # Errors
/// The token is refused (the error is the one of the `WWW-Authenticate` challenge, RFC 6750, section 3), the server
/// is unavailable, or the answer is no JSON object.
pub fn response(response: &http::Response<Vec<u8>>) -> Result<Map<String, Value>, TokenError> {
    answer::read(response).map_err(|error| match error {
        TokenError::Malformed { .. } => challenged(response).map_or(error, TokenError::Refused),
        other => other,
    })
}

fn challenged(response: &http::Response<Vec<u8>>) -> Option<ErrorResponse> {
    let challenges = response.headers().get_all(WWW_AUTHENTICATE).iter();
    let challenge = challenges
        .filter_map(|value| bearer::challenge(value.to_str().ok()?))
        .next()?;
    let description = challenge.error_description.as_ref().map(Untrusted::raw);
    Some(ErrorResponse::new(
        challenge.error?.raw(),
        description,
        None,
    ))
}

/// Whether userinfo is about the person of the ID token (OpenID Connect Core, section 5.3.2: else it must not be used).
pub fn same_subject(id_token: &crate::id_token::Claims, userinfo: &Map<String, Value>) -> bool {
    userinfo.get("sub").and_then(Value::as_str) == Some(id_token.subject.as_str())
}

/// The name for people out of claims: the first of the profile's `identity_claims` (default email,
/// preferred_username, login, name, sub).
///
/// A claim is a top-level name or, with a slash in front, a JSON pointer (`/user/name`). Strings and numbers count,
/// empty ones do not.
pub fn identity(profile: &ProviderProfile, claims: &Map<String, Value>) -> Option<Untrusted> {
    let configured = profile.identity_claims.iter().map(String::as_str);
    let standard = IDENTITY_CLAIMS
        .into_iter()
        .filter(|_| profile.identity_claims.is_empty());
    configured
        .chain(standard)
        .find_map(|claim| match value(claims, claim)? {
            Value::String(text) if !text.trim().is_empty() => Some(Untrusted::new(text.trim())),
            Value::Number(number) => Some(Untrusted::new(number.to_string())),
            _ => None,
        })
}

/// What tells this person from all others of the provider, for good: the first of the profile's `subject_claims`.
///
/// A non-empty string, or a whole number that JSON readers agree about: of a fraction or of more than 64 bits something is lost, and two
/// people could become one.
pub fn subject(profile: &ProviderProfile, claims: &Map<String, Value>) -> Option<String> {
    let first = profile
        .subject_claims
        .iter()
        .find_map(|claim| value(claims, claim).filter(|value| !value.is_null()))?;
    match first {
        Value::String(text) if !text.trim().is_empty() => Some(text.clone()),
        Value::Number(number) if number.is_u64() || number.is_i64() => Some(number.to_string()),
        _ => None,
    }
}

fn value<'a>(claims: &'a Body, claim: &str) -> Option<&'a Value> {
    if claim.starts_with('/') {
        answer::pointed(claims, claim)
    } else {
        claims.get(claim)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{authorization::ErrorCode, endpoint::Endpoint};
    use serde_json::json;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn a_request_carries_the_token_in_a_sensitive_header() {
        let mut profile = ProviderProfile::named("x");
        assert!(request(&profile, &AccessToken::new("t")).is_none());
        profile.userinfo_endpoint = Some(Endpoint::parse("https://a.example/me").unwrap());
        let request = request(&profile, &AccessToken::new("canary")).unwrap();
        assert_eq!(request.method(), "GET");
        assert_eq!(request.headers()["authorization"], "Bearer canary");
        assert!(!format!("{request:?}").contains("canary"));
        assert!(super::request(&profile, &AccessToken::new("a\r\nb")).is_none());
    }

    #[test]
    fn a_refused_token_says_why() {
        let answer = http::Response::builder()
            .status(401)
            .header("www-authenticate", "Basic realm=x")
            .header(
                "www-authenticate",
                "Bearer error=\"invalid_token\", error_description=\"gone\"",
            )
            .body(b"Unauthorized".to_vec())
            .unwrap();
        let Err(TokenError::Refused(error)) = response(&answer) else {
            panic!()
        };
        assert_eq!(error.code, ErrorCode::parse("invalid_token"));
        assert_eq!(error.to_string(), "invalid_token: gone");
        let prose = http::Response::builder()
            .status(401)
            .body(b"Unauthorized".to_vec())
            .unwrap();
        assert!(matches!(
            response(&prose),
            Err(TokenError::Malformed { status: 401, .. })
        ));
    }

    #[test]
    fn the_name_is_the_first_claim_that_is_there() {
        let mut profile = ProviderProfile::named("x");
        let name = |profile: &ProviderProfile, claims| {
            identity(profile, &object(claims)).map(|name| name.to_string())
        };
        assert_eq!(
            name(&profile, json!({"sub": "1", "email": "a@x.example"})).as_deref(),
            Some("a@x.example")
        );
        assert_eq!(
            name(
                &profile,
                json!({"sub": "1", "email": " ", "login": null, "name": "Ann"})
            )
            .as_deref(),
            Some("Ann")
        );
        assert_eq!(name(&profile, json!({"id": 7})), None);
        profile.identity_claims = vec!["/user/name".into(), "id".into()];
        assert_eq!(name(&profile, json!({"id": 7})).as_deref(), Some("7"));
        assert_eq!(
            name(&profile, json!({"id": 7, "user": {"name": "b\u{1b}ob"}})).as_deref(),
            Some("b\u{fffd}ob")
        );
        profile.identity_claims = Vec::new();
        assert_eq!(
            name(&profile, json!({"login": "octo"})).as_deref(),
            Some("octo")
        );
    }

    #[test]
    fn the_subject_is_what_does_not_change() {
        let mut profile = ProviderProfile::named("x");
        let subject = |profile: &ProviderProfile, claims| subject(profile, &object(claims));
        let github = json!({"login": "octo", "id": 583_231, "node_id": "MDQ6"});
        assert_eq!(subject(&profile, github).as_deref(), Some("583231"));
        assert_eq!(
            subject(&profile, json!({"id": "b", "sub": "a"})).as_deref(),
            Some("a")
        );
        for none in [
            json!({"login": "octo"}),
            json!({"sub": ""}),
            json!({"sub": " ", "id": 7}),
            json!({"id": true}),
            json!({"id": 1.5}),
            json!({"id": ["7"]}),
        ] {
            assert_eq!(subject(&profile, none.clone()), None, "{none}");
        }
        let large: Map<String, Value> =
            serde_json::from_str(r#"{"id":100000000000000000000}"#).unwrap();
        assert_eq!(super::subject(&profile, &large), None);
        profile.subject_claims = vec!["/data/id".into()];
        assert_eq!(
            subject(&profile, json!({"id": 1, "data": {"id": "x7"}})).as_deref(),
            Some("x7")
        );
    }
}
