//! A broker with everything but a socket.

use std::{net::IpAddr, sync::Arc, time::Duration};

use axum::{Router, body::Body};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use oarlock_io::{Clock as _, HttpConfig, entropy, web_server::PeerAddress};
use oarlock_oauth::{
    authorization_server::{
        authorization::AuthorizationRequest,
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
        user_code::UserCode,
    },
    client_auth::ClientAuthentication,
    pkce,
    scope::Scopes,
    secret::{AccessToken, AuthorizationCode, ClientSecret, CodeVerifier, CookieSecret, Nonce},
};
use oarlock_testkit::FakeClock;
use serde_json::Value;
use tempfile::TempDir;
use tower_service::Service as _;

use crate::{
    broker::{
        Broker, Surroundings,
        digest::{Digest, Purpose},
        id::{LoginId, SessionId, UserId},
        login::{AtUpstream, Stage},
        request::{Asked, LoginRequest},
        seal::Use,
        session::{NewSession, SessionKind},
        store::{Approach, Begun, Decide, Decided, Decision, Identify, NewLogin, Taken},
        user::{Person, Profile},
        web::router,
    },
    config::broker::{
        Algorithm, AuditConfig, BrokerConfig, BrokerLimits, ClientConfig, KeysConfig, KeysHome,
        Lifetimes, PairingConfig, PairingReturns, RegistrationPolicy, StoreConfig, UpstreamConfig,
        UpstreamKind,
    },
    metrics::Metrics,
};

pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(super) const REDIRECT: &str = "http://127.0.0.1:4711/callback";
pub(super) const API: &str = "https://api.example.com";
pub(super) const SECRET: &str = "a-secret-of-enough-random-bits-0123456789";
pub(super) const NEAR: &str = "203.0.113.7";
pub(super) const FAR: &str = "198.51.100.9";

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

pub(super) struct Scene {
    pub(super) broker: Broker,
    pub(super) clock: Arc<FakeClock>,
    pub(super) audit: std::path::PathBuf,
    router: Router,
    _home: TempDir,
}

#[derive(Debug)]
pub(super) struct Reply {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(super) fn text(&self, member: &str) -> String {
        let json = self.json();
        json[member]
            .as_str()
            .unwrap_or_else(|| panic!("no {member}: {self:?}"))
            .to_owned()
    }

    pub(super) fn error(&self) -> String {
        self.text("error")
    }

    #[track_caller]
    pub(super) fn is_refused(&self, status: u16, error: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert_eq!(self.error(), error, "{self:?}");
        assert_eq!(self.header("cache-control"), Some("no-store"));
        assert_eq!(self.header("content-type"), Some("application/json"));
        assert!(self.json()["error_description"].is_string(), "{self:?}");
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Scene {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut BrokerConfig)) -> Self {
        let home = tempfile::tempdir().unwrap();
        let audit = home.path().join("state").join("audit.log");
        let mut config = config(home.path());
        config.audit = AuditConfig::File(audit.clone());
        change(&mut config);
        let clock = Arc::new(FakeClock::default());
        let surroundings = Surroundings {
            public_url: "http://127.0.0.1:5001/".parse().unwrap(),
            trusted_proxies: Vec::new(),
            metrics: Metrics::default(),
            clock: clock.clone(),
        };
        let broker = Broker::open(config, surroundings).await.unwrap();
        Self {
            router: router(&broker),
            broker,
            clock,
            audit,
            _home: home,
        }
    }

