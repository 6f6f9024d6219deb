//! The same requests and answers through the `oauth2` crate, an independent reading of the same documents.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests, which clippy does not take for tests"
)]

use oarlock_oauth::{
    Timestamp,
    authorization::{AuthorizationRandom, AuthorizationRequest, CodeGrant, ErrorCode},
    client_auth::ClientAuthentication,
    device,
    endpoint::Endpoint,
    pkce,
    profile::ProviderProfile,
    revocation::{self, TokenHint},
    scope::Scopes,
    secret::{AuthorizationCode, ClientSecret, CodeVerifier, RefreshToken},
    token::{self, Grant, TokenError, TokenResponse},
};
use oauth2::{TokenResponse as _, basic::BasicClient};
use proptest::prelude::*;
use std::{collections::BTreeMap, convert::Infallible, sync::Mutex};

const REDIRECT: &str = "http://127.0.0.1:4711/callback";
const TOKEN: &str = r#"{"access_token":"at","token_type":"bearer"}"#;
const DEVICE: &str = r#"{"device_code":"d/1","user_code":"u","verification_uri":"https://a.example/go","expires_in":60}"#;

type Theirs = oauth2::Client<
    oauth2::basic::BasicErrorResponse,
    oauth2::basic::BasicTokenResponse,
    oauth2::basic::BasicTokenIntrospectionResponse,
    oauth2::StandardRevocableToken,
    oauth2::basic::BasicRevocationErrorResponse,
    oauth2::EndpointSet,
    oauth2::EndpointSet,
    oauth2::EndpointNotSet,
    oauth2::EndpointSet,
    oauth2::EndpointSet,
>;

/// What a request says: method, address, credentials, fields.
#[derive(Debug, PartialEq)]
struct Said(String, String, Option<String>, BTreeMap<String, String>);

fn said(request: &http::Request<Vec<u8>>) -> Said {
    assert_eq!(request.headers()["accept"], "application/json");
    assert_eq!(
        request.headers()["content-type"],
        "application/x-www-form-urlencoded"
    );
    let pairs: Vec<(String, String)> = url::form_urlencoded::parse(request.body())
        .into_owned()
        .collect();
    let fields: BTreeMap<_, _> = pairs.iter().cloned().collect();
    assert_eq!(fields.len(), pairs.len(), "no field twice");
    let credentials = request
        .headers()
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    Said(
        request.method().to_string(),
        request.uri().to_string(),
        credentials,
        fields,
    )
}

/// A wire that remembers the last request and answers always the same.
struct Wire {
    status: u16,
    body: String,
    last: Mutex<Option<Said>>,
}

impl Wire {
    fn answering(status: u16, body: &str) -> Self {
        Self {
            status,
            body: body.to_owned(),
            last: Mutex::new(None),
        }
    }

    fn heard(&self) -> Said {
        self.last.lock().unwrap().take().unwrap()
    }
}

impl oauth2::SyncHttpClient for Wire {
    type Error = Infallible;

    fn call(&self, request: oauth2::HttpRequest) -> Result<oauth2::HttpResponse, Infallible> {
        *self.last.lock().unwrap() = Some(said(&request));
        Ok(answer(self.status, &self.body))
    }
}

fn answer(status: u16, body: &str) -> http::Response<Vec<u8>> {
    http::Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .body(body.into())
        .unwrap()
}

fn endpoint(path: &str) -> Endpoint {
    Endpoint::parse(&format!("https://a.example{path}")).unwrap()
}

fn profile(secret: Option<&str>, method: ClientAuthentication) -> ProviderProfile {
    let mut profile = ProviderProfile::named("x");
    profile.client_id = Some("client:1 é".into());
    profile.client_secret = secret.map(ClientSecret::new);
    profile.client_authentication = Some(method);
    profile.authorization_endpoint = Some(endpoint("/authorize?tenant=t%201"));
    profile.token_endpoint = Some(endpoint("/token"));
    profile.device_authorization_endpoint = Some(endpoint("/device"));
    profile.revocation_endpoint = Some(endpoint("/revoke"));
    profile
}

/// The three kinds of client.
fn profiles() -> [ProviderProfile; 3] {
    let secret = Some("s:e+c %é~*");
    [
        profile(None, ClientAuthentication::None),
        profile(secret, ClientAuthentication::Basic),
        profile(secret, ClientAuthentication::Post),
    ]
}

