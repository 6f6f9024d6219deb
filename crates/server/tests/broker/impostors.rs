//! Other people's browsers, links and forms (hostile.md, 8, 9, 10, 17, 20, 21, 22).

use super::{
    flows::{authorize, code, redeem},
    person::Person,
    scene::{Scene, encode},
};

const PAIRCODE: &str = "another-paircode-of-some-length";

#[tokio::test]
async fn hostile_08_links_that_are_only_read_change_nothing() {
    let scene = Scene::new().await;
    let url = scene
        .get(&format!("/cli_login?paircode={PAIRCODE}"))
        .await
        .body;
    let path = url.strip_prefix(&scene.url()).unwrap().to_owned();
    for target in [
        path.as_str(),
        &authorize("openid"),
        "/device?user_code=WDJB-MJHT",
        "/sessions",
        "/code?code=a&state=b",
    ] {
        for method in ["HEAD", "GET", "GET"] {
            let prefetch = [("sec-purpose", "prefetch")];
            let reply = scene.send(method, target, &prefetch, "").await;
            assert!(reply.status < 300, "{method} {target}: {reply:?}");
        }
    }
    // What a scanner has opened still waits for its person, and for nobody else.
    let waiting = scene.get(&format!("/token?paircode={PAIRCODE}")).await;
    assert_eq!((waiting.status, waiting.body.as_str()), (200, ""));
    assert!(scene.audit().is_empty(), "{:?}", scene.audit());
    let mut ada = Person::default();
    let page = ada.get(&scene, &url).await;
    let done = ada.sign_in(&scene, &page, "ada").await;
    assert_eq!(done.status, 200);
    let fetched = scene.get(&format!("/token?paircode={PAIRCODE}")).await;
    assert_ne!(fetched.body, "");
}

#[tokio::test]
async fn hostile_08_the_providers_answer_is_not_used_up_by_a_head_or_a_prefetch() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let head = ada.send(&scene, "HEAD", &back, &[], "").await;
    assert!(head.location().is_none(), "{head:?}");
    let ahead = ada
        .send(&scene, "GET", &back, &[("sec-purpose", "prefetch")], "")
        .await;
    assert_eq!(ahead.status, 503);
    let meant = ada.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&meant)).await.status, 200);
}

#[tokio::test]
async fn hostile_09_a_second_look_shows_the_end_and_does_nothing() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let first = ada.get(&scene, &back).await;
    let bought = redeem(&scene, &code(&first)).await;
    assert_eq!(bought.status, 200);
    for _ in 0..2 {
        let again = ada.get(&scene, &back).await;
        assert_eq!(again.status, 200, "{again:?}");
        assert!(again.location().is_none(), "{again:?}");
    }
    let token = bought.json()["access_token"].as_str().unwrap().to_owned();
    assert_eq!(super::flows::userinfo(&scene, &token).await.status, 200);
    let signed_in = scene
        .audit()
        .iter()
        .filter(|line| line["what"] == "first_signed_in" || line["what"] == "signed_in")
        .count();
    assert_eq!(signed_in, 1);
}

#[tokio::test]
async fn hostile_09_a_decision_that_is_sent_twice_counts_once() {
    let scene = Scene::new().await;
    let fields = [("client_id", "oarlock"), ("scope", "openid")];
    let device = scene.form("/device_authorization", &fields).await.json();
    let mut ada = Person::default();
    let entry = ada.get(&scene, "/device").await;
    let token = entry.field("form_token").unwrap();
    let user_code = device["user_code"].as_str().unwrap();
    let fields = [("user_code", user_code), ("form_token", token.as_str())];
    let page = ada.post(&scene, "/device", &fields).await;
    let asked = ada.sign_in(&scene, &page, "ada").await;
    let denied = ada.consent(&scene, &asked, "deny").await;
    assert_eq!(denied.status, 200);
    let fields = [
        (
            "login",
            asked
                .location()
                .unwrap()
                .split("login=")
                .nth(1)
                .unwrap()
                .to_owned(),
        ),
        ("decision", "allow".to_owned()),
        ("form_token", token),
    ];
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    let again = ada.post(&scene, "/consent", &fields).await;
    assert_eq!(
        again.body, denied.body,
        "the same page, and no other decision"
    );
    let fields = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", "oarlock"),
        ("device_code", device["device_code"].as_str().unwrap()),
    ];
    let polled = scene.form("/token", &fields).await;
    assert_eq!(polled.json()["error"], "access_denied");
}

#[tokio::test]
async fn hostile_20_the_providers_answer_counts_in_no_other_browser() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let back = ada.go_until_the_way_back(&scene, &page, "ada").await;
    let mut thief = Person::default();
    // Without a cookie, with one of its own, and with a made-up state: one answer for all.
    let without = thief.get(&scene, &back).await;
    thief.get(&scene, &authorize("openid")).await;
    let with = thief.get(&scene, &back).await;
    let unknown = thief.get(&scene, "/redirect?code=x&state=unknown").await;
    assert_eq!(without.status, 400);
    assert_eq!(without.body, with.body);
    assert_eq!(without.body, unknown.body);
    let own = ada.get(&scene, &back).await;
    assert_eq!(redeem(&scene, &code(&own)).await.status, 200);
}