    pub(super) async fn send(&self, mut request: Request<Body>) -> Reply {
        if request.extensions().get::<PeerAddress>().is_none() {
            request.extensions_mut().insert(from(NEAR));
        }
        let mut router = self.router.clone();
        let response = router.call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Reply {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.into()).unwrap(),
        }
    }

    pub(super) async fn get(&self, path: &str) -> Reply {
        self.ask_from(NEAR, path).await
    }

    pub(super) async fn ask_from(&self, address: &str, path: &str) -> Reply {
        let request = Request::get(path)
            .extension(from(address))
            .body(Body::empty());
        self.send(request.unwrap()).await
    }

    pub(super) async fn ask_with(&self, path: &str, name: HeaderName, value: &str) -> Reply {
        let request = Request::get(path).header(name, value).body(Body::empty());
        self.send(request.unwrap()).await
    }

    pub(super) async fn method(&self, method: Method, path: &str) -> Reply {
        let request = Request::builder().method(method).uri(path);
        self.send(request.body(Body::empty()).unwrap()).await
    }

    pub(super) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Reply {
        self.send(form(path, fields)).await
    }

    pub(super) async fn post_as(
        &self,
        (id, secret): (&str, &str),
        path: &str,
        fields: &[(&str, &str)],
    ) -> Reply {
        let mut request = form(path, fields);
        let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
        let basic = format!("Basic {}", STANDARD.encode(format!("{encoded}:{secret}")));
        let headers = request.headers_mut();
        headers.insert(header::AUTHORIZATION, basic.parse().unwrap());
        self.send(request).await
    }

    /// A person signs in and agrees; what the store has of it afterwards.
    pub(super) async fn agree(&self, request: LoginRequest, until: Duration) -> AuthorizationCode {
        let id = self.identified(request).await;
        let code = AuthorizationCode::from_random(entropy::random().unwrap());
        let decide = Decide {
            login: id,
            browser: browser(),
            decision: Decision::Allow {
                code: Some(Digest::of(Purpose::Code, code.expose())),
                until: self.clock.now().checked_add(until).unwrap(),
                remember: false,
            },
        };
        let decided = self.broker.parts().store.decide(decide, self.clock.now());
        assert!(matches!(decided.await.unwrap(), Decided::Now(_)));
        code
    }

    pub(super) async fn deny(&self, request: LoginRequest) {
        let decide = Decide {
            login: self.identified(request).await,
            browser: browser(),
            decision: Decision::Deny,
        };
        let decided = self.broker.parts().store.decide(decide, self.clock.now());
        assert!(matches!(decided.await.unwrap(), Decided::Now(_)));
    }

    async fn identified(&self, request: LoginRequest) -> LoginId {
        let parts = self.broker.parts();
        let now = self.clock.now();
        let state = Digest(entropy::random().unwrap());
        let stage = Stage::Upstream(AtUpstream {
            upstream: "dev".into(),
            state,
            sealed: Vec::new(),
        });
        let id = match &request.asked {
            Asked::Device(device) => {
                let code = UserCode::parse(&device.user_code).unwrap();
                let approach = Approach {
                    user_code: Digest::of(Purpose::UserCode, code.letters()),
                    browser: browser(),
                    stage,
                };
                parts
                    .store
                    .approach(approach, now)
                    .await
                    .unwrap()
                    .unwrap()
                    .id
            }
            _ => self.begin(request, stage).await,
        };
        let taken = parts.store.take_callback(state, browser(), now).await;
        assert!(matches!(taken.unwrap(), Taken::Now(_)));
        let cookie = CookieSecret::from_random(entropy::random().unwrap());
        let upstream_token = AccessToken::new("token-of-the-provider");
        let sealed = parts.seal.seal(Use::UpstreamToken, &upstream_token);
        let identify = Identify {
            login: id.clone(),
            person: ada(),
            new_user: UserId::from_random(entropy::random().unwrap()),
            session: NewSession {
                id: SessionId::from_random(entropy::random().unwrap()),
                kind: SessionKind::Browser,
                handle: Some(Digest::of(Purpose::SessionCookie, cookie.expose())),
                secret: None,
                expires_at: now.checked_add(DAY).unwrap(),
                from: address(FAR),
            },
            upstream_token: Some(sealed.unwrap().into_bytes()),
        };
        parts.store.identify(identify, now).await.unwrap().unwrap();
        id
    }

    async fn begin(&self, request: LoginRequest, stage: Stage) -> LoginId {
        let id = LoginId::from_random(entropy::random().unwrap());
        let login = NewLogin {
            id: id.clone(),
            request,
            stage,
            browser: Some(browser()),
            device: None,
            expires_at: self.clock.now().checked_add(DAY).unwrap(),
            most: 1_000,
        };
        let begun = self.broker.parts().store.begin(login).await;
        assert_eq!(begun.unwrap(), Begun::Yes);
        id
    }

    /// A code for a client, for these scopes and resources.
    pub(super) async fn code_for(&self, client_id: &str, scopes: &str) -> AuthorizationCode {
        self.agree(
            self.code_request(client_id, scopes),
            Duration::from_secs(60),
        )
        .await
    }

    pub(super) fn code_request(&self, client_id: &str, scopes: &str) -> LoginRequest {
        LoginRequest {
            asked: Asked::Code(AuthorizationRequest {
                client_id: client_id.into(),
                redirect_uri: REDIRECT.into(),
                scopes: Scopes::parse(scopes),
                state: None,
                nonce: Some(Nonce::new("a-nonce")),
                code_challenge: pkce::challenge(&CodeVerifier::new(VERIFIER)),
                resources: Vec::new(),
                prompt: Default::default(),
                max_age: None,
            }),
            at: self.clock.now(),
            from: address(FAR),
        }
    }

    /// Tokens of the built-in client.
    pub(super) async fn tokens(&self, scopes: &str) -> Value {
        let code = self.code_for("oarlock", scopes).await;
        let reply = self.redeem("oarlock", code.expose()).await;
        assert_eq!(reply.status, StatusCode::OK, "{reply:?}");
        reply.json()
    }

    pub(super) async fn redeem(&self, client_id: &str, code: &str) -> Reply {
        self.post("/token", &code_form(client_id, code)).await
    }

    pub(super) async fn refresh(&self, token: &str) -> Reply {
        self.post("/token", &refresh_form("oarlock", token)).await
    }

    /// What the audit log has, by name.
    pub(super) fn events(&self) -> Vec<String> {
        let log = std::fs::read_to_string(&self.audit).unwrap_or_default();
        log.lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap())
            .map(|event| event["what"].as_str().unwrap().to_owned())
            .collect()
    }
}

