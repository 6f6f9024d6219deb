//! Documents, with fetches that are made up, and fetches from a server on loopback that the settings allow.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use http::{HeaderMap, HeaderValue, header::CACHE_CONTROL};
use oarlock_testkit::FakeClock;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::Notify,
};

use super::{fetching::lasts, *};

const METADATA: &str = r#"{"client_id":"https://app.example/client.json","client_name":"App","redirect_uris":["https://app.example/callback"]}"#;

fn documents(clock: &Arc<FakeClock>) -> Documents {
    Documents::new(HttpConfig::default(), Arc::clone(clock) as Arc<dyn Clock>).unwrap()
}

fn address(text: &str) -> ClientIdUrl {
    ClientIdUrl::parse(text).unwrap()
}

fn app() -> ClientIdUrl {
    address("https://app.example/client.json")
}

fn metadata() -> ClientMetadata {
    ClientMetadata::from_document(&app(), METADATA.as_bytes()).unwrap()
}

fn fetched(seconds: u64) -> Result<Fetched, DocumentError> {
    Ok(Fetched {
        metadata: metadata(),
        lasts: Duration::from_secs(seconds),
    })
}

#[tokio::test]
async fn a_document_is_remembered_for_as_long_as_it_says() {
    let clock = Arc::new(FakeClock::default());
    let documents = documents(&clock);
    let fetches = AtomicUsize::new(0);
    let find = || {
        documents.find_by(&APP, async {
            fetches.fetch_add(1, Ordering::SeqCst);
            fetched(120)
        })
    };
    static APP: std::sync::LazyLock<ClientIdUrl> = std::sync::LazyLock::new(app);
    for _ in 0..3 {
        assert_eq!(find().await.unwrap(), metadata());
    }
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    clock.advance(Duration::from_secs(121));
    assert!(find().await.is_ok());
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn hostile_16_a_failure_is_remembered_for_half_a_minute() {
    let clock = Arc::new(FakeClock::default());
    let documents = documents(&clock);
    let (app, failed) = (app(), async { Err(DocumentError::Unreachable) });
    let unreachable = Err(DocumentError::Unreachable);
    assert_eq!(documents.find_by(&app, failed).await, unreachable);
    let never = async { panic!("it is remembered") };
    assert_eq!(documents.find_by(&app, never).await, unreachable);
    clock.advance(FAILURE);
    let found = documents.find_by(&app, async { fetched(60) }).await;
    assert!(found.is_ok());
}

#[tokio::test]
async fn one_document_is_fetched_once_however_many_ask() {
    let documents = documents(&Arc::new(FakeClock::default()));
    let (app, fetches, go) = (app(), AtomicUsize::new(0), Notify::new());
    let all = (0..50).map(|_| {
        documents.find_by(&app, async {
            fetches.fetch_add(1, Ordering::SeqCst);
            go.notified().await;
            fetched(60)
        })
    });
    let (found, ()) = tokio::join!(futures_util::future::join_all(all), async {
        while fetches.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        go.notify_waiters();
    });
    assert!(found.iter().all(Result::is_ok));
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn whoever_goes_away_leaves_the_turn_to_the_next() {
    let documents = documents(&Arc::new(FakeClock::default()));
    let app = app();
    let stuck = documents.find_by(&app, std::future::pending());
    let gone = tokio::time::timeout(Duration::from_millis(10), stuck).await;
    assert!(gone.is_err());
    assert!(documents.find_by(&app, async { fetched(60) }).await.is_ok());
}

#[tokio::test]
async fn hostile_38_documents_are_bounded_and_those_in_use_stay() {
    let clock = Arc::new(FakeClock::default());
    let documents = documents(&clock);
    let at = |number: usize| address(&format!("https://app.example/{number}"));
    for number in 0..REMEMBERED {
        let lasts = 60 + u64::try_from(number).unwrap();
        let at = at(number);
        let found = documents.find_by(&at, async { fetched(lasts) }).await;
        assert!(found.is_ok());
    }
    // The first is in use, the second is over first of the others.
    let held = documents.place(at(0).url().as_str()).unwrap();
    for number in REMEMBERED..REMEMBERED + 10 {
        let at = at(number);
        let found = documents.find_by(&at, async { fetched(86_400) }).await;
        assert!(found.is_ok());
    }
    assert_eq!(documents.places().len(), REMEMBERED);
    let is_known = |number| documents.places().contains_key(at(number).url().as_str());
    assert!(is_known(0) && !is_known(1) && !is_known(10) && is_known(11));
    drop(held);
}

#[tokio::test]
async fn hostile_38_only_so_many_are_fetched_at_once() {
    let documents = documents(&Arc::new(FakeClock::default()));
    let turns: Vec<_> = (0..AT_ONCE)
        .map(|_| documents.turns.try_acquire().unwrap())
        .collect();
    let app = app();
    let busy = documents.find_by(&app, async { fetched(60) }).await;
    assert_eq!(busy, Err(DocumentError::Busy));
    // That is nothing to be remembered.
    drop(turns);
    assert!(documents.find_by(&app, async { fetched(60) }).await.is_ok());
}

#[tokio::test]
async fn hostile_16_private_addresses_are_not_asked() {
    let documents = documents(&Arc::new(FakeClock::default()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "[::ffff:7f00:1]"] {
        let client = address(&format!("https://{host}:{port}/client.json"));
        let found = documents.find(&client).await;
        assert_eq!(found, Err(DocumentError::Unreachable), "{host}");
    }
    for host in ["10.0.0.1", "169.254.169.254", "[fd00::1]", "192.168.1.1"] {
        let client = address(&format!("https://{host}/client.json"));
        let found = documents.find(&client).await;
        assert_eq!(found, Err(DocumentError::Unreachable), "{host}");
    }
    let asked = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
    assert!(asked.is_err(), "nobody was connected to");
}

/// What a server on loopback answers, which the settings allow.
async fn answered(answer: &str) -> Result<(HeaderMap, Vec<u8>), DocumentError> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = HttpConfig {
        timeout: Duration::from_millis(500),
        max_body: BODY,
        allow_private_hosts: vec![address.to_string()],
        ..HttpConfig::default()
    };
    let http = HttpClient::new(config).unwrap();
    let url = format!("http://{address}/client.json");
    let serve = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = [0; 2_000];
        assert!(stream.read(&mut request).await.unwrap() > 0);
        // It may have been refused before it is read to its end.
        stream.write_all(answer.as_bytes()).await.ok();
        stream
    };
    let (found, _stream) = tokio::join!(fetching::answer(&http, &url), serve);
    found
}

fn answer(head: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn hostile_16_only_a_small_json_answer_of_that_address_is_a_document() {
    let json = "200 OK\r\nContent-Type: application/json; charset=utf-8";
    let (_, body) = answered(&answer(json, METADATA)).await.unwrap();
    assert_eq!(body, METADATA.as_bytes());
    let named = "200 OK\r\nContent-Type: application/oauth+JSON";
    assert!(answered(&answer(named, METADATA)).await.is_ok());

    for kind in [
        "text/html",
        "text/plain",
        "image/svg+json",
        "application/jsonp",
        "",
    ] {
        let head = format!("200 OK\r\nContent-Type: {kind}");
        let refused = answered(&answer(&head, METADATA)).await;
        assert!(matches!(refused, Err(DocumentError::Refused(_))), "{kind}");
    }
    let unreachable = |found| assert_eq!(found, Err(DocumentError::Unreachable));
    let huge = "x".repeat(BODY + 1);
    unreachable(answered(&answer(json, &huge)).await);
    unreachable(answered(&answer("404 Not Found", METADATA)).await);
    let elsewhere = "302 Found\r\nLocation: http://127.0.0.1:1/";
    unreachable(answered(&answer(elsewhere, "")).await);
    unreachable(answered("HTTP/1.1 200 OK\r\n").await);
    unreachable(answered("nonsense\r\n\r\n").await);
}

#[test]
fn how_long_a_document_lasts_is_kept_between_bounds() {
    for (said, seconds) in [
        (None, 300),
        (Some("max-age=600"), 600),
        (Some("public, Max-Age=\"600\""), 600),
        (Some("max-age=0"), 60),
        (Some("max-age=99999999999"), 86_400),
        (Some("max-age=-5"), 300),
        (Some("max-age=99999999999999999999999999"), 300),
        (Some("no-store, max-age=600"), 60),
        (Some("no-cache"), 60),
    ] {
        let mut headers = HeaderMap::new();
        headers.extend(said.map(|said| (CACHE_CONTROL, HeaderValue::from_static(said))));
        assert_eq!(lasts(&headers), Duration::from_secs(seconds), "{said:?}");
    }
}