#[tokio::test]
async fn hostile_21_a_login_that_was_sent_to_somebody_gives_its_sender_nothing() {
    let scene = Scene::new().await;
    // The sender's browser begins, the victim's signs in at the provider.
    let mut sender = Person::default();
    let page = sender.get(&scene, &authorize("openid")).await;
    let mut victim = Person::default();
    victim.get(&scene, &authorize("openid")).await;
    // The sender's form, in the victim's browser, is refused: its token is another browser's.
    let refused = victim.press(&scene, &page, "upstream", "dev").await;
    assert_eq!(refused.status, 403, "{refused:?}");
    // A link can be sent; then the victim's own browser has all of it, and the code goes to the victim's own machine.
    let link = authorize("openid");
    let page = victim.get(&scene, &link).await;
    assert!(page.body.contains("This computer") || page.body.contains("this computer"));
    let back = victim.sign_in(&scene, &page, "ada").await;
    assert!(back.location().unwrap().starts_with("http://127.0.0.1:7/"));
}

#[tokio::test]
async fn hostile_20_a_paircode_is_of_no_use_elsewhere() {
    let scene = Scene::new().await;
    let here = [("x-forwarded-for", "192.0.2.1")];
    let there = [("x-forwarded-for", "198.51.100.9")];
    let url = scene
        .send("GET", &format!("/cli_login?paircode={PAIRCODE}"), &here, "")
        .await
        .body;
    let mut ada = Person::at("203.0.113.5");
    let page = ada.get(&scene, &url).await;
    assert!(page.body.contains("192.0.2.1"), "from where: {page:?}");
    ada.sign_in(&scene, &page, "ada").await;
    let poll = format!("/token?paircode={PAIRCODE}");
    let stolen = scene.send("GET", &poll, &there, "").await;
    assert_eq!((stolen.status, stolen.body.as_str()), (200, ""));
    assert_eq!(stolen.header("set-cookie"), None);
    // The login's own address redeems nothing either.
    let request = url.split_once("request=").unwrap().1;
    let guess = format!("/token?paircode={}", &request[..request.len().min(200)]);
    assert_eq!(scene.send("GET", &guess, &here, "").await.body, "");
    assert_ne!(scene.send("GET", &poll, &here, "").await.body, "");
}

#[tokio::test]
async fn hostile_10_user_codes_are_tried_five_times() {
    let scene = Scene::new().await;
    let mut guesser = Person::at("192.0.2.77");
    let entry = guesser.get(&scene, "/device").await;
    let token = entry.field("form_token").unwrap();
    let mut statuses = Vec::new();
    let mut pages = Vec::new();
    for guess in [
        "BBBB-BBBB",
        "CCCC-CCCC",
        "not a code",
        "DDDD-DDDD",
        "FFFF-FFFF",
        "GGGG-GGGG",
    ] {
        let fields = [("user_code", guess), ("form_token", token.as_str())];
        let reply = guesser.post(&scene, "/device", &fields).await;
        statuses.push(reply.status);
        pages.push(reply.body.replace(guess, ""));
    }
    assert_eq!(statuses[5], 429, "{statuses:?}");
    assert!(statuses[..5].iter().all(|status| *status == statuses[0]));
    assert!(pages[..5].iter().all(|page| *page == pages[0]));
    // Right ones cost nothing, and others are not affected.
    let mut ada = Person::at("198.51.100.1");
    for _ in 0..7 {
        let fields = [("client_id", "oarlock")];
        let device = scene.form("/device_authorization", &fields).await.json();
        let entry = ada.get(&scene, "/device").await;
        let token = entry.field("form_token").unwrap();
        let code = device["user_code"].as_str().unwrap();
        let fields = [("user_code", code), ("form_token", token.as_str())];
        let reply = ada.post(&scene, "/device", &fields).await;
        assert!(reply.field("request").is_some(), "{reply:?}");
    }
}

