//! Who says to be somebody or somewhere else (hostile.md, 18, 22 and 24).

use url::Url;

use crate::{
    flows::{authorize, code, redeem, tokens, userinfo},
    person::Person,
    provider::{Provider, way_back},
    scene::{Reply, Scene, claims, encode},
};

const PAIRCODE: &str = "a-paircode-of-22-chars-at-least";

async fn without_proxies() -> Scene {
    let folder = tempfile::tempdir().unwrap();
    Scene::serving(folder, |config| {
        config.trusted_proxies = Vec::new();
        let limits = &mut config.broker.as_mut().unwrap().limits;
        limits.logins_per_minute = 3;
        limits.user_code_tries = 3;
        limits.misses_per_minute = 3;
    })
    .await
}

#[tokio::test]
async fn hostile_18_where_a_stranger_says_to_be_is_neither_shown_nor_counted() {
    let scene = without_proxies().await;
    let mut liar = Person::at("203.0.113.7");
    let page = liar.get(&scene, &authorize("openid")).await;
    assert!(!page.body.contains("203.0.113.7"), "{page:?}");
    let forged = [
        ("x-forwarded-for", "203.0.113.8"),
        ("x-real-ip", "203.0.113.8"),
        ("forwarded", "for=203.0.113.8;host=evil.example;proto=https"),
    ];
    let url = scene
        .send(
            "GET",
            &format!("/cli_login?paircode={PAIRCODE}"),
            &forged,
            "",
        )
        .await;
    let page = liar.get(&scene, &url.body).await;
    assert!(!page.body.contains("203.0.113.8"), "{page:?}");

    // Each says to be another, and all are one.
    let mut statuses = Vec::new();
    for number in 0..5 {
        let from = format!("198.51.100.{number}");
        let forged = [("x-forwarded-for", from.as_str())];
        let fields = [("client_id", "oarlock")];
        let reply = scene
            .form_with("/device_authorization", &forged, &fields)
            .await;
        statuses.push(reply.status);
    }
    // The paircode was one of three.
    assert_eq!(statuses, [200, 200, 429, 429, 429]);
    let mut statuses = Vec::new();
    for number in 0..5 {
        let from = format!("198.51.100.{number}");
        let forged = [("x-forwarded-for", from.as_str())];
        let fields = [
            ("grant_type", "refresh_token"),
            ("client_id", "oarlock"),
            ("refresh_token", "made.up"),
        ];
        let reply = scene.form_with("/token", &forged, &fields).await;
        statuses.push(reply.status);
    }
    assert_eq!(statuses, [400, 400, 400, 429, 429]);
    let mut statuses = Vec::new();
    for from in [
        "198.51.100.1",
        "198.51.100.2",
        "198.51.100.3",
        "198.51.100.4",
    ] {
        let mut guesser = Person::at(from);
        let entry = guesser.get(&scene, "/device").await;
        let token = entry.field("form_token").unwrap();
        let fields = [("user_code", "BBBB-BBBB"), ("form_token", token.as_str())];
        statuses.push(guesser.post(&scene, "/device", &fields).await.status);
    }
    assert_eq!(statuses, [400, 400, 400, 429]);
}

/// A broker behind a proxy, at a public address, with a provider of its own.
async fn in_public(provider: &Provider) -> Scene {
    let upstream = provider.upstream("company", false);
    let folder = tempfile::tempdir().unwrap();
    Scene::serving(folder, |config| {
        config.public_url = Some("https://login.example/".parse().unwrap());
        config.broker.as_mut().unwrap().upstreams = vec![upstream];
    })
    .await
}

/// Somebody who comes by the public name.
struct Visitor<'a> {
    scene: &'a Scene,
    person: Person,
}

impl Visitor<'_> {
    async fn get(&mut self, link: &str) -> Reply {
        let path = link.strip_prefix("https://login.example").unwrap_or(link);
        let headers = [("host", "login.example")];
        self.person
            .send(self.scene, "GET", path, &headers, "")
            .await
    }

    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Reply {
        let headers = [
            ("host", "login.example"),
            ("origin", "https://login.example"),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let body = encode(fields);
        self.person
            .send(self.scene, "POST", path, &headers, &body)
            .await
    }

    async fn signs_in(&mut self, page: &Reply) -> Reply {
        let (request, token) = (
            page.field("request").unwrap(),
            page.field("form_token").unwrap(),
        );
        let fields = [
            ("request", request.as_str()),
            ("form_token", &token),
            ("upstream", "company"),
        ];
        let leaving = self.post("/login", &fields).await;
        let asked = Url::parse(&leaving.location().unwrap()).unwrap();
        let redirect_uri = asked.query_pairs().find(|(name, _)| name == "redirect_uri");
        assert_eq!(redirect_uri.unwrap().1, "https://login.example/redirect");
        self.get(&way_back(&leaving, "ada")).await
    }
}

