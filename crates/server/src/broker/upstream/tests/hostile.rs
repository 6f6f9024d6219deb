//! Impostors.

use oarlock_oauth::endpoint;
use oarlock_testkit::{Endpoint, Fault, Faults};

use super::*;

/// Of each answer, whether it is refused before anything is spent, and that no code goes out either way.
async fn answered_with(
    fault: Fault,
) -> (Result<(), UpstreamError>, Result<Arrival, UpstreamError>) {
    let server = server().await;
    server.set_faults(fault);
    let upstreams = upstreams(vec![company(&server)]);
    let (kept, answer) = go(&upstreams, "company", FakeBrowser::new()).await;
    let checked = upstreams.check_issuer("company", &answer);
    let arrived = upstreams.arrive("company", kept, &answer).await;
    assert_eq!(server.count(Endpoint::Token), 0, "{fault:?}");
    (checked, arrived)
}

#[tokio::test]
async fn hostile_12_a_wrong_missing_or_normalised_iss_is_refused_before_anything_is_spent() {
    for fault in [Fault::WrongIss, Fault::MissingIss, Fault::NormalisedIss] {
        let (checked, arrived) = answered_with(fault).await;
        assert!(is_refused(&checked), "{fault:?}");
        assert!(is_refused(&arrived), "{fault:?}");
    }
}

#[tokio::test]
async fn hostile_12_metadata_of_another_issuer_is_refused() {
    let server = server().await;
    server.set_faults(Fault::MetadataWrongIssuer);
    let refused = upstreams(vec![company(&server)])
        .depart("company", false)
        .await;
    assert!(is_refused(&refused), "{refused:?}");
}

#[tokio::test]
async fn hostile_12_an_answer_of_another_upstream_is_refused_where_none_is_expected_too() {
    let (company_server, other) = (server().await, server().await);
    let mut plain = profile_of(&other);
    plain.issuer = None;
    let configs = vec![company(&company_server), config("plain", plain)];
    let upstreams = upstreams(configs);
    let answer = |iss: &str| Parameters::parse(&format!("code=c&state=s&iss={iss}")).unwrap();
    let check = |name, iss| upstreams.check_issuer(name, &answer(iss));
    assert!(is_refused(&check("plain", company_server.issuer())));
    assert!(is_refused(&check("company", other.issuer())));
    assert_eq!(check("plain", other.issuer()), Ok(()));
    assert_eq!(check("company", company_server.issuer()), Ok(()));
    assert_eq!(check("nobody", other.issuer()), Err(UpstreamError::Unknown));
}

#[tokio::test]
async fn hostile_12_a_promise_of_the_configuration_holds_before_metadata_is_there() {
    let server = server().await;
    let mut profile = profile_of(&server);
    profile.authorization_response_iss_parameter_supported = true;
    let upstreams = upstreams(vec![config("x", profile)]);
    let answer = Parameters::parse("code=c&state=s").unwrap();
    assert!(is_refused(&upstreams.check_issuer("x", &answer)));
}

#[tokio::test]
async fn hostile_04_a_code_with_an_error_and_another_state_are_refused() {
    for fault in [
        Fault::CodeAndError,
        Fault::StateChanged,
        Fault::StateDropped,
    ] {
        let (_, arrived) = answered_with(fault).await;
        assert!(is_refused(&arrived), "{fault:?}");
    }
}

#[tokio::test]
async fn hostile_13_and_14_bad_id_tokens_are_refused() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    for fault in [
        Fault::AlgNone,
        Fault::Hs256WithPublicKey,
        Fault::BadSignature,
        Fault::IdTokenCrit,
        Fault::IdTokenJku,
        Fault::UnknownKid,
        Fault::WrongNonce,
        Fault::WrongAud,
        Fault::WrongAzp,
        Fault::WrongIdTokenIssuer,
        Fault::ExpiredIdToken,
    ] {
        server.set_faults(fault);
        let arrival = sign_in(&upstreams, "company").await;
        assert!(is_refused(&arrival), "{fault:?}: {arrival:?}");
    }
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
    assert_eq!(server.count(Endpoint::Jwks), 1);
    server.set_faults(Faults::none());
    assert!(sign_in(&upstreams, "company").await.is_ok());
}

