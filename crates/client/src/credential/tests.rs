use oarlock_oauth::secret::AccessToken;

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

fn tokens(lifetime: Option<i64>, refresh: Option<&str>) -> TokenResponse {
    let body = serde_json::json!({
        "access_token": "a", "token_type": "Bearer", "expires_in": lifetime, "refresh_token": refresh,
    });
    let response = http::Response::new(body.to_string().into_bytes());
    oarlock_oauth::token::response(&ProviderProfile::named("p"), &response, at(0)).unwrap()
}

fn credential(lifetime: Option<i64>) -> Credential {
    let key = AccountKey::new("p", "default").unwrap();
    Credential::new(
        &key,
        ProviderProfile::named("p"),
        tokens(lifetime, Some("r1")),
        &Scopes::parse("x"),
        0,
    )
}

#[test]
fn due_when_less_than_five_minutes_or_half_the_life_is_left() {
    let table = [
        (3_600, 3_299, Freshness::Fresh),
        (3_600, 3_301, Freshness::Due),
        (3_600, 3_599, Freshness::Due),
        (3_600, 3_600, Freshness::Expired),
        // Half of 60 s is less than 5 minutes.
        (60, 29, Freshness::Fresh),
        (60, 31, Freshness::Due),
    ];
    for (lifetime, age, expected) in table {
        assert_eq!(
            credential(Some(lifetime)).freshness(at(age), Duration::ZERO),
            expected,
            "{lifetime} {age}"
        );
    }
}

#[test]
fn a_wanted_life_counts() {
    let credential = credential(Some(3_600));
    assert_eq!(
        credential.freshness(at(0), Duration::from_secs(3_599)),
        Freshness::Fresh
    );
    assert_eq!(
        credential.freshness(at(2), Duration::from_secs(3_599)),
        Freshness::Due
    );
    assert_eq!(credential.freshness(at(0), Duration::MAX), Freshness::Due);
}

#[test]
fn a_token_without_an_end_is_fresh_until_it_is_refused() {
    assert_eq!(
        credential(None).freshness(at(99_999_999), Duration::ZERO),
        Freshness::Fresh
    );
}

#[test]
fn hostile_32_a_clock_that_was_set_back_is_not_believed() {
    let credential = credential(Some(3_600));
    assert_eq!(
        credential.freshness(at(-30), Duration::ZERO),
        Freshness::Fresh
    );
    assert_eq!(
        credential.freshness(at(-7_200), Duration::ZERO),
        Freshness::Expired
    );
}

#[test]
fn hostile_32_a_clock_that_is_off_is_corrected_by_the_servers() {
    // Ours runs ten minutes fast: the server's clock minus ours is -600 s.
    let key = AccountKey::new("p", "default").unwrap();
    let fast = Credential::new(
        &key,
        ProviderProfile::named("p"),
        tokens(Some(900), None),
        &Scopes::default(),
        -600,
    );
    assert_eq!(
        fast.freshness(at(600 + 500), Duration::ZERO),
        Freshness::Fresh
    );
    assert_eq!(
        fast.freshness(at(600 + 900), Duration::ZERO),
        Freshness::Expired
    );
}

#[test]
fn a_refresh_keeps_what_the_answer_leaves_out() {
    let before = Credential {
        identity: Some(Untrusted::new("ada")),
        ..credential(Some(60))
    };
    let after = before.refreshed(tokens(Some(60), None), 0);
    assert_eq!(after.refresh_token, before.refresh_token);
    assert_eq!(after.scope, before.scope);
    assert_eq!(after.identity, before.identity);
    let rotated = before.refreshed(tokens(Some(60), Some("r2")), 0);
    assert_eq!(rotated.refresh_token.unwrap().expose(), "r2");
}

#[test]
fn hostile_23_debug_shows_no_token() {
    let mut credential = credential(Some(60));
    credential.access_token = AccessToken::new("canary-a");
    credential.refresh_token = Some(oarlock_oauth::secret::RefreshToken::new("canary-r"));
    assert!(!format!("{credential:?}").contains("canary"));
}