#[tokio::test]
async fn hostile_18_no_link_follows_a_header() {
    let provider = Provider::start().await;
    let scene = in_public(&provider).await;
    let lies = [
        ("host", "login.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "http"),
        ("x-forwarded-port", "8080"),
        ("x-forwarded-prefix", "/evil.example"),
        ("forwarded", "host=evil.example;proto=http"),
        ("x-original-url", "/evil.example"),
        ("x-rewrite-url", "/evil.example"),
        ("referer", "https://evil.example/"),
    ];
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
        "/",
        "/sessions",
        "/device",
        "/nothing",
        &authorize("openid"),
        &format!("/cli_login?paircode={PAIRCODE}"),
    ] {
        for host in ["login.example", "localhost", "127.0.0.1:5001"] {
            let mut headers = lies;
            headers[0].1 = host;
            let reply = scene.send("GET", path, &headers, "").await;
            let all = format!("{reply:?}");
            assert!(!all.contains("evil.example"), "{path}: {all}");
            assert!(!all.contains("http://login.example"), "{path}: {all}");
            for named in [format!("//{host}"), format!("{host}/")] {
                assert!(
                    host == "login.example" || !all.contains(&named),
                    "{path}: {all}"
                );
            }
        }
    }
    let fields = [("client_id", "oarlock")];
    let device = scene
        .form_with("/device_authorization", &lies, &fields)
        .await;
    let place = device.json()["verification_uri"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(place, "https://login.example/device");
    let mut ada = Visitor {
        scene: &scene,
        person: Person::default(),
    };
    let page = ada.get(&authorize("openid")).await;
    let onward = ada.signs_in(&page).await;
    let told = onward.location().unwrap();
    assert!(told.contains("iss=https%3A%2F%2Flogin.example"), "{told}");
    for host in [
        "evil.example",
        "login.example.evil.example",
        "login.example:444",
    ] {
        let reply = scene.send("GET", "/sessions", &[("host", host)], "").await;
        assert_eq!(reply.status, 421, "{host}");
    }
}

fn cookies(reply: &Reply) -> Vec<&str> {
    let cookies = reply
        .headers
        .iter()
        .filter(|(name, _)| name == "set-cookie");
    cookies.map(|(_, value)| value.as_str()).collect()
}

fn is_bound(cookie: &str, name: &str) {
    assert!(
        cookie.starts_with(&format!("__Host-oarlock-{name}=")),
        "{cookie}"
    );
    for attribute in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.to_ascii_lowercase().contains("domain"), "{cookie}");
}

#[tokio::test]
async fn hostile_22_at_a_public_address_cookies_are_bound_to_it() {
    let provider = Provider::start().await;
    let scene = in_public(&provider).await;
    let mut ada = Visitor {
        scene: &scene,
        person: Person::default(),
    };
    let page = ada.get(&authorize("openid")).await;
    let set = cookies(&page);
    assert_eq!(set.len(), 1);
    is_bound(set[0], "browser");
    let onward = ada.signs_in(&page).await;
    let set = cookies(&onward);
    assert_eq!(set.len(), 1);
    is_bound(set[0], "session");
    // A program of the older face too.
    let url = ada.get(&format!("/cli_login?paircode={PAIRCODE}")).await;
    let page = ada.get(&url.body).await;
    let done = ada.signs_in(&page).await;
    assert_eq!(done.status, 200, "{done:?}");
    let fetched = ada.get(&format!("/token?paircode={PAIRCODE}")).await;
    is_bound(cookies(&fetched)[0], "session");

    // Under the name that anybody beside us, and any path, could set, a cookie is nothing.
    let session = ada
        .person
        .cookies
        .iter()
        .find(|(name, _)| name == "__Host-oarlock-session");
    let session = session.unwrap().1.clone();
    let list = ada.get("/sessions").await;
    assert!(
        list.field("request").is_some(),
        "the program's cookie signs no browser in"
    );
    for name in [
        "oarlock-session",
        "__Secure-oarlock-session",
        "__host-oarlock-session",
    ] {
        let cookie = format!("{name}={session}");
        let headers = [("host", "login.example"), ("cookie", cookie.as_str())];
        let secured = scene.send("GET", "/secured", &headers, "").await;
        assert_eq!(secured.status, 401, "{name}");
    }
    // Two of one name: one of them is somebody else's.
    let cookie = format!(
        "__Host-oarlock-session={session}; __Host-oarlock-session={}",
        "a".repeat(43)
    );
    let headers = [("host", "login.example"), ("cookie", cookie.as_str())];
    assert_eq!(
        scene.send("GET", "/secured", &headers, "").await.status,
        401
    );
    let cookie = format!("__Host-oarlock-session={session}");
    let headers = [("host", "login.example"), ("cookie", cookie.as_str())];
    assert_eq!(
        scene.send("GET", "/secured", &headers, "").await.status,
        200
    );
}

