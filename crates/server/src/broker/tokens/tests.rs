use std::net::{IpAddr, Ipv4Addr};

use oarlock_oauth::{id_token, jwks::KeySet, profile::ProviderProfile};
use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::broker::{
    id::{SessionId, UserId},
    keyring::tests::{HandClock, folder, keyring},
    session::SessionKind,
    user::Profile,
};

const ISSUER: &str = "https://auth.example";

struct Scene {
    tokens: Tokens,
    keyring: Arc<Keyring>,
    clock: Arc<HandClock>,
    _folder: TempDir,
}

async fn scene() -> Scene {
    let (folder, clock) = (folder(), HandClock::at("2026-01-01T00:00:00Z"));
    let keyring = Arc::new(keyring(folder.path(), clock.clone()).await);
    let tokens = Tokens::new(
        Issuer::parse(ISSUER).unwrap(),
        Lifetimes::default(),
        Arc::clone(&keyring),
        clock.clone(),
    );
    Scene {
        tokens,
        keyring,
        clock,
        _folder: folder,
    }
}

fn session() -> Session {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    Session {
        id: SessionId::known("session"),
        user: UserId::known("user"),
        kind: SessionKind::Client,
        client_id: "mytool".to_owned(),
        scopes: Scopes::parse("openid profile email"),
        resources: Vec::new(),
        auth_time: start - Duration::from_secs(3),
        created_at: start,
        last_used_at: start,
        expires_at: start + Duration::from_secs(90 * 24 * 60 * 60),
        revoked_at: None,
        from: IpAddr::V4(Ipv4Addr::LOCALHOST),
    }
}

fn user() -> User {
    let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    User {
        id: UserId::known("user"),
        provider: "dev".to_owned(),
        subject: "ada".to_owned(),
        profile: Profile {
            name: Some("Ada \u{202e}Example".into()),
            username: Some("ada".into()),
            email: Some("ada@example.com".into()),
            email_verified: true,
        },
        first_login: start,
        last_login: start,
    }
}

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// Whoever checks, with nothing but the published key set.
fn published(keyring: &Keyring) -> KeySet {
    KeySet::parse(&keyring.jwks()).unwrap()
}

fn client() -> ProviderProfile {
    let mut profile = ProviderProfile::named("us");
    profile.client_id = Some("mytool".into());
    profile.issuer = Some(Issuer::parse(ISSUER).unwrap());
    profile
}

#[tokio::test]
async fn an_access_token_says_what_it_has_to() {
    let Scene {
        tokens,
        keyring,
        clock,
        ..
    } = scene().await;
    let scopes = Scopes::parse("openid deploy");
    let (token, life) = tokens.access(&session(), &scopes, &[]).unwrap();
    assert_eq!(life, 600);
    let header = part(token.expose(), 0);
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(header["kid"], keyring.list()[0].id);
    let mut claims = part(token.expose(), 1);
    let id = claims["jti"].take();
    assert_eq!(id.as_str().unwrap().len(), 22);
    let now = clock.now().as_second();
    let expected = json!({
        "iss": ISSUER, "sub": "user", "aud": ISSUER, "client_id": "mytool", "scope": "openid deploy", "jti": null,
        "sid": "session", "iat": now, "exp": now + 600, "auth_time": now - 3,
    });
    assert_eq!(claims, expected);

    // By the published keys and the rules alone.
    let issuer = Issuer::parse(ISSUER).unwrap();
    let keys = published(&keyring);
    let checked = access_token::check(&token, &issuer, &[ISSUER], &keys, clock.now()).unwrap();
    assert_eq!(checked.session.as_deref(), Some("session"));
    assert_eq!(tokens.check(&token).unwrap(), checked);
    let (again, _) = tokens.access(&session(), &scopes, &[]).unwrap();
    assert_ne!(part(again.expose(), 1)["jti"], id);
}

#[tokio::test]
async fn resources_are_the_audience_and_no_scope_is_none() {
    let Scene { tokens, .. } = scene().await;
    let resources = [
        "https://a.example".to_owned(),
        "https://b.example".to_owned(),
    ];
    let none = Scopes::default();
    let (one, _) = tokens.access(&session(), &none, &resources[..1]).unwrap();
    assert_eq!(part(one.expose(), 1)["aud"], "https://a.example");
    assert!(part(one.expose(), 1).get("scope").is_none());
    let (both, _) = tokens.access(&session(), &none, &resources).unwrap();
    assert_eq!(part(both.expose(), 1)["aud"], json!(resources));
    assert!(tokens.check(&both).unwrap().scopes.is_empty());
}

