//! Metadata, and what is asked for.

use std::collections::BTreeSet;

use oarlock_oauth::{profile::Pkce, scope::Scopes};
use oarlock_testkit::{Endpoint, Fault, Faults};

use super::*;

#[tokio::test]
async fn nothing_is_asked_before_somebody_comes() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    let choice = Choice {
        name: "company".into(),
        title: "Example Inc.".into(),
    };
    assert_eq!(upstreams.choices(), [choice]);
    assert_eq!(upstreams.title("company").as_deref(), Some("Example Inc."));
    assert_eq!(upstreams.title("other"), None);
    assert!(server.requests().is_empty());
    let unknown = upstreams.depart("other", false).await;
    assert!(matches!(unknown, Err(UpstreamError::Unknown)));
}

#[tokio::test]
async fn each_login_has_a_state_a_nonce_and_a_challenge_of_its_own() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        let departure = upstreams.depart("company", false).await.unwrap();
        let at = |name| query(&departure.location, name);
        assert_eq!(at("state").as_deref(), Some(departure.state.expose()));
        assert_eq!(departure.kept.state, departure.state);
        assert_eq!(at("code_challenge_method").as_deref(), Some("S256"));
        assert_eq!(at("redirect_uri").as_deref(), Some(REDIRECT_URI));
        assert_eq!(at("scope").as_deref(), Some("openid profile email"));
        assert_eq!(at("prompt"), None);
        for name in ["state", "nonce", "code_challenge"] {
            assert!(seen.insert(at(name).unwrap()), "{name} is there twice");
        }
        let verifier = departure.kept.verifier.unwrap();
        assert!(!departure.location.as_str().contains(verifier.expose()));
    }
    assert_eq!(server.count(Endpoint::Metadata), 1);
}

#[tokio::test]
async fn what_is_kept_survives_being_stored() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    let (kept, answer) = go(&upstreams, "company", FakeBrowser::new()).await;
    assert_eq!(format!("{kept:?}"), "Kept(redacted)");
    let stored = serde_json::to_string(&kept).unwrap();
    let kept: Kept = serde_json::from_str(&stored).unwrap();
    // By another process, which knows nothing of the provider yet.
    let restarted = super::upstreams(vec![company(&server)]);
    restarted.check_issuer("company", &answer).unwrap();
    let arrival = restarted.arrive("company", kept, &answer).await.unwrap();
    assert_eq!(arrival.person.subject, "user-alice");
}

#[tokio::test]
async fn to_sign_in_anew_is_asked_for_in_the_providers_way() {
    let server = server().await;
    let prompt = async |change: &dyn Fn(&mut ProviderProfile), again| {
        let mut profile = profile_of(&server);
        change(&mut profile);
        let upstreams = upstreams(vec![config("x", profile)]);
        let departure = upstreams.depart("x", again).await.unwrap();
        query(&departure.location, "prompt")
    };
    let own = |profile: &mut ProviderProfile| {
        profile.prompt_to_sign_in = Some("select_account".into());
        let parameters = &mut profile.authorization_parameters;
        parameters.insert("prompt".into(), "consent".into());
    };
    assert_eq!(prompt(&|_| {}, true).await.as_deref(), Some("login"));
    assert_eq!(prompt(&own, true).await.as_deref(), Some("select_account"));
    assert_eq!(prompt(&own, false).await.as_deref(), Some("consent"));
    let plain = |profile: &mut ProviderProfile| profile.scopes = Scopes::parse("read:user");
    assert_eq!(prompt(&plain, true).await, None);
}

#[tokio::test]
async fn a_refresh_token_that_nobody_keeps_is_not_asked_for() {
    let server = server().await;
    let mut profile = profile_of(&server);
    for (name, value) in [
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("hd", "example.com"),
    ] {
        profile
            .authorization_parameters
            .insert(name.into(), value.into());
    }
    profile.scopes = Scopes::parse("openid offline_access email");
    let departure = upstreams(vec![config("x", profile)])
        .depart("x", false)
        .await
        .unwrap();
    let at = |name| query(&departure.location, name);
    assert_eq!(at("scope").as_deref(), Some("openid email"));
    assert_eq!(at("access_type"), None);
    assert_eq!(at("hd").as_deref(), Some("example.com"));
    assert_eq!(at("prompt"), None);
}

#[tokio::test]
async fn a_profile_that_says_all_needs_no_metadata_unless_it_is_only_away() {
    let named = |server: &Server| {
        let mut profile = with_endpoints(server, "/userinfo");
        profile.issuer = profile_of(server).issuer;
        profile.scopes = Scopes::parse("openid profile email");
        upstreams(vec![config("x", profile)])
    };
    let none = start(AuthorizationServer::builder().without(Endpoint::Metadata)).await;
    let arrival = sign_in(&named(&none), "x").await;
    // There are no keys, so userinfo says who it is.
    assert_eq!(arrival.unwrap().person.subject, "user-alice");
    assert_eq!(none.count(Endpoint::Userinfo), 1);
    let away = server().await;
    away.set_faults(Faults::none().and_at(Fault::Unavailable503, Endpoint::Metadata));
    let departure = named(&away).depart("x", false).await;
    assert!(is_unavailable(&departure), "{departure:?}");
}

#[tokio::test]
async fn a_profile_without_a_client_or_an_endpoint_is_refused_with_its_key() {
    let server = server().await;
    let mut nameless = profile_of(&server);
    nameless.client_id = None;
    let mut nowhere = profile_of(&server);
    nowhere.issuer = None;
    for (profile, word) in [(nameless, "client id"), (nowhere, "token_endpoint")] {
        let refused = upstreams(vec![config("x", profile)])
            .depart("x", false)
            .await;
        let text = refused.unwrap_err().to_string();
        assert!(text.contains(word), "{text}");
    }
}

#[tokio::test]
async fn hostile_15_a_provider_without_pkce_is_refused_unless_the_profile_says_so() {
    let server = start(AuthorizationServer::builder().pkce_required(false)).await;
    server.set_faults(Fault::PkceNotSupported);
    let refused = upstreams(vec![company(&server)])
        .depart("company", false)
        .await;
    assert!(is_refused(&refused), "{refused:?}");
    let mut profile = profile_of(&server);
    profile.pkce = Pkce::None;
    let upstreams = upstreams(vec![config("x", profile)]);
    let departure = upstreams.depart("x", false).await.unwrap();
    assert_eq!(query(&departure.location, "code_challenge"), None);
    assert!(departure.kept.verifier.is_none());
    assert!(sign_in(&upstreams, "x").await.is_ok());
}

#[tokio::test]
async fn after_an_hour_metadata_is_fetched_again_and_nobody_waits_for_it() {
    let clock = Arc::new(FakeClock::default());
    let server = start(AuthorizationServer::builder().clock(clock.clone())).await;
    let upstreams = upstreams_at(vec![company(&server)], clock.clone());
    sign_in(&upstreams, "company").await.unwrap();
    server.set_faults(Faults::none().and_at(Fault::Hang, Endpoint::Metadata));
    clock.advance(Duration::from_secs(61 * 60));
    upstreams.depart("company", false).await.unwrap();
    while server.count(Endpoint::Metadata) < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Keys that are still there are not asked for by metadata's age, but by their own.
    sign_in(&upstreams, "company").await.unwrap();
    assert_eq!(server.count(Endpoint::Metadata), 2);
}
