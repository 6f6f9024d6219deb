//! The upstream for trying things.

use oarlock_oauth::text::Untrusted;

use super::*;
use crate::broker::user::Profile;

fn person(subject: &str) -> Person {
    Person {
        provider: String::new(),
        subject: subject.into(),
        profile: Profile {
            name: Some(Untrusted::new(subject)),
            ..Profile::default()
        },
    }
}

fn dev(allow: &[&str]) -> Upstreams {
    upstreams(vec![UpstreamConfig {
        name: "dev".into(),
        kind: UpstreamKind::Dev(vec![person("ada"), person("a&b=c d")]),
        allow: allow.iter().map(|&rule| rule.to_owned()).collect(),
        deadline: DEADLINE,
        hand_out_tokens: true,
    }])
}

async fn pick(upstreams: &Upstreams, subject: &str) -> Result<Arrival, UpstreamError> {
    let departure = upstreams.depart("dev", false).await.unwrap();
    let location = &departure.location;
    assert_eq!(
        location.as_str(),
        format!(
            "http://127.0.0.1:5001/dev?state={}",
            departure.state.expose()
        )
    );
    let back = upstreams.dev_return(subject, &departure.state).unwrap();
    assert!(back.as_str().starts_with(REDIRECT_URI));
    let answer = Parameters::parse(back.query().unwrap()).unwrap();
    upstreams.check_issuer("dev", &answer).unwrap();
    upstreams.arrive("dev", departure.kept, &answer).await
}

#[tokio::test]
async fn whoever_is_picked_comes_in() {
    let upstreams = dev(&[]);
    assert_eq!(upstreams.dev_people().unwrap().len(), 2);
    for subject in ["ada", "a&b=c d"] {
        let arrival = pick(&upstreams, subject).await.unwrap();
        assert_eq!(arrival.person.subject, subject);
        assert_eq!(arrival.person.provider, "dev");
        assert!(arrival.token.is_none());
    }
    assert!(!upstreams.hands_out_tokens("dev"));
    let arrival = pick(&dev(&["sub:eve"]), "ada").await;
    assert!(matches!(arrival, Err(UpstreamError::NotAllowed)));
}

#[tokio::test]
async fn nobody_else_does() {
    let upstreams = dev(&[]);
    let departure = upstreams.depart("dev", false).await.unwrap();
    assert_eq!(upstreams.dev_return("eve", &departure.state), None);
    let state = departure.state.expose();
    for (query, denied) in [
        (format!("code=eve&state={state}"), false),
        (format!("code=ada&state={state}x"), false),
        ("code=ada".to_owned(), false),
        (format!("state={state}"), false),
        (format!("error=access_denied&state={state}"), true),
    ] {
        let answer = Parameters::parse(&query).unwrap();
        let arrival = upstreams
            .arrive("dev", departure.kept.clone(), &answer)
            .await;
        let as_expected = if denied {
            matches!(arrival, Err(UpstreamError::Denied))
        } else {
            is_refused(&arrival)
        };
        assert!(as_expected, "{query}: {arrival:?}");
    }
}

#[tokio::test]
async fn without_it_there_are_no_people_to_pick() {
    let server = server().await;
    let upstreams = upstreams(vec![company(&server)]);
    assert_eq!(upstreams.dev_people(), None);
    assert_eq!(upstreams.dev_return("ada", &State::new("s")), None);
}
