//! Logins, people and sessions to try a store with. All that a login has is named after it.

use std::sync::Arc;

use oarlock_oauth::{
    Timestamp,
    authorization_server::{
        authorization::{AuthorizationRequest, Prompt},
        client::{ClientMetadata, GrantType},
        paircode::PaircodeDigest,
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
    scope::Scopes,
    secret::State,
};

use crate::broker::{
    clients::RegisteredClient,
    digest::{Digest, Purpose},
    id::{LoginId, SessionId, UserId},
    login::{AtUpstream, Login, Stage},
    request::{Asked, DeviceAsked, LoginRequest},
    session::{NewSession, Session, SessionKind},
    store::{
        Begun, Decide, Decided, Decision, Identified, Identify, LoginKey, NewLogin, Redeemed,
        Rotate, Store, Taken,
    },
    user::{Person, Profile, User},
};

pub(crate) type AnyStore = Arc<dyn Store>;

/// So many seconds after the beginning.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub(crate) fn digest(text: &str) -> Digest {
    Digest::of(Purpose::Code, text)
}

pub(crate) fn paircode(text: &str) -> PaircodeDigest {
    PaircodeDigest(digest(text).0)
}

pub(crate) fn state(name: &str) -> Digest {
    digest(&format!("state of {name}"))
}

pub(crate) fn browser(name: &str) -> Digest {
    digest(&format!("browser of {name}"))
}

pub(crate) fn code(name: &str) -> Digest {
    digest(&format!("code of {name}"))
}

pub(crate) fn device_code(name: &str) -> Digest {
    digest(&format!("device of {name}"))
}

pub(crate) fn user_code(name: &str) -> Digest {
    digest(&format!("user code of {name}"))
}

pub(crate) fn handle(name: &str) -> Digest {
    digest(&format!("handle of {name}"))
}

pub(crate) fn secret(name: &str) -> Digest {
    digest(&format!("secret of {name}"))
}

pub(crate) fn asked_for_code() -> Asked {
    Asked::Code(AuthorizationRequest {
        client_id: "mytool".into(),
        redirect_uri: "http://127.0.0.1:4711/callback".into(),
        scopes: Scopes::parse("openid deploy"),
        state: Some(State::new("the client's own")),
        nonce: None,
        code_challenge: "A".repeat(43),
        resources: vec!["https://api.example.com".into()],
        prompt: Prompt::default(),
        max_age: Some(60),
    })
}

pub(crate) fn asked_for_device(name: &str) -> Asked {
    Asked::Device(DeviceAsked {
        client_id: "mytool".into(),
        scopes: Scopes::parse("openid"),
        resources: Vec::new(),
        user_code: name.to_uppercase(),
    })
}

pub(crate) fn at_upstream(name: &str) -> Stage {
    Stage::Upstream(AtUpstream {
        upstream: "dev".into(),
        state: state(name),
        sealed: b"sealed".to_vec(),
    })
}

/// At the provider, until 600.
pub(crate) fn new_login(name: &str, asked: Asked) -> NewLogin {
    NewLogin {
        id: LoginId::known(name),
        request: LoginRequest {
            asked,
            at: at(0),
            from: "2001:db8::7".parse().unwrap(),
        },
        stage: at_upstream(name),
        browser: Some(browser(name)),
        device: None,
        expires_at: at(600),
        most: 1_000_000,
    }
}

/// Waits for its browser.
pub(crate) fn new_device(name: &str) -> NewLogin {
    NewLogin {
        stage: Stage::Asked,
        browser: None,
        device: Some((device_code(name), user_code(name))),
        ..new_login(name, asked_for_device(name))
    }
}

pub(crate) fn new_pairing(name: &str, code: &str) -> NewLogin {
    new_login(name, Asked::Pairing(paircode(code)))
}

/// As it is found again.
pub(crate) fn login_of(new: &NewLogin) -> Login {
    Login {
        id: new.id.clone(),
        request: new.request.clone(),
        stage: new.stage.clone(),
        browser: new.browser,
        expires_at: new.expires_at,
    }
}

