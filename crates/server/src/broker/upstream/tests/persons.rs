//! Who came back.

use axum::{Router, http::HeaderMap, routing::get};
use oarlock_oauth::scope::Scopes;
use oarlock_testkit::{Endpoint, Fault, Faults};

use super::*;

fn allowing(server: &Server, rules: &[&str]) -> Upstreams {
    let mut config = company(server);
    config.allow = rules.iter().map(|&rule| rule.to_owned()).collect();
    upstreams(vec![config])
}

#[tokio::test]
async fn an_id_token_says_who_it_is() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    for _ in 0..2 {
        let Arrival { person, token } = sign_in(&upstreams, "company").await.unwrap();
        assert_eq!(person.provider, "company");
        assert_eq!(person.subject, "user-alice");
        assert_eq!(person.profile.name.unwrap().raw(), "Alice");
        assert_eq!(person.profile.username.unwrap().raw(), "alice");
        assert_eq!(person.profile.email.unwrap().raw(), "alice@example.com");
        assert!(person.profile.email_verified);
        // It is not to be handed out, so nobody gets it.
        assert!(token.is_none());
    }
    let exchange = &server.grants_of("authorization_code")[0];
    assert_eq!(exchange.form("redirect_uri"), Some(REDIRECT_URI));
    assert!(exchange.form("code_verifier").is_some());
    assert!(
        exchange
            .header("authorization")
            .unwrap()
            .starts_with("Basic ")
    );
    assert_eq!(exchange.form("client_secret"), None);
    // Twice the same, once fetched; and what the ID token says is not asked again.
    for (endpoint, times) in [
        (Endpoint::Metadata, 1),
        (Endpoint::Jwks, 1),
        (Endpoint::Token, 2),
        (Endpoint::Userinfo, 0),
    ] {
        assert_eq!(server.count(endpoint), times, "{endpoint:?}");
    }
}

#[tokio::test]
async fn a_token_that_is_to_be_handed_out_is_handed_out() {
    let server = server().await;
    let mut config = company(&server);
    config.hand_out_tokens = true;
    let upstreams = upstreams(vec![config]);
    assert!(upstreams.hands_out_tokens("company") && !upstreams.hands_out_tokens("other"));
    let token = sign_in(&upstreams, "company").await.unwrap().token.unwrap();
    assert!(server.takes_access_token(token.expose()));
}

#[tokio::test]
async fn who_denies_is_told_so_and_nothing_is_exchanged() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    let (kept, answer) = go(&upstreams, "company", FakeBrowser::new().deny()).await;
    upstreams.check_issuer("company", &answer).unwrap();
    let denied = upstreams.arrive("company", kept, &answer).await;
    assert!(matches!(denied, Err(UpstreamError::Denied)), "{denied:?}");
    assert_eq!(server.count(Endpoint::Token), 0);
}

#[tokio::test]
async fn the_configuration_says_who_may_come_in() {
    let server = server().await;
    for rules in [
        &["*@example.com"][..],
        &["sub:nobody", "ALICE@example.com"],
        &["sub:user-alice"],
    ] {
        let arrival = sign_in(&allowing(&server, rules), "company").await;
        assert!(arrival.is_ok(), "{rules:?}");
    }
    for rules in [
        &["*@example.org"][..],
        &["bob@example.com"],
        &["sub:alice"],
        &["no rule"],
    ] {
        let arrival = sign_in(&allowing(&server, rules), "company").await;
        assert!(
            matches!(arrival, Err(UpstreamError::NotAllowed)),
            "{rules:?}"
        );
    }
}

#[tokio::test]
async fn userinfo_says_what_the_id_token_does_not() {
    let server = server().await;
    let upstreams = allowing(&server, &["*@example.com"]);
    // The ID token's address is none, userinfo's is.
    server.set_faults(Faults::none().and(Fault::HostileUserName).once());
    let person = sign_in(&upstreams, "company").await.unwrap().person;
    assert_eq!(person.profile.email.unwrap().raw(), "alice@example.com");
    assert!(person.profile.email_verified);
    // About somebody else: nothing of it is used.
    let faults = Faults::none().and(Fault::HostileUserName).once();
    server.set_faults(faults.clone().and(Fault::UserinfoWrongSubject));
    let arrival = sign_in(&upstreams, "company").await;
    assert!(matches!(arrival, Err(UpstreamError::NotAllowed)));
    // Away: who might be allowed is told to come again, and who is anyway comes in.
    server.set_faults(faults.clone().and(Fault::UserinfoFails));
    let arrival = sign_in(&upstreams, "company").await;
    assert!(is_unavailable(&arrival), "{arrival:?}");
    server.set_faults(faults.and(Fault::UserinfoFails));
    let person = sign_in_at(&server).await.unwrap().person;
    assert_eq!(person.subject, "user-alice");
    assert_eq!(person.profile.email, None);
    assert!(!person.profile.email_verified);
}