fn theirs(profile: &ProviderProfile) -> Theirs {
    let text = |endpoint: &Option<Endpoint>| endpoint.as_ref().unwrap().url().to_string();
    let client = BasicClient::new(oauth2::ClientId::new(profile.client_id.clone().unwrap()))
        .set_auth_uri(oauth2::AuthUrl::new(text(&profile.authorization_endpoint)).unwrap())
        .set_token_uri(oauth2::TokenUrl::new(text(&profile.token_endpoint)).unwrap())
        .set_device_authorization_url(
            oauth2::DeviceAuthorizationUrl::new(text(&profile.device_authorization_endpoint))
                .unwrap(),
        )
        .set_revocation_url(oauth2::RevocationUrl::new(text(&profile.revocation_endpoint)).unwrap())
        .set_redirect_uri(oauth2::RedirectUrl::new(REDIRECT.into()).unwrap())
        .set_auth_type(match profile.authentication() {
            ClientAuthentication::Basic => oauth2::AuthType::BasicAuth,
            _ => oauth2::AuthType::RequestBody,
        });
    match &profile.client_secret {
        Some(secret) => client.set_client_secret(oauth2::ClientSecret::new(secret.expose().into())),
        None => client,
    }
}

fn authorization(profile: &ProviderProfile, scopes: &str) -> AuthorizationRequest {
    let random = AuthorizationRandom {
        state: [1; 32],
        verifier: [2; 32],
        nonce: [3; 32],
    };
    AuthorizationRequest::new(profile, REDIRECT, &Scopes::parse(scopes), random).unwrap()
}

fn grant(request: &AuthorizationRequest, code: &str) -> CodeGrant {
    request.grant_bare(AuthorizationCode::new(code))
}

fn pkce_challenge(verifier: &CodeVerifier) -> oauth2::PkceCodeChallenge {
    oauth2::PkceCodeChallenge::from_code_verifier_sha256(&oauth2::PkceCodeVerifier::new(
        verifier.expose().into(),
    ))
}

#[test]
fn authorization_urls_say_the_same() {
    for profile in profiles() {
        let request = authorization(&profile, "a b https://x.example/s");
        let verifier = grant(&request, "c").verifier.unwrap();
        let state = request.state().expose().to_owned();
        let (url, _) = theirs(&profile)
            .authorize_url(|| oauth2::CsrfToken::new(state))
            .add_scopes(
                ["a", "b", "https://x.example/s"].map(|scope| oauth2::Scope::new(scope.into())),
            )
            .set_pkce_challenge(pkce_challenge(&verifier))
            .url();
        let pairs = |url: &url::Url| {
            let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            pairs.sort();
            pairs
        };
        assert_eq!(pairs(request.url()), pairs(&url));
        assert_eq!(
            (request.url().origin(), request.url().path()),
            (url.origin(), url.path())
        );
    }
}

#[test]
fn token_requests_say_the_same() {
    for profile in profiles() {
        let wire = Wire::answering(200, TOKEN);
        let client = theirs(&profile);
        let request = authorization(&profile, "a");
        let code = grant(&request, "4/0+a b&c=é");
        let verifier =
            oauth2::PkceCodeVerifier::new(code.verifier.as_ref().unwrap().expose().into());
        client
            .exchange_code(oauth2::AuthorizationCode::new(code.code.expose().into()))
            .set_pkce_verifier(verifier)
            .request(&wire)
            .unwrap();
        assert_eq!(
            said(&token::request(&profile, &Grant::Code(&code)).unwrap()),
            wire.heard()
        );

        let refresh = RefreshToken::new("r/1+2");
        client
            .exchange_refresh_token(&oauth2::RefreshToken::new(refresh.expose().into()))
            .request(&wire)
            .unwrap();
        let ours = token::request(
            &profile,
            &Grant::Refresh {
                token: &refresh,
                scopes: Some(&Scopes::parse("a")),
            },
        )
        .unwrap();
        assert_eq!(said(&ours), wire.heard());

        let scopes = Scopes::parse("a b");
        client
            .exchange_client_credentials()
            .add_scopes(["a", "b"].map(|scope| oauth2::Scope::new(scope.into())))
            .request(&wire)
            .unwrap();
        let ours = token::request(&profile, &Grant::ClientCredentials { scopes: &scopes }).unwrap();
        assert_eq!(said(&ours), wire.heard());
    }
}

