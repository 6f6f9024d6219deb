//! Every fault shows what it promises, and a server without it does not.
use crate::plain_client::*;
use futures_util::{StreamExt as _, stream};
use http::Request;
use oarlock_testkit::{
    AuthorizationServer, Client, DEFAULT_CLIENT_ID, Endpoint, FakeClock, Fault, Faults, HOSTILE,
    Server,
};
use serde_json::{Value, json};
use std::{sync::Arc, time::Duration};

/// Longer than any right answer takes.
const PATIENCE: Duration = Duration::from_secs(3);

struct Bench {
    server: Server,
    clock: Arc<FakeClock>,
}

impl Bench {
    async fn new(faults: impl Into<Faults>) -> Self {
        let clock = Arc::new(FakeClock::default());
        let builder = AuthorizationServer::builder()
            .clock(clock.clone())
            .faults(faults);
        Self {
            server: builder.start().await.unwrap(),
            clock,
        }
    }

    /// A refresh token; its making may show a fault, but needs no answer.
    fn refresh_token(&self) -> String {
        let issued = self
            .server
            .issue(DEFAULT_CLIENT_ID, "alice", SCOPE)
            .unwrap();
        issued.refresh_token.unwrap().expose().to_owned()
    }

    async fn refresh(&self) -> Answer {
        refresh(&self.server, &self.refresh_token()).await
    }

    async fn metadata(&self) -> Answer {
        get(self.server.at("/.well-known/openid-configuration")).await
    }

    async fn id_token(&self) -> (Value, Value) {
        decoded(&log_in(&self.server).await.text("id_token"))
    }
}

#[tokio::test]
async fn every_fault_shows_and_without_it_nothing_is_wrong() {
    stream::iter(Fault::all())
        .for_each_concurrent(8, check)
        .await;
}

async fn check(fault: &Fault) {
    // Half a second could pass by itself.
    let on = match fault {
        Fault::LateAnswer(_) => Fault::LateAnswer(PATIENCE),
        other => *other,
    };
    assert!(
        shows(&Bench::new(on).await, on).await,
        "{fault} does not show"
    );
    let good = Bench::new(Faults::none()).await;
    assert!(!shows(&good, on).await, "{fault} shows although it is off");
}

async fn shows(bench: &Bench, fault: Fault) -> bool {
    if let Some(shown) = at_authorization(bench, fault).await {
        return shown;
    }
    if let Some(shown) = at_metadata(bench, fault).await {
        return shown;
    }
    if let Some(shown) = in_lifetimes(bench, fault).await {
        return shown;
    }
    if let Some(shown) = at_refresh(bench, fault).await {
        return shown;
    }
    if let Some(shown) = at_devices(bench, fault).await {
        return shown;
    }
    if let Some(shown) = in_the_id_token(bench, fault).await {
        return shown;
    }
    if let Some(shown) = at_other_endpoints(bench, fault).await {
        return shown;
    }
    anywhere(bench, fault)
        .await
        .unwrap_or_else(|| panic!("{fault} has no check"))
}

async fn at_authorization(bench: &Bench, fault: Fault) -> Option<bool> {
    let server = &bench.server;
    let response = authorize(server).await;
    let codes = response.iter().filter(|(name, _)| name == "code").count();
    let iss = value(&response, "iss");
    Some(match fault {
        Fault::WrongIss => iss == Some("https://impostor.example"),
        Fault::MissingIss => iss.is_none(),
        Fault::NormalisedIss => iss == Some(server.url().as_str()),
        Fault::StateDropped => value(&response, "state").is_none(),
        Fault::StateChanged => value(&response, "state").is_some_and(|state| state != STATE),
        Fault::DuplicateParameters => codes == 2,
        Fault::CodeAndError => codes == 1 && value(&response, "error").is_some(),
        Fault::HostileErrorDescription => {
            let visit = stopping_browser()
                .deny()
                .visit(&authorization_url(server, &[]))
                .await
                .unwrap();
            let refused = refresh(server, "unknown").await;
            value(&response_of(&visit), "error_description") == Some(HOSTILE)
                && refused.text("error_description") == HOSTILE
        }
        _ => return None,
    })
}