#[tokio::test]
async fn hostile_17_forms_of_other_pages_and_browsers_do_nothing() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let request = page.field("request").unwrap();
    let token = page.field("form_token").unwrap();
    let fields = encode(&[
        ("request", request.as_str()),
        ("form_token", &token),
        ("upstream", "dev"),
    ]);
    let origin = scene.url();
    let kind = ("content-type", "application/x-www-form-urlencoded");
    for headers in [
        vec![kind],
        vec![kind, ("origin", "null")],
        vec![kind, ("origin", "https://evil.example")],
        vec![kind, ("origin", "http://127.0.0.1:1")],
        vec![
            kind,
            ("origin", origin.as_str()),
            ("origin", origin.as_str()),
        ],
        vec![
            kind,
            ("origin", origin.as_str()),
            ("sec-fetch-site", "cross-site"),
        ],
        vec![
            kind,
            ("origin", origin.as_str()),
            ("sec-fetch-site", "same-site"),
        ],
    ] {
        let reply = ada.send(&scene, "POST", "/login", &headers, &fields).await;
        assert_eq!(reply.status, 403, "{headers:?}");
    }
    let wrong = fields.replace(&token, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
    let headers = [kind, ("origin", origin.as_str())];
    let reply = ada.send(&scene, "POST", "/login", &headers, &wrong).await;
    assert_eq!(reply.status, 403);
    let reply = Person::default()
        .send(&scene, "POST", "/login", &headers, &fields)
        .await;
    assert_eq!(reply.status, 400, "no cookies");
    let reply = ada.send(&scene, "POST", "/login", &headers, &fields).await;
    assert_eq!(reply.status, 200, "{reply:?}");
}

#[tokio::test]
async fn hostile_17_another_host_gets_no_page() {
    let scene = Scene::new().await;
    let evil = [("host", "evil.example")];
    let reply = scene.send("GET", &authorize("openid"), &evil, "").await;
    assert_eq!(reply.status, 421);
    // Another name of this machine is sent to the one whose cookies count.
    let host = format!("localhost:{}", scene.address.port());
    let named = [("host", host.as_str())];
    let reply = scene.send("GET", &authorize("openid"), &named, "").await;
    assert_eq!(reply.status, 307);
    let location = reply.location().unwrap();
    assert_eq!(location, format!("{}{}", scene.url(), authorize("openid")));
    assert_eq!(reply.header("set-cookie"), None);
}

#[tokio::test]
async fn hostile_22_the_session_cookie_is_new_at_every_sign_in_and_dies_when_signed_out() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let session = |person: &Person| {
        let found = person
            .cookies
            .iter()
            .find(|(name, _)| name == "oarlock-session");
        found.map(|(_, value)| value.clone())
    };
    // What an attacker has planted signs nobody in, and is not kept.
    ada.cookies.push(("oarlock-session".into(), "a".repeat(43)));
    let page = ada.get(&scene, "/sessions").await;
    assert!(page.field("request").is_some(), "{page:?}");
    ada.sign_in(&scene, &page, "ada").await;
    let first = session(&ada).unwrap();
    assert_ne!(first, "a".repeat(43));
    let page = ada.get(&scene, &authorize("openid")).await;
    ada.sign_in(&scene, &page, "ada").await;
    let second = session(&ada).unwrap();
    assert_ne!(first, second);
    let list = ada.get(&scene, "/sessions").await;
    let stolen = ada.clone();
    let token = list.field("form_token").unwrap();
    let fields = [("sign_out", "yes"), ("form_token", token.as_str())];
    assert_eq!(ada.post(&scene, "/sessions", &fields).await.status, 200);
    assert_eq!(session(&ada), None);
    let page = stolen.clone().get(&scene, "/sessions").await;
    assert!(page.field("request").is_some(), "signed out: {page:?}");
}

#[tokio::test]
async fn hostile_22_cookies_say_what_browsers_need_to_know() {
    let scene = Scene::new().await;
    let reply = scene.get(&authorize("openid")).await;
    let cookie = reply.header("set-cookie").unwrap();
    for attribute in ["Path=/", "HttpOnly", "SameSite=Lax", "Max-Age="] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    // Off loopback they are __Host- and Secure; over http such a cookie would never come back.
    assert!(cookie.starts_with("oarlock-browser="), "{cookie}");
    assert!(!cookie.contains("Secure"), "{cookie}");
}

#[tokio::test]
async fn a_person_who_is_signed_in_goes_on_without_the_provider() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    ada.sign_in(&scene, &page, "ada").await;
    let page = ada.get(&scene, &authorize("openid")).await;
    assert!(page.body.contains("ada@example.com"), "{page:?}");
    let onward = ada.press(&scene, &page, "continue", "yes").await;
    assert_eq!(redeem(&scene, &code(&onward)).await.status, 200);
    // prompt=login and an old enough sign-in want the provider.
    for further in ["&prompt=login", "&max_age=0"] {
        let page = ada
            .get(&scene, &format!("{}{further}", authorize("openid")))
            .await;
        let refused = ada.press(&scene, &page, "continue", "yes").await;
        assert_eq!(refused.status, 400, "{further}");
    }
}

#[tokio::test]
async fn cancelling_tells_the_program() {
    let scene = Scene::new().await;
    let mut ada = Person::default();
    let page = ada.get(&scene, &authorize("openid")).await;
    let left = ada.press(&scene, &page, "cancel", "yes").await;
    let location = left.location().unwrap();
    assert!(location.contains("error=access_denied"), "{location}");
    assert!(location.contains("state=the-state"), "{location}");
    assert!(location.contains("iss="), "{location}");
}
