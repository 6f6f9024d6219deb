//! What the fuzz targets share: how bytes become HTTP answers, and what must hold of every text that a person sees.

use http::Response;
use oarlock_oauth::authorization::{AuthorizationRandom, AuthorizationRequest};
use oarlock_oauth::endpoint::{Endpoint, Issuer};
use oarlock_oauth::profile::ProviderProfile;
use oarlock_oauth::scope::Scopes;

/// The issuer that all targets believe to talk to.
pub const ISSUER: &str = "https://login.example.com";

/// 2026-01-01T00:00:00Z, the time at which everything happens.
pub const NOW: i64 = 1_767_225_600;

/// The time at which everything happens.
pub fn now() -> oarlock_oauth::Timestamp {
    oarlock_oauth::Timestamp::from_second(NOW).expect("the year 2026 is in range")
}

/// A provider with everything that a login needs.
pub fn profile() -> ProviderProfile {
    let endpoint = |path: &str| Endpoint::parse(&format!("{ISSUER}{path}")).ok();
    let mut profile = ProviderProfile::named("fuzz");
    profile.issuer = Issuer::parse(ISSUER).ok();
    profile.client_id = Some("client".to_owned());
    profile.authorization_endpoint = endpoint("/authorize");
    profile.token_endpoint = endpoint("/token");
    profile.device_authorization_endpoint = endpoint("/device");
    profile.registration_endpoint = endpoint("/register");
    profile.userinfo_endpoint = endpoint("/userinfo");
    profile.authorization_response_iss_parameter_supported = true;
    profile
}

/// A login that waits for its answer. Its state is 32 times `s`, in base64url.
pub fn request() -> AuthorizationRequest {
    let random = AuthorizationRandom {
        state: [b's'; 32],
        verifier: [b'v'; 32],
        nonce: [b'n'; 32],
    };
    AuthorizationRequest::new(
        &profile(),
        "http://127.0.0.1:49152/callback",
        &Scopes::parse("openid"),
        random,
    )
    .expect("the profile has what a request needs")
}

/// An HTTP answer: the first byte chooses the status, the second the content type, the rest is the body. Written as digits,
/// `00` is a 200 with JSON, `02` a 200 with a form, `40` a 400 with JSON.
pub fn answer(data: &[u8]) -> Option<Response<Vec<u8>>> {
    let (&[status, content_type], body) = data.split_first_chunk::<2>()?;
    let statuses = [200, 201, 204, 302, 400, 401, 403, 404, 408, 429, 500, 503];
    let types = [
        "application/json",
        "application/json; charset=utf-8",
        "application/x-www-form-urlencoded",
        "text/html",
        "text/plain",
        "",
    ];
    let mut builder = Response::builder().status(statuses[usize::from(status) % statuses.len()]);
    let chosen = types[usize::from(content_type) % types.len()];
    if !chosen.is_empty() {
        builder = builder.header("content-type", chosen);
    }
    builder.body(body.to_vec()).ok()
}

/// The sort of text that may reach a terminal: no control characters, no marks that turn the direction of writing.
pub fn assert_inert(shown: &str) {
    for character in shown.chars() {
        let turns = matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{061c}');
        assert!(
            !character.is_control() && !turns,
            "{character:?} would reach a terminal in {shown:?}"
        );
    }
}

/// A secret is in no `Debug` and in no message. Short ones prove nothing: they may stand in any text by chance.
pub fn assert_hidden(secret: &str, shown: &str) {
    assert!(
        secret.len() < 24 || !shown.contains(secret),
        "a secret is shown"
    );
}