async fn at_metadata(bench: &Bench, fault: Fault) -> Option<bool> {
    let answer = bench.metadata().await;
    let member = |name: &str| answer.json()[name].clone();
    Some(match fault {
        Fault::MetadataWrongIssuer => member("issuer") != bench.server.issuer(),
        Fault::MetadataPrivateEndpoints => member("token_endpoint") == "https://10.0.0.1/token",
        Fault::MetadataPrivateAuthorization => {
            member("authorization_endpoint") == "http://127.0.0.1:9/admin"
        }
        Fault::MetadataHostileEndpoint => member("authorization_endpoint")
            .as_str()
            .unwrap()
            .starts_with("javascript:"),
        Fault::PkceNotSupported => member("code_challenge_methods_supported") == json!(["plain"]),
        Fault::DiscoveryRedirectToPrivate => answer
            .header("location")
            .is_some_and(|to| to.starts_with("http://169.254.169.254/")),
        Fault::RedirectElsewhere => {
            answer.status == 302
                && answer.header("location") == Some(bench.server.elsewhere().as_str())
        }
        _ => return None,
    })
}

async fn in_lifetimes(bench: &Bench, fault: Fault) -> Option<bool> {
    let server = &bench.server;
    let whoami = async |token: &str| with_token(server.at("/api/whoami"), token).await.status;
    let tokens = match fault {
        Fault::ExpiresAtOnce
        | Fault::ExpiresInString
        | Fault::ExpiresInMissing
        | Fault::ExpiresInZero
        | Fault::HugeToken
        | Fault::ScopeCommaSeparated
        | Fault::ScopeMissing
        | Fault::ScopeNarrowed
        | Fault::TokenTypeMac
        | Fault::NoRefreshToken => log_in(server).await,
        _ => return None,
    };
    let (json, access) = (tokens.json(), tokens.text("access_token"));
    Some(match fault {
        Fault::ExpiresAtOnce => json["expires_in"] == 1 && whoami(&access).await == 401,
        Fault::ExpiresInString => json["expires_in"] == "3600",
        Fault::ExpiresInMissing => json.get("expires_in").is_none(),
        Fault::ExpiresInZero => json["expires_in"] == 0 && whoami(&access).await == 200,
        Fault::HugeToken => access.len() == 16 * 1024 && whoami(&access).await == 200,
        Fault::ScopeCommaSeparated => json["scope"] == "openid,profile,email",
        Fault::ScopeMissing => json.get("scope").is_none(),
        Fault::ScopeNarrowed => json["scope"] == "openid",
        Fault::TokenTypeMac => json["token_type"] == "mac",
        _ => json.get("refresh_token").is_none(),
    })
}

async fn at_refresh(bench: &Bench, fault: Fault) -> Option<bool> {
    let server = &bench.server;
    let old = || bench.refresh_token();
    Some(match fault {
        Fault::ReplayedCodeAccepted => {
            let code = code(server).await;
            exchange(server, &code).await.status == 200
                && exchange(server, &code).await.status == 200
        }
        Fault::ErrorWith200 => {
            let answer = refresh(server, "unknown").await;
            answer.status == 200 && answer.text("error") == "invalid_grant"
        }
        Fault::FormTokenResponse => {
            let answer = bench.refresh().await;
            answer.header("content-type") == Some("application/x-www-form-urlencoded")
                && answer.body.contains("token_type=Bearer")
        }
        Fault::LostRefreshReplyOnce => {
            let token = old();
            let lost = try_refresh(server, &token).await.is_err();
            lost && !server.takes_refresh_token(&token)
                && refresh(server, &token).await.text("error") == "invalid_grant"
        }
        Fault::NoRotation => {
            let token = old();
            refresh(server, &token).await.text("refresh_token") == token
                && server.takes_refresh_token(&token)
        }
        Fault::RefreshTokenMissingInAnswer => {
            let token = old();
            refresh(server, &token)
                .await
                .json()
                .get("refresh_token")
                .is_none()
                && server.takes_refresh_token(&token)
        }
        Fault::ReuseLeeway => reuse(server, &old()).await == [200, 200, 400],
        Fault::ReuseUndetected => reuse(server, &old()).await == [200, 200, 200],
        Fault::RedirectTokenToOtherOrigin => {
            let answer = refresh(server, "unknown").await;
            let to = server.elsewhere().as_str().to_owned() + "token";
            answer.status == 307 && answer.header("location") == Some(&to)
        }
        _ => return None,
    })
}

async fn reuse(server: &Server, token: &str) -> [u16; 3] {
    let mut statuses = [0; 3];
    for status in &mut statuses {
        *status = refresh(server, token).await.status;
    }
    statuses
}