#[tokio::test]
async fn hostile_24_ids_open_nothing() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let onward = ada.sign_in(&scene, &page, "ada").await;
    let bought = redeem(&scene, &code(&onward)).await.json();
    let access = bought["access_token"].as_str().unwrap();
    let told = claims(access);
    let list = ada.get(&scene, "/sessions").await;
    let mut ids: Vec<String> = ["sid", "jti", "sub", "client_id"]
        .map(|name| told[name].as_str().unwrap().to_owned())
        .to_vec();
    // Those of the page, the browser's own session among them.
    let fields = list.body.split("name=\"revoke\" value=\"").skip(1);
    ids.extend(fields.map(|rest| rest.split('"').next().unwrap().to_owned()));
    assert!(ids.len() >= 6, "{ids:?}");
    for id in &ids {
        let mut thief = Person::default();
        for name in ["oarlock-session", "oarlock-browser"] {
            thief.cookies = vec![(name.to_owned(), id.clone())];
            let page = thief.get(&scene, "/sessions").await;
            assert!(page.field("request").is_some(), "{id}: {page:?}");
            let secured = thief.get(&scene, "/secured").await;
            assert_eq!(secured.status, 401, "{id}");
        }
        assert_eq!(userinfo(&scene, id).await.status, 401, "{id}");
        let bearer = format!("Bearer {id}");
        let headers = [("authorization", bearer.as_str())];
        assert_eq!(
            scene.send("GET", "/secured", &headers, "").await.status,
            401,
            "{id}"
        );
        for (grant, name) in [
            ("refresh_token", "refresh_token"),
            (
                "urn:ietf:params:oauth:grant-type:device_code",
                "device_code",
            ),
        ] {
            let fields = [
                ("grant_type", grant),
                ("client_id", "oarlock"),
                (name, id.as_str()),
            ];
            assert_eq!(scene.form("/token", &fields).await.status, 400, "{id}");
        }
        let fields = [("client_id", "oarlock"), ("token", id.as_str())];
        let seen = scene.form("/introspect", &fields).await.json();
        assert_eq!(seen["active"], false, "{id}");
        scene.form("/revoke", &fields).await;
        let page = thief.get(&scene, &format!("/consent?login={id}")).await;
        assert_eq!(page.status, 400, "{id}: {page:?}");
    }
    // Neither did any of this end anything.
    assert_eq!(userinfo(&scene, access).await.status, 200);
    assert!(
        ada.get(&scene, "/sessions")
            .await
            .body
            .contains("ada@example.com")
    );
}

/// Whoever reads the address of a consent has nothing but a name.
#[tokio::test]
async fn hostile_24_a_logins_id_in_an_address_decides_nothing_elsewhere() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let link = format!("{}&prompt=consent", authorize("openid"));
    let page = ada.get(&scene, &link).await;
    let asked = ada.sign_in(&scene, &page, "ada").await;
    let consent = asked.location().unwrap();
    let login = consent.split("login=").nth(1).unwrap();
    let mut thief = Person::default();
    let page = thief.get(&scene, "/device").await;
    let token = page.field("form_token").unwrap();
    assert_eq!(thief.get(&scene, &consent).await.status, 400);
    for decision in ["allow", "deny"] {
        let fields = [
            ("login", login),
            ("decision", decision),
            ("form_token", &token),
        ];
        let reply = thief.post(&scene, "/consent", &fields).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert_eq!(reply.location(), None);
    }
    let allowed = ada.consent(&scene, &asked, "allow").await;
    assert_eq!(redeem(&scene, &code(&allowed)).await.status, 200);
    drop(tokens(&scene, "openid").await);
}