pub(super) fn code_form<'a>(client_id: &'a str, code: &'a str) -> [(&'a str, &'a str); 5] {
    [
        ("grant_type", "authorization_code"),
        ("client_id", client_id),
        ("code", code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ]
}

pub(super) fn refresh_form<'a>(client_id: &'a str, token: &'a str) -> [(&'a str, &'a str); 3] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", client_id),
        ("refresh_token", token),
    ]
}

pub(super) fn form(path: &str, fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    let body = body.extend_pairs(fields).finish();
    Request::post(path)
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(body))
        .unwrap()
}

pub(super) fn from(text: &str) -> PeerAddress {
    PeerAddress((address(text), 40_000).into())
}

pub(super) fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn browser() -> Digest {
    Digest([7; 32])
}

fn ada() -> Person {
    Person {
        provider: "dev".into(),
        subject: "ada".into(),
        profile: Profile {
            name: Some("Ada Example".into()),
            username: None,
            email: Some("ada@example.com".into()),
            email_verified: true,
        },
    }
}

/// A client of the configuration: confidential with a secret, else public.
pub(super) fn client(id: &str, secret: Option<&str>) -> ClientConfig {
    ClientConfig {
        id: id.into(),
        metadata: ClientMetadata {
            client_name: None,
            client_uri: None,
            redirect_uris: vec![RedirectUri::parse("http://127.0.0.1/callback").unwrap()],
            grant_types: vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            token_endpoint_auth_method: match secret {
                Some(_) => ClientAuthentication::Basic,
                None => ClientAuthentication::None,
            },
            scope: None,
        },
        secret: secret.map(|secret| ClientConfig::secret_digest(&ClientSecret::new(secret))),
        trusted: false,
    }
}

fn config(home: &std::path::Path) -> BrokerConfig {
    BrokerConfig {
        upstreams: vec![UpstreamConfig {
            name: "dev".into(),
            kind: UpstreamKind::Dev(vec![ada()]),
            allow: Vec::new(),
            deadline: Duration::from_secs(5),
            hand_out_tokens: false,
        }],
        store: StoreConfig::Sqlite(home.join("state").join("server.db")),
        keys: KeysConfig {
            home: KeysHome::File(home.join("state").join("server.keys")),
            algorithm: Algorithm::Es256,
            rotate_every: 90 * DAY,
            publish_before: DAY,
            publish_after: DAY,
            upstream_tokens: None,
        },
        clients: vec![
            client("web", Some(SECRET)),
            client("other", None),
            client(API, Some(SECRET)),
        ],
        registration: RegistrationPolicy::Open,
        metadata_documents: true,
        pairing: Some(PairingConfig {
            returns: PairingReturns::Identity,
        }),
        scopes: Scopes::parse("deploy"),
        resources: vec![API.into()],
        lifetimes: Lifetimes::default(),
        limits: BrokerLimits::default(),
        audit: AuditConfig::Log,
        network: HttpConfig::default(),
    }
}
