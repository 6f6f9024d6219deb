//! What strangers send to the loopback listener (hostile.md). Nothing of it may end, change or consume the login:
//! after each attack the person logs in as if nothing had happened.

use http::{Method, Request, Response};
use oarlock::{Credential, Error, ErrorKind, Flow};
use oarlock_testkit::{Callback, Endpoint, FakeBrowser, Fault, plain};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
};
use url::Url;

use crate::scene::{Scene, get, options, parameter, redirect_uri, text};

/// A login that waits, with the answer a browser would bring.
struct Waiting {
    scene: Scene,
    login: JoinHandle<Result<Credential, Error>>,
    /// The authorization request.
    url: Url,
    /// The answer.
    answer: Url,
}

impl Waiting {
    async fn start() -> Self {
        let scene = Scene::start().await;
        let login = scene.login(options(Flow::Loopback));
        let url = scene.person.url().await;
        let visit = FakeBrowser::new()
            .stop_at_redirect()
            .visit(&url)
            .await
            .unwrap();
        let answer = visit.redirect.unwrap();
        Self {
            scene,
            login,
            url,
            answer,
        }
    }

    fn port(&self) -> u16 {
        redirect_uri(&self.url).port().unwrap()
    }

    async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port()))
            .await
            .unwrap()
    }

    /// The redirect URI with another query.
    fn with_query(&self, query: &str) -> Url {
        let mut url = redirect_uri(&self.url);
        url.set_query(Some(query));
        url
    }

    async fn send(&self, request: http::request::Builder) -> Response<Vec<u8>> {
        plain::send(request.body(Vec::new()).unwrap())
            .await
            .unwrap()
    }

    /// Nothing happened: the answer is taken, once, and the login succeeds.
    async fn ends_well(self) -> Scene {
        assert!(!self.login.is_finished(), "the login ended");
        assert_eq!(
            self.scene.server.count(Endpoint::Token),
            0,
            "something was exchanged"
        );
        let page = get(&self.answer).await.unwrap();
        assert_eq!(page.status(), 200, "{}", text(&page));
        self.login.await.unwrap().unwrap();
        assert_eq!(self.scene.server.count(Endpoint::Token), 1);
        self.scene
    }
}