async fn at_devices(bench: &Bench, fault: Fault) -> Option<bool> {
    let begun = begin_device(&bench.server).await;
    let poll = async || {
        bench.clock.advance(Duration::from_secs(20));
        poll(&bench.server, &begun.text("device_code")).await
    };
    Some(match fault {
        Fault::SlowDown => {
            let errors =
                [poll().await, poll().await, poll().await].map(|answer| answer.text("error"));
            errors == ["slow_down", "slow_down", "authorization_pending"]
        }
        Fault::SlowDownWithInterval => {
            let (first, second) = (poll().await, poll().await);
            first.json()["interval"] == 12 && second.text("error") == "authorization_pending"
        }
        Fault::DeviceExpiresAtOnce => poll().await.text("error") == "expired_token",
        Fault::DeviceDenied => poll().await.text("error") == "access_denied",
        Fault::DevicePrivateVerificationUri => {
            begun.text("verification_uri") == "https://192.168.0.1/device"
        }
        Fault::DeviceHostileVerificationUri => {
            begun.text("verification_uri").starts_with("javascript:")
                && begun.text("verification_uri_complete").starts_with("--")
        }
        _ => return None,
    })
}

async fn in_the_id_token(bench: &Bench, fault: Fault) -> Option<bool> {
    let (header, claims) = match fault {
        Fault::WrongNonce
        | Fault::WrongAud
        | Fault::WrongAzp
        | Fault::WrongIdTokenIssuer
        | Fault::AlgNone
        | Fault::Hs256WithPublicKey
        | Fault::UnknownKid
        | Fault::ExpiredIdToken
        | Fault::IdTokenCrit
        | Fault::IdTokenJku => bench.id_token().await,
        Fault::BadSignature => return Some(signature_fails(&bench.server).await),
        _ => return None,
    };
    let now = 1_767_225_600;
    Some(match fault {
        Fault::WrongNonce => claims["nonce"] != NONCE,
        Fault::WrongAud => claims["aud"] == "another-client",
        Fault::WrongAzp => {
            claims["azp"] == "another-client" && claims["aud"][0] == DEFAULT_CLIENT_ID
        }
        Fault::WrongIdTokenIssuer => claims["iss"] != bench.server.issuer(),
        Fault::AlgNone => header["alg"] == "none",
        Fault::Hs256WithPublicKey => header["alg"] == "HS256" && header["kid"] == "key-1",
        Fault::UnknownKid => header["kid"] != "key-1",
        Fault::ExpiredIdToken => claims["exp"] == now - 3600,
        Fault::IdTokenCrit => header["crit"][0] == "urn:oarlock:unheard-of",
        _ => header["jku"]
            .as_str()
            .is_some_and(|jku| jku.starts_with(bench.server.elsewhere().as_str())),
    })
}

async fn signature_fails(server: &Server) -> bool {
    let token = log_in(server).await.text("id_token");
    let jwks: jsonwebtoken::jwk::JwkSet =
        serde_json::from_str(&get(server.at("/jwks.json")).await.body).unwrap();
    let key = jsonwebtoken::DecodingKey::from_jwk(&jwks.keys[0]).unwrap();
    let (message, signature) = token.rsplit_once('.').unwrap();
    !jsonwebtoken::crypto::verify(
        signature,
        message.as_bytes(),
        &key,
        jsonwebtoken::Algorithm::ES256,
    )
    .unwrap()
}

async fn at_other_endpoints(bench: &Bench, fault: Fault) -> Option<bool> {
    let server = &bench.server;
    Some(match fault {
        Fault::HostileClientName | Fault::RegistrationRefused => {
            let body = json!({ "redirect_uris": ["http://127.0.0.1/callback"] }).to_string();
            let answer = send(Request::post(server.at("/register").as_str()), body)
                .await
                .unwrap();
            match fault {
                Fault::RegistrationRefused => answer.status == 403,
                _ => answer.text("client_name") == HOSTILE,
            }
        }
        Fault::HostileUserName | Fault::UserinfoFails | Fault::UserinfoWrongSubject => {
            let issued = server.issue(DEFAULT_CLIENT_ID, "alice", SCOPE).unwrap();
            let answer = with_token(server.at("/userinfo"), issued.access_token.expose()).await;
            match fault {
                Fault::UserinfoFails => answer.status == 500,
                Fault::HostileUserName => {
                    answer.text("name") == HOSTILE && answer.text("email") == HOSTILE
                }
                _ => answer.text("sub") == "somebody-else",
            }
        }
        Fault::RevocationFails => {
            let token = bench.refresh_token();
            let answer = post(
                server.at("/revoke"),
                &[("token", &token), ("client_id", DEFAULT_CLIENT_ID)],
            )
            .await;
            answer.status == 503 && server.takes_refresh_token(&token)
        }
        _ => return None,
    })
}