#[tokio::test]
async fn hostile_06_a_persons_name_is_inert() {
    let server = server().await;
    server.set_faults(Fault::HostileUserName);
    let person = sign_in_at(&server).await.unwrap().person;
    let shown = person.display_name().to_string();
    assert!(!shown.contains(['\u{1b}', '\u{202e}', '\n']), "{shown:?}");
}

#[tokio::test]
async fn without_an_issuer_of_its_own_userinfo_says_who_it_is() {
    let server = server().await;
    let mut profile = with_endpoints(&server, "/userinfo");
    profile.scopes = Scopes::parse("openid profile email");
    let upstreams = upstreams(vec![config("tenants", profile)]);
    let person = sign_in(&upstreams, "tenants").await.unwrap().person;
    assert_eq!(person.subject, "user-alice");
    assert!(person.profile.email_verified);
    assert_eq!(server.count(Endpoint::Jwks), 0);
    server.set_faults(Fault::UserinfoFails);
    let arrival = sign_in(&upstreams, "tenants").await;
    assert!(is_unavailable(&arrival), "{arrival:?}");
}

/// What GitHub's `/user` answers, as far as it matters.
const OCTO: &str = r#"{"login":"octo","id":583231,"node_id":"MDQ6VXNlcjU4MzIzMQ==","name":null,"email":"octo@example.com"}"#;

/// A place that answers `body` to whoever has a bearer token.
async fn me(body: &'static str) -> Url {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/user", listener.local_addr().unwrap());
    let answer = move |headers: HeaderMap| async move {
        let known = headers.get("authorization").is_some_and(|token| {
            token.to_str().unwrap().starts_with("Bearer ") && headers.contains_key("user-agent")
        });
        if known { body } else { "{}" }
    };
    let site = Router::new().route("/user", get(answer));
    tokio::spawn(async move { axum::serve(listener, site).await });
    Url::parse(&url).unwrap()
}

async fn github(server: &Server, body: &'static str) -> Upstreams {
    let mut profile = with_endpoints(server, me(body).await.as_str());
    profile.scopes = Scopes::parse("email");
    profile.subject_claims = vec!["id".into()];
    profile.identity_claims = vec!["login".into()];
    upstreams(vec![config("github", profile)])
}

#[tokio::test]
async fn at_github_it_is_the_number_and_never_the_login_name() {
    let server = server().await;
    let faults = Faults::none()
        .and(Fault::ErrorWith200)
        .and(Fault::FormTokenResponse)
        .and(Fault::ScopeCommaSeparated);
    server.set_faults(faults);
    let upstreams = github(&server, OCTO).await;
    let departure = upstreams.depart("github", false).await.unwrap();
    assert_eq!(query(&departure.location, "nonce"), None);
    let person = sign_in(&upstreams, "github").await.unwrap().person;
    assert_eq!(person.subject, "583231");
    assert_eq!(person.profile.username.unwrap().raw(), "octo");
    assert_eq!(person.profile.name, None);
    // It is what somebody wrote into their public page.
    assert_eq!(person.profile.email.unwrap().raw(), "octo@example.com");
    assert!(!person.profile.email_verified);
    assert_eq!(server.count(Endpoint::Metadata), 0);
}

#[tokio::test]
async fn who_has_no_identifier_does_not_come_in() {
    let server = server().await;
    for body in [
        r#"{"login":"octo"}"#,
        r#"{"login":"octo","id":null}"#,
        r#"{"id":""}"#,
        r#"{"id":1e30}"#,
        "{}",
        "[]",
        "Not Found",
    ] {
        let arrival = sign_in(&github(&server, body).await, "github").await;
        assert!(is_refused(&arrival), "{body}: {arrival:?}");
    }
}

#[tokio::test]
async fn errors_of_github_that_come_with_200_are_errors() {
    let server = server().await;
    server.set_faults(Faults::none().and(Fault::ErrorWith200));
    let upstreams = github(&server, OCTO).await;
    let (kept, answer) = go(&upstreams, "github", FakeBrowser::new()).await;
    let stored = serde_json::to_string(&kept).unwrap();
    upstreams.arrive("github", kept, &answer).await.unwrap();
    let kept: Kept = serde_json::from_str(&stored).unwrap();
    let second = upstreams.arrive("github", kept, &answer).await;
    assert!(is_refused(&second), "{second:?}");
}