#[tokio::test]
async fn hostile_13_a_storm_of_unknown_keys_fetches_once_in_thirty_seconds() {
    let clock = Arc::new(FakeClock::default());
    let server = start(AuthorizationServer::builder().clock(clock.clone())).await;
    let upstreams = upstreams_at(vec![company(&server)], clock.clone());
    sign_in(&upstreams, "company").await.unwrap();
    server.set_faults(Fault::UnknownKid);
    for (seconds, fetched) in [(0, 1), (29, 1), (1, 2), (29, 2), (1, 3)] {
        clock.advance(Duration::from_secs(seconds));
        for _ in 0..3 {
            let one = || sign_in(&upstreams, "company");
            let (first, second) = tokio::join!(one(), one());
            assert!(is_refused(&first) && is_refused(&second));
        }
        assert_eq!(server.count(Endpoint::Jwks), fetched);
    }
    server.set_faults(Faults::none());
    assert!(sign_in(&upstreams, "company").await.is_ok());
}

#[tokio::test]
async fn hostile_14_a_provider_whose_clock_is_wrong_is_read_by_its_own() {
    let server = server().await;
    server.set_faults(Fault::ClockFast);
    assert!(sign_in_at(&server).await.is_ok());
}

#[tokio::test]
async fn hostile_15_a_login_without_its_verifier_is_worth_nothing() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    let (mut kept, answer) = go(&upstreams, "company", FakeBrowser::new()).await;
    // A code that was smuggled into another login comes with another verifier.
    let (other, _) = go(&upstreams, "company", FakeBrowser::new()).await;
    kept.verifier = other.verifier;
    let arrival = upstreams.arrive("company", kept, &answer).await;
    assert!(is_refused(&arrival), "{arrival:?}");
}

#[tokio::test]
async fn hostile_16_what_metadata_names_in_a_private_network_is_not_asked() {
    let server = server().await;
    server.set_faults(Fault::MetadataPrivateEndpoints);
    let arrival = sign_in_at(&server).await;
    assert!(is_refused(&arrival), "{arrival:?}");
    let text = arrival.unwrap_err().to_string();
    assert!(text.contains("private address"), "{text}");
    for fault in [
        Fault::MetadataPrivateAuthorization,
        Fault::MetadataHostileEndpoint,
        Fault::DiscoveryRedirectToPrivate,
        Fault::RedirectElsewhere,
    ] {
        server.set_faults(fault);
        let refused = upstreams(vec![company(&server)])
            .depart("company", false)
            .await;
        assert!(is_refused(&refused), "{fault:?}: {refused:?}");
    }
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
}

#[tokio::test]
async fn hostile_16_what_is_named_for_one_upstream_opens_no_way_for_another() {
    let server = server().await;
    server.set_faults(Fault::MetadataPrivateAuthorization);
    // The very address that the metadata names is an upstream of its own.
    let mut inner = profile_of(&server);
    inner.issuer = None;
    let place = endpoint::Endpoint::parse("http://127.0.0.1:9/token").unwrap();
    inner.token_endpoint = Some(place);
    let upstreams = upstreams(vec![config("inner", inner), company(&server)]);
    let refused = upstreams.depart("company", false).await;
    assert!(is_refused(&refused), "{refused:?}");
}

#[tokio::test]
async fn hostile_16_a_code_does_not_follow_a_redirect() {
    let server = server().await;
    server.set_faults(Fault::RedirectTokenToOtherOrigin);
    let arrival = sign_in_at(&server).await;
    assert!(is_refused(&arrival), "{arrival:?}");
    assert_eq!(server.count(Endpoint::Elsewhere), 0);
}

#[tokio::test]
async fn hostile_23_no_error_has_a_code_a_state_or_a_secret_in_it() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    for fault in [
        Fault::WrongIss,
        Fault::StateChanged,
        Fault::HostileErrorDescription,
        Fault::Prose401,
        Fault::Prose500,
        Fault::TokenTypeMac,
        Fault::WrongNonce,
        Fault::ReplyCutOff,
    ] {
        server.set_faults(fault);
        let (kept, answer) = go(&upstreams, "company", FakeBrowser::new()).await;
        let secrets: Vec<String> = ["code", "state"]
            .iter()
            .filter_map(|name| answer.get(name).map(str::to_owned))
            .chain(kept.verifier.iter().map(|it| it.expose().to_owned()))
            .chain(kept.nonce.iter().map(|it| it.expose().to_owned()))
            .chain([kept.state.expose().to_owned(), SECRET.to_owned()])
            .collect();
        let Err(error) = upstreams.arrive("company", kept, &answer).await else {
            continue;
        };
        for shown in [error.to_string(), format!("{error:?}")] {
            assert!(
                !secrets.iter().any(|secret| shown.contains(secret)),
                "{fault:?}: {shown}"
            );
            assert!(!shown.contains(['\u{1b}', '\u{202e}', '\r', '\n']));
        }
    }
}