async fn anywhere(bench: &Bench, fault: Fault) -> Option<bool> {
    let server = &bench.server;
    let token = bench.refresh_token();
    let answer = tokio::time::timeout(PATIENCE, try_refresh(server, &token)).await;
    let processed = !server.takes_refresh_token(&token);
    let Ok(answer) = answer else {
        return Some(match fault {
            Fault::Hang => !processed,
            Fault::SlowHeaders | Fault::LateAnswer(_) => processed,
            _ => false,
        });
    };
    let Ok(answer) = answer else {
        return Some(matches!(fault, Fault::ReplyCutOff | Fault::EndlessBody) && processed);
    };
    let retry_after = answer.header("retry-after") == Some("1") && !processed;
    Some(match fault {
        Fault::Prose401 => {
            answer.status == 401 && serde_json::from_str::<Value>(&answer.body).is_err()
        }
        Fault::Prose500 => answer.status == 500 && answer.body.contains("<h1>"),
        Fault::Unavailable503 => answer.status == 503 && retry_after,
        Fault::RateLimited429 => answer.status == 429 && retry_after,
        Fault::HugeBody => {
            answer.body.len() > 10_000_000 && answer.json()["token_type"] == "Bearer"
        }
        Fault::ClockFast => {
            answer.header("date") == Some("Thu, 01 Jan 2026 00:10:00 GMT")
                && decoded(&answer.text("id_token")).1["iat"] == 1_767_226_200
        }
        Fault::Hang
        | Fault::SlowHeaders
        | Fault::LateAnswer(_)
        | Fault::ReplyCutOff
        | Fault::EndlessBody => false,
        _ => return None,
    })
}

#[tokio::test]
async fn a_fault_is_moved_counted_and_switched_while_the_server_runs() {
    let server = AuthorizationServer::start().await.unwrap();
    let issued = server.issue(DEFAULT_CLIENT_ID, "alice", "openid").unwrap();
    let userinfo = async || {
        with_token(server.at("/userinfo"), issued.access_token.expose())
            .await
            .status
    };
    server.set_faults("prose-500@userinfo*2".parse::<Faults>().unwrap());
    assert_eq!(refresh(&server, "unknown").await.status, 400);
    assert_eq!(
        [userinfo().await, userinfo().await, userinfo().await],
        [500, 500, 200]
    );
    server.set_faults([Fault::UserinfoFails, Fault::ErrorWith200]);
    assert_eq!(
        (userinfo().await, refresh(&server, "unknown").await.status),
        (500, 200)
    );
    server.set_faults(Faults::none());
    assert_eq!(
        (userinfo().await, refresh(&server, "unknown").await.status),
        (200, 400)
    );
}

#[tokio::test]
async fn leeway_ends_after_thirty_seconds() {
    let bench = Bench::new(Fault::ReuseLeeway).await;
    let token = bench.refresh_token();
    assert_eq!(refresh(&bench.server, &token).await.status, 200);
    bench.clock.advance(Duration::from_secs(31));
    assert_eq!(refresh(&bench.server, &token).await.status, 400);
}

#[tokio::test]
async fn what_follows_a_redirect_elsewhere_is_recorded_as_leaked() {
    let server = AuthorizationServer::start().await.unwrap();
    let stolen = server.elsewhere().join("token").unwrap();
    let answer = post(&stolen, &[("refresh_token", "canary")]).await;
    assert_eq!(answer.text("access_token"), "token-from-elsewhere");
    assert_eq!(server.count(Endpoint::Elsewhere), 1);
    let leaked = server.requests_to(Endpoint::Elsewhere);
    assert!(leaked[0].contains("canary") && !leaked[0].contains("other"));
    server.forget_requests();
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
}

#[tokio::test]
async fn hostile_06_a_hostile_client_name_is_inert_on_our_own_page() {
    let server = AuthorizationServer::builder()
        .client(Client::public("evil").name(HOSTILE))
        .start()
        .await
        .unwrap();
    let page = get(authorization_url(&server, &[("client_id", "evil")]))
        .await
        .body;
    assert!(page.contains("&lt;script&gt;"), "{page}");
    for active in ["<script", "\u{1b}", "\u{202e}"] {
        assert!(!page.contains(active), "{active:?} in {page}");
    }
}