#[test]
fn device_requests_say_the_same() {
    for profile in profiles() {
        let client = theirs(&profile);
        let wire = Wire::answering(200, DEVICE);
        let details: oauth2::StandardDeviceAuthorizationResponse = client
            .exchange_device_code()
            .add_scope(oauth2::Scope::new("a".into()))
            .request(&wire)
            .unwrap();
        let ours = device::request(&profile, &Scopes::parse("a")).unwrap();
        assert_eq!(said(&ours), wire.heard());

        let found = device::response(&profile, &answer(200, DEVICE)).unwrap();
        assert_eq!(found.device_code.expose(), details.device_code().secret());
        assert_eq!(found.user_code.raw(), details.user_code().secret());
        assert_eq!(
            (found.interval, found.expires_in),
            (details.interval(), details.expires_in())
        );

        let wire = Wire::answering(200, TOKEN);
        client
            .exchange_device_access_token(&details)
            .request(&wire, |_| (), None)
            .unwrap();
        assert_eq!(
            said(&token::request(&profile, &Grant::Device(&found.device_code)).unwrap()),
            wire.heard()
        );
    }
}

#[test]
fn revocation_requests_say_the_same() {
    for profile in profiles() {
        let wire = Wire::answering(200, "");
        let client = theirs(&profile);
        client
            .revoke_token(oauth2::RefreshToken::new("r/1".into()).into())
            .unwrap()
            .request(&wire)
            .unwrap();
        let ours = revocation::request(&profile, "r/1", TokenHint::Refresh)
            .unwrap()
            .unwrap();
        assert_eq!(said(&ours), wire.heard());
        client
            .revoke_token(oauth2::AccessToken::new("a/1".into()).into())
            .unwrap()
            .request(&wire)
            .unwrap();
        let ours = revocation::request(&profile, "a/1", TokenHint::Access)
            .unwrap()
            .unwrap();
        assert_eq!(said(&ours), wire.heard());
    }
}

fn both(
    status: u16,
    body: &str,
) -> (
    Result<TokenResponse, TokenError>,
    Result<oauth2::basic::BasicTokenResponse, Option<String>>,
) {
    let [profile, ..] = profiles();
    let ours = token::response(&profile, &answer(status, body), Timestamp::UNIX_EPOCH);
    let theirs = theirs(&profile)
        .exchange_refresh_token(&oauth2::RefreshToken::new("r".into()))
        .request(&Wire::answering(status, body));
    let theirs = theirs.map_err(|error| match error {
        oauth2::RequestTokenError::ServerResponse(error) => Some(error.error().to_string()),
        _ => None,
    });
    (ours, theirs)
}

#[test]
fn error_answers_are_read_alike() {
    for code in [
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
        "made_up",
    ] {
        let (ours, theirs) = both(
            400,
            &format!(
                r#"{{"error":"{code}","error_description":"why","error_uri":"https://a.example/e"}}"#
            ),
        );
        let Err(TokenError::Refused(error)) = ours else {
            panic!("{ours:?}")
        };
        assert_eq!(
            (error.code.as_str(), theirs.unwrap_err().as_deref()),
            (code, Some(code))
        );
        assert_eq!(error.code, ErrorCode::parse(code));
        assert_eq!(error.description.unwrap().raw(), "why");
    }
}

proptest! {
    #[test]
    fn pkce_challenges_are_the_same(verifier in "[A-Za-z0-9._~-]{43,128}") {
        let verifier = CodeVerifier::new(verifier);
        let theirs = pkce_challenge(&verifier);
        prop_assert_eq!(pkce::challenge(&verifier), theirs.as_str());
    }

    #[test]
    fn token_answers_are_read_alike(
        access in "[!#-\\[\\]-~]{1,60}",
        refresh in proptest::option::of("[!#-\\[\\]-~]{1,60}"),
        scopes in proptest::option::of(prop::collection::btree_set("[a-z:./]{1,12}", 1..5)),
        lifetime in proptest::option::of(1u32..),
        kind in "[Bb]earer|BEARER",
    ) {
        let mut body = serde_json::json!({"access_token": access, "token_type": kind});
        if let Some(refresh) = &refresh {
            body["refresh_token"] = refresh.as_str().into();
        }
        if let Some(scopes) = &scopes {
            body["scope"] = scopes.iter().map(String::as_str).collect::<Vec<_>>().join(" ").into();
        }
        if let Some(lifetime) = lifetime {
            body["expires_in"] = lifetime.into();
        }
        let (ours, theirs) = both(200, &body.to_string());
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        prop_assert_eq!(ours.access_token.expose(), theirs.access_token().secret());
        prop_assert_eq!(ours.refresh_token.as_ref().map(|token| token.expose()), theirs.refresh_token().map(|token| token.secret().as_str()));
        prop_assert_eq!(ours.expires_at.map(|at| at.as_second()), theirs.expires_in().map(|lifetime| lifetime.as_secs() as i64));
        let names = theirs.scopes().map(|scopes| scopes.iter().map(|scope| scope.to_string()).collect::<Vec<_>>());
        prop_assert_eq!(ours.scope.map(|scopes| scopes.iter().map(str::to_owned).collect::<Vec<_>>()), names);
    }
}