pub(crate) fn person(subject: &str) -> Person {
    Person {
        provider: "dev".into(),
        subject: subject.into(),
        profile: Profile {
            name: Some(format!("{subject} \u{202e}Example").as_str().into()),
            email: Some(format!("{subject}@example.com").as_str().into()),
            email_verified: true,
            ..Profile::default()
        },
    }
}

/// A session until 10,000.
pub(crate) fn new_session(name: &str, kind: SessionKind) -> NewSession {
    NewSession {
        id: SessionId::known(format!("session of {name}")),
        kind,
        handle: Some(handle(name)),
        secret: (kind == SessionKind::Client).then(|| secret(name)),
        expires_at: at(10_000),
        from: "192.0.2.7".parse().unwrap(),
    }
}

pub(crate) fn identify(name: &str, subject: &str) -> Identify {
    Identify {
        login: LoginId::known(name),
        person: person(subject),
        new_user: UserId::known(format!("user at {name}")),
        session: new_session(&format!("browser of {name}"), SessionKind::Browser),
        upstream_token: None,
    }
}

pub(crate) fn allow(name: &str) -> Decide {
    Decide {
        login: LoginId::known(name),
        browser: browser(name),
        decision: Decision::Allow {
            code: Some(code(name)),
            until: at(60),
            remember: false,
        },
    }
}

/// Without a code: for devices and pairings.
pub(crate) fn allow_uncoded(name: &str) -> Decide {
    Decide {
        decision: Decision::Allow {
            code: None,
            until: at(60),
            remember: false,
        },
        ..allow(name)
    }
}

pub(crate) fn deny(name: &str) -> Decide {
    Decide {
        decision: Decision::Deny,
        ..allow(name)
    }
}

pub(crate) fn rotate(name: &str, from: &str, to: &str) -> Rotate {
    Rotate {
        handle: handle(name),
        secret: secret(from),
        next: secret(to),
        client_id: "mytool".into(),
        expires_at: at(20_000),
    }
}

pub(crate) fn client(name: &str) -> RegisteredClient {
    RegisteredClient {
        id: name.into(),
        metadata: ClientMetadata {
            client_name: Some("A <b>tool</b>".into()),
            client_uri: None,
            redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/callback").unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::DeviceCode],
            token_endpoint_auth_method: ClientAuthentication::Basic,
            scope: Some(Scopes::parse("openid")),
        },
        secret: Some(secret(name)),
        created_at: at(0),
        last_used_at: at(0),
    }
}

/// Puts it in.
pub(crate) async fn begin(store: &AnyStore, new: NewLogin) {
    assert_eq!(store.begin(new).await, Ok(Begun::Yes));
}

/// Brings a login that is at the provider to `Identified`, as at 1.
pub(crate) async fn come_back(store: &AnyStore, name: &str, subject: &str) -> Identified {
    let taken = store.take_callback(state(name), browser(name), at(1)).await;
    assert!(matches!(taken, Ok(Taken::Now(_))), "{taken:?}");
    let identified = store.identify(identify(name, subject), at(1)).await;
    identified.unwrap().unwrap()
}

/// A login that only has to be redeemed, as at 2.
pub(crate) async fn granted(store: &AnyStore, new: NewLogin, subject: &str) -> Login {
    let name = new.id.as_str().to_owned();
    let with_code = matches!(new.request.asked, Asked::Code(_));
    begin(store, new).await;
    come_back(store, &name, subject).await;
    let decide = if with_code {
        allow(&name)
    } else {
        allow_uncoded(&name)
    };
    match store.decide(decide, at(2)).await.unwrap() {
        Decided::Now(login) => login,
        other => panic!("{other:?}"),
    }
}

/// A client's session by a code, as at 3.
pub(crate) async fn session_by_code(
    store: &AnyStore,
    name: &str,
    subject: &str,
) -> (Session, User) {
    granted(store, new_login(name, asked_for_code()), subject).await;
    let new = new_session(name, SessionKind::Client);
    let key = LoginKey::Code(code(name));
    match store.redeem(key, new, at(3)).await.unwrap() {
        Redeemed::Now { session, user, .. } => (session, user),
        other => panic!("{other:?}"),
    }
}