#[tokio::test]
async fn no_token_outlives_its_session() {
    let Scene { tokens, clock, .. } = scene().await;
    let mut session = session();
    session.expires_at = clock.now() + Duration::from_secs(60);
    let scopes = Scopes::parse("openid");
    let (token, life) = tokens.access(&session, &scopes, &[]).unwrap();
    assert_eq!(life, 60);
    let end = session.expires_at.as_second();
    assert_eq!(part(token.expose(), 1)["exp"], end);
    let id = tokens.id(&session, &user(), None, &token).unwrap();
    assert_eq!(part(id.expose(), 1)["exp"], end);
    clock.advance(100);
    let (token, life) = tokens.access(&session, &scopes, &[]).unwrap();
    assert_eq!(life, 0);
    assert_eq!(part(token.expose(), 1)["exp"], clock.now().as_second());
}

#[tokio::test]
async fn an_id_token_is_what_clients_check() {
    let Scene {
        tokens,
        keyring,
        clock,
        ..
    } = scene().await;
    let (access, _) = tokens.access(&session(), &Scopes::default(), &[]).unwrap();
    let nonce = Nonce::new("n-0S6_WzA2Mj");
    let token = tokens
        .id(&session(), &user(), Some(&nonce), &access)
        .unwrap();
    let keys = published(&keyring);
    let checked = id_token::check(&token, &client(), &keys, Some(&nonce), clock.now()).unwrap();
    assert_eq!(checked.subject, "user");
    let now = clock.now().as_second();
    let hashed = digest::digest(&SHA256, access.expose().as_bytes());
    let expected = json!({
        "iss": ISSUER, "sub": "user", "aud": "mytool", "azp": "mytool", "iat": now, "exp": now + 600, "auth_time": now - 3,
        "nonce": nonce.expose(), "sid": "session", "at_hash": URL_SAFE_NO_PAD.encode(&hashed.as_ref()[..16]),
        "name": "Ada \u{202e}Example", "preferred_username": "ada", "email": "ada@example.com", "email_verified": true,
    });
    assert_eq!(Value::from(checked.all), expected);
    // One kind is not taken for the other.
    assert!(tokens.check(&AccessToken::new(token.expose())).is_none());
    let as_id = IdToken::new(access.expose());
    assert!(id_token::check(&as_id, &client(), &keys, None, clock.now()).is_err());
}

#[test]
fn hostile_14_the_hash_of_the_access_token_is_that_of_the_signature() {
    // The example of OpenID Connect Core, appendix A.3, for a signature with SHA-256.
    let token = AccessToken::new("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y");
    let hash = access_token_hash(Algorithm::Es256, &token);
    assert_eq!(hash, "77QmUPtjPfzWtF2AnpK9RQ");
    let hash = access_token_hash(Algorithm::EdDsa, &token);
    let whole = digest::digest(&SHA512, token.expose().as_bytes());
    assert_eq!(URL_SAFE_NO_PAD.decode(hash).unwrap(), whole.as_ref()[..32]);
}