/// Sends bytes and reads what comes back until the connection ends.
async fn raw(mut stream: TcpStream, bytes: &[u8]) -> String {
    // The listener may close before it has read everything.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer).await);
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn hostile_01_slow_requests_hold_up_nobody() {
    let waiting = Waiting::start().await;
    let mut slow = Vec::new();
    // More than the listener holds at once.
    for index in 0..100 {
        let mut stream = waiting.connect().await;
        let part = if index % 2 == 0 {
            "GET /callback?code="
        } else {
            "POST /callback HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\nx"
        };
        stream.write_all(part.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    waiting.ends_well().await;
    for mut stream in slow {
        let mut rest = Vec::new();
        drop(stream.read_to_end(&mut rest).await);
        assert!(
            !String::from_utf8_lossy(&rest).contains(" 200 "),
            "half a request was answered as a whole one"
        );
    }
}

#[tokio::test]
async fn hostile_02_heads_and_bodies_beyond_the_caps_are_refused() {
    let waiting = Waiting::start().await;
    let host = format!("Host: 127.0.0.1:{}\r\n", waiting.port());
    let header = format!(
        "GET /callback HTTP/1.1\r\n{host}X: {}\r\n\r\n",
        "x".repeat(1 << 20)
    );
    let answer = raw(waiting.connect().await, header.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer:.80}");
    let target = format!(
        "GET /callback?{} HTTP/1.1\r\n{host}\r\n",
        "x".repeat(40_000)
    );
    let answer = raw(waiting.connect().await, target.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 414"), "{answer:.80}");
    let body = format!(
        "POST /callback HTTP/1.1\r\n{host}Content-Length: 1048576\r\n\r\n{}",
        "x".repeat(1 << 20)
    );
    let answer = raw(waiting.connect().await, body.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer:.80}");
    waiting.ends_well().await;
}

#[tokio::test]
async fn hostile_04_ambiguous_answers_are_refused() {
    let waiting = Waiting::start().await;
    let good = waiting.answer.query().unwrap().to_owned();
    let state = parameter(&waiting.answer, "state").unwrap();
    for query in [
        format!("{good}&code=other"),
        format!("{good}&CODE=other"),
        format!("{good}&state={state}"),
        format!("{good}&error=access_denied"),
        good.replace(&state, &format!("%5B%22{state}%22%5D")),
        good.replace("state=", "state[]="),
        good.replace(&state, "1"),
    ] {
        let page = get(&waiting.with_query(&query)).await.unwrap();
        assert_eq!(page.status(), 400, "{query}");
        assert!(
            text(&page).contains("This is not the answer"),
            "{query}: {}",
            text(&page)
        );
    }
    waiting.ends_well().await;
}

#[tokio::test]
async fn hostile_05_bad_encodings_are_refused_and_split_no_header() {
    let waiting = Waiting::start().await;
    let good = waiting.answer.query().unwrap().to_owned();
    let state = parameter(&waiting.answer, "state").unwrap();
    let twice: String = state.bytes().map(|byte| format!("%25{byte:02x}")).collect();
    for query in [
        good.replace(&state, &twice),
        good.replace("code=", "code=%00"),
        good.replace("code=", "code=%c0%af"),
        good.replace("code=", "code=%0d%0aSet-Cookie:%20a=b%0d%0a"),
        format!("{good}&x%0d%0aSet-Cookie:%20a=b=1"),
        format!("{good}&x=%"),
    ] {
        let page = get(&waiting.with_query(&query)).await.unwrap();
        assert_eq!(page.status(), 400, "{query}");
        assert!(!page.headers().contains_key("set-cookie"), "{query}");
        assert!(
            !text(&page).contains("Set-Cookie"),
            "{query}: {}",
            text(&page)
        );
    }
    waiting.ends_well().await;
}

#[tokio::test]
async fn hostile_06_the_providers_words_are_inert_on_the_page_and_to_the_person() {
    let scene = Scene::start().await;
    let login = scene.login(options(Flow::Loopback));
    let url = scene.person.url().await;
    let browser = FakeBrowser::new().deny().stop_at_redirect();
    let visit = browser.visit(&url).await.unwrap();
    let mut answer = visit.redirect.unwrap();
    let kept: Vec<(String, String)> = answer
        .query_pairs()
        .filter(|(name, _)| name != "error_description")
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect();
    let hostile = "<script>alert(1)</script><img src=x>\u{1b}[2J\u{202e}desrever\u{2066}";
    answer
        .query_pairs_mut()
        .clear()
        .extend_pairs(kept)
        .append_pair("error_description", hostile);
    let page = get(&answer).await.unwrap();
    let error = login.await.unwrap().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Denied, "{error:?}");
    assert!(text(&page).contains("Example says: "), "{}", text(&page));
    assert!(
        !text(&page).contains("<script") && !text(&page).contains("<img"),
        "{}",
        text(&page)
    );
    for said in [text(&page), &error.to_string()] {
        let active = |c| matches!(c, '\u{1b}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        assert!(!said.contains(active), "{said:?}");
    }
}

#[tokio::test]
async fn hostile_06_a_path_is_never_echoed() {
    let waiting = Waiting::start().await;
    let url = Url::parse(&format!(
        "http://127.0.0.1:{}/<script>alert(1)</script>?a=<script>",
        waiting.port()
    ))
    .unwrap();
    let page = get(&url).await.unwrap();
    assert_eq!(page.status(), 404);
    assert!(!text(&page).contains("script"), "{}", text(&page));
    waiting.ends_well().await;
}

#[tokio::test]
async fn hostile_07_a_redirect_uri_that_leads_elsewhere_is_not_sent() {
    for (host, path) in [
        ("evil.example", "/callback"),
        ("127.0.0.1", "//evil.example/callback"),
        ("127.0.0.1@evil.example", "/callback"),
        ("127.0.0.1", "/\\evil.example"),
    ] {
        for flow in [Flow::Loopback, Flow::Paste] {
            let mut scene = Scene::start().await;
            scene.profile.redirect.host = host.into();
            scene.profile.redirect.path = path.into();
            let error = scene.login(options(flow)).await.unwrap().unwrap_err();
            assert!(
                matches!(error, Error::FlowUnavailable { .. }),
                "{host}{path}: {error:?}"
            );
            assert!(!scene.person.saw("open-url"), "{host}{path}");
        }
    }
}

#[tokio::test]
async fn hostile_08_scanners_and_prefetchers_change_nothing() {
    let waiting = Waiting::start().await;
    let request = || Request::builder().uri(waiting.answer.as_str());
    for method in [Method::HEAD, Method::OPTIONS, Method::POST, Method::PUT] {
        let page = waiting.send(request().method(method.clone())).await;
        assert_eq!(page.status(), 405, "{method}");
        assert_eq!(page.headers()["allow"], "GET", "{method}");
    }
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-moz", "prefetch"),
        ("x-purpose", "preview"),
    ] {
        let page = waiting.send(request().header(name, value)).await;
        assert_eq!(page.status(), 403, "{name}");
    }
    waiting.ends_well().await;
}

#[tokio::test]
async fn hostile_09_the_same_answer_again_shows_the_same_page() {
    let waiting = Waiting::start().await;
    waiting.scene.server.set_faults(Fault::ReplayedCodeAccepted);
    let (first, second) = tokio::join!(get(&waiting.answer), get(&waiting.answer));
    let third = get(&waiting.answer).await.unwrap();
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(
        text(&first).contains("You are logged in"),
        "{}",
        text(&first)
    );
    assert_eq!(text(&first), text(&second));
    assert_eq!(text(&first), text(&third));
    waiting.login.await.unwrap().unwrap();
    assert_eq!(
        waiting.scene.server.count(Endpoint::Token),
        1,
        "a second effect"
    );
    assert!(
        !waiting.scene.person.saw("foreign"),
        "{:?}",
        waiting.scene.person.events()
    );
}

#[tokio::test]
async fn hostile_09_a_denial_again_shows_the_same_page() {
    let scene = Scene::start().await;
    let browser = FakeBrowser::new().deny().callback(Callback::Twice);
    let (login, visit) = scene.login_with(Flow::Loopback, browser).await;
    login.unwrap_err();
    assert_eq!(
        (visit.status, visit.wrong.as_slice()),
        (403, &[403_u16][..])
    );
}

#[tokio::test]
async fn hostile_10_guesses_are_told_of_and_end_nothing() {
    let waiting = Waiting::start().await;
    for guess in 0..200 {
        let page = get(&waiting.with_query(&format!("code=x&state=guess-{guess}")))
            .await
            .unwrap();
        assert_eq!(page.status(), 400);
    }
    let scene = waiting.ends_well().await;
    let told = scene
        .person
        .events()
        .iter()
        .filter(|event| event.starts_with("foreign"))
        .count();
    assert!((1..=5).contains(&told), "a flood of {told} notices");
}

#[tokio::test]
async fn hostile_17_rebound_names_and_other_pages_scripts_are_refused() {
    let waiting = Waiting::start().await;
    let port = waiting.port();
    let request = || Request::builder().uri(waiting.answer.as_str());
    for host in [
        "evil.example",
        "evil.example:80",
        "127.0.0.1:1",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "0.0.0.0",
    ] {
        let page = waiting.send(request().header("host", host)).await;
        assert_eq!(page.status(), 421, "{host}");
    }
    for origin in [
        "null".to_owned(),
        "https://evil.example".into(),
        format!("http://evil.example:{port}"),
        "http://127.0.0.1:1".into(),
    ] {
        for method in [Method::GET, Method::POST] {
            let page = waiting
                .send(request().method(method.clone()).header("origin", &origin))
                .await;
            assert!(
                matches!(page.status().as_u16(), 403 | 405),
                "{method} from {origin}: {}",
                page.status()
            );
            assert!(
                !page.headers().contains_key("access-control-allow-origin"),
                "{origin}"
            );
        }
    }
    for mode in ["no-cors", "cors", "websocket"] {
        let page = waiting.send(request().header("sec-fetch-mode", mode)).await;
        assert_eq!(page.status(), 403, "{mode}");
    }
    waiting.ends_well().await;
}

#[tokio::test]
async fn hostile_20_a_leaked_address_or_answer_is_of_no_use_elsewhere() {
    let waiting = Waiting::start().await;
    let verifier = {
        // What a thief has: everything the browser ever saw. The code without the verifier buys nothing.
        let code = parameter(&waiting.answer, "code").unwrap();
        let redirect = redirect_uri(&waiting.url);
        let form = format!(
            "grant_type=authorization_code&client_id={}&code={code}&redirect_uri={redirect}",
            oarlock_testkit::DEFAULT_CLIENT_ID
        );
        for extra in ["", "&code_verifier=guess"] {
            let challenge = parameter(&waiting.url, "code_challenge").unwrap();
            for form in [
                format!("{form}{extra}"),
                format!("{form}&code_verifier={challenge}"),
            ] {
                let request = Request::post(waiting.scene.server.at("/token").as_str())
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body(form.into_bytes())
                    .unwrap();
                let answer = plain::send(request).await.unwrap();
                assert!(answer.status().is_client_error(), "{}", text(&answer));
            }
        }
        // A second login has another verifier; the first one's is in the token request alone.
        let login = waiting.scene.login(options(Flow::Loopback));
        let url = waiting.scene.person.url().await;
        FakeBrowser::new().visit(&url).await.unwrap();
        login.await.unwrap().unwrap();
        let requests = waiting.scene.server.grants_of("authorization_code");
        requests
            .last()
            .unwrap()
            .form("code_verifier")
            .unwrap()
            .to_owned()
    };
    assert_eq!(verifier.len(), 43, "256 bits");
    for request in waiting.scene.server.requests_to(Endpoint::Authorize) {
        assert!(!request.contains(&verifier), "the verifier is in a URL");
    }
    waiting.login.abort();
}

#[tokio::test]
async fn hostile_21_a_login_that_an_attacker_started_gives_him_nothing() {
    let attacker = Waiting::start().await;
    let victim = Waiting::start().await;
    // The attacker's answer, brought to the victim's listener, would log the victim in as the attacker.
    let page = get(&victim.with_query(attacker.answer.query().unwrap()))
        .await
        .unwrap();
    assert_eq!(page.status(), 400);
    assert!(text(&page).contains("another login"), "{}", text(&page));
    victim.scene.person.event("foreign").await;
    // And the victim's answer is of no use to the attacker's program.
    let page = get(&attacker.with_query(victim.answer.query().unwrap()))
        .await
        .unwrap();
    assert_eq!(page.status(), 400);
    victim.ends_well().await;
    attacker.ends_well().await;
}

#[tokio::test]
async fn hostile_33_a_browser_that_left_does_not_matter() {
    let scene = Scene::start().await;
    let browser = FakeBrowser::new().callback(Callback::DropEarly);
    let (login, _) = scene.login_with(Flow::Loopback, browser).await;
    login.unwrap();
}