#[test]
fn scopes_decide_what_is_told_of_a_person() {
    let told = |scopes: &str| {
        let claims = Tokens::claims(&user(), &Scopes::parse(scopes));
        claims.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(told("openid"), "sub");
    assert_eq!(told("openid profile"), "name preferred_username sub");
    assert_eq!(told("email"), "email email_verified sub");
    let mut nobody = user();
    nobody.profile = Profile::default();
    let claims = Tokens::claims(&nobody, &Scopes::parse("openid profile email"));
    assert_eq!(Value::from(claims), json!({"sub": "user"}));
}

#[tokio::test]
async fn claims_of_a_person_never_replace_ours() {
    let Scene { tokens, .. } = scene().await;
    let mut other = user();
    other.id = UserId::known("somebody else");
    let (access, _) = tokens.access(&session(), &Scopes::default(), &[]).unwrap();
    let token = tokens.id(&session(), &other, None, &access).unwrap();
    assert_eq!(part(token.expose(), 1)["sub"], "user");
}

#[tokio::test]
async fn a_token_of_the_key_before_is_good_as_long_as_it_lives_and_one_of_a_withdrawn_key_is_not() {
    let Scene {
        tokens,
        keyring,
        clock,
        _folder,
    } = scene().await;
    let day = 24 * 60 * 60;
    clock.advance(89 * day);
    keyring.keep().await.unwrap();
    clock.advance(day - 1);
    let mut session = session();
    session.expires_at = clock.now() + Duration::from_secs(3600);
    let (before, life) = tokens.access(&session, &Scopes::default(), &[]).unwrap();
    clock.advance(i64::try_from(life).unwrap() - 1);
    keyring.keep().await.unwrap();
    let (after, _) = tokens.access(&session, &Scopes::default(), &[]).unwrap();
    assert_ne!(
        part(before.expose(), 0)["kid"],
        part(after.expose(), 0)["kid"]
    );
    assert!(tokens.check(&before).is_some() && tokens.check(&after).is_some());
    keyring.rotate(true).await.unwrap();
    assert!(tokens.check(&before).is_none() && tokens.check(&after).is_none());
    let (fresh, _) = tokens.access(&session, &Scopes::default(), &[]).unwrap();
    assert!(tokens.check(&fresh).is_some());
}

#[tokio::test]
async fn hostile_13_hostile_14_tokens_that_are_not_ours_are_refused() {
    let Scene { tokens, clock, .. } = scene().await;
    let elsewhere = scene().await;
    let scopes = Scopes::parse("openid");
    let (ours, _) = tokens.access(&session(), &scopes, &[]).unwrap();
    let (theirs, _) = elsewhere.tokens.access(&session(), &scopes, &[]).unwrap();
    assert!(tokens.check(&theirs).is_none());
    let text = ours.expose();
    let (message, signature) = text.rsplit_once('.').unwrap();
    let (header, claims) = message.split_once('.').unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    for forged in [
        String::new(),
        message.to_owned(),
        format!("{message}."),
        format!("{none}.{claims}."),
        format!("{none}.{claims}.{signature}"),
        format!("{header}.{claims}A.{signature}"),
        format!("{text}."),
    ] {
        assert!(
            tokens.check(&AccessToken::new(forged.clone())).is_none(),
            "{forged}"
        );
    }
    assert!(tokens.check(&ours).is_some());
    clock.advance(600 + 61);
    assert!(tokens.check(&ours).is_none());
}

#[tokio::test]
async fn hostile_11_a_refresh_token_shows_its_family_and_whether_it_is_the_last() {
    let Scene { tokens, .. } = scene().await;
    let first = tokens.refresh().unwrap();
    assert_eq!(first.token.expose().len(), 87);
    assert_eq!(
        Tokens::shown(&first.token),
        Some((first.family, first.secret))
    );
    let next = tokens.next(&first.token).unwrap().unwrap();
    assert_eq!(next.family, first.family);
    assert_ne!(next.secret, first.secret);
    assert_eq!(Tokens::shown(&next.token), Some((next.family, next.secret)));
    let other = tokens.refresh().unwrap();
    assert_ne!(other.family, first.family);
    // Half of one is not half of another.
    assert_ne!(first.family, first.secret);
    for shown in [&first, &next] {
        let debug = format!("{shown:?}");
        let (family, secret) = shown.token.expose().split_once('.').unwrap();
        assert!(
            !debug.contains(family) && !debug.contains(secret),
            "{debug}"
        );
    }
}

#[tokio::test]
async fn what_is_no_refresh_token_of_ours_is_none() {
    let Scene { tokens, .. } = scene().await;
    let good = tokens.refresh().unwrap().token;
    let (family, secret) = good.expose().split_once('.').unwrap();
    for text in [
        String::new(),
        ".".to_owned(),
        family.to_owned(),
        format!("{family}."),
        format!("{family}.{secret}."),
        format!("{family}.{secret}A"),
        format!(".{family}.{secret}"),
        format!("{family}.{}", &secret[1..]),
        format!("{family}.{} ", &secret[1..]),
        format!("{family}.{}\0", &secret[1..]),
        format!("{family}.{}é", &secret[2..]),
        format!("{family}.{}=", &secret[1..]),
        "x".repeat(1 << 20),
    ] {
        let token = RefreshToken::new(text.clone());
        assert!(Tokens::shown(&token).is_none(), "{text}");
        assert!(tokens.next(&token).unwrap().is_none(), "{text}");
    }
}
