//! The browser comes to redirect URIs as it is told.
use crate::plain_client::*;
use axum::{Router, extract::State, routing::any};
use http::Method;
use oarlock_testkit::{AuthorizationServer, Callback, FakeBrowser, Server};
use std::sync::{Arc, Mutex};

/// What arrived: method, path and query, and some headers.
#[derive(Debug, Clone)]
struct Arrived {
    method: Method,
    target: String,
    host: String,
    origin: Option<String>,
    prefetch: bool,
}

type Seen = Arc<Mutex<Vec<Arrived>>>;

/// A program that waits at a redirect URI; it answers 421 to strange hosts and 200 to the rest.
struct Program {
    redirect_uri: String,
    seen: Seen,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Program {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Program {
    async fn waits() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let redirect_uri = format!("http://{}/callback", listener.local_addr().unwrap());
        let seen = Seen::default();
        let router = Router::new()
            .fallback(any(arrived))
            .with_state(seen.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self {
            redirect_uri,
            seen,
            task,
        }
    }

    fn seen(&self) -> Vec<Arrived> {
        self.seen.lock().unwrap().clone()
    }

    fn url(&self, server: &Server) -> url::Url {
        authorization_url(server, &[("redirect_uri", &self.redirect_uri)])
    }
}

async fn arrived(
    State(seen): State<Seen>,
    request: axum::extract::Request,
) -> (http::StatusCode, &'static str) {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
    };
    let host = header("host").unwrap();
    let strange = host == "evil.example";
    seen.lock().unwrap().push(Arrived {
        method: request.method().clone(),
        target: request.uri().to_string(),
        origin: header("origin"),
        prefetch: header("sec-purpose").is_some(),
        host,
    });
    if strange {
        (http::StatusCode::MISDIRECTED_REQUEST, "strange")
    } else {
        (http::StatusCode::OK, "It worked.")
    }
}

#[tokio::test]
async fn a_login_ends_on_the_programs_page() {
    let server = AuthorizationServer::start().await.unwrap();
    let program = Program::waits().await;
    let visit = FakeBrowser::new()
        .user("bob")
        .visit(&program.url(&server))
        .await
        .unwrap();
    assert_eq!((visit.status, visit.page.as_str()), (200, "It worked."));
    let seen = program.seen();
    assert_eq!((seen.len(), &seen[0].method), (1, &Method::GET));
    assert!(
        seen[0].target.starts_with("/callback?code=code_"),
        "{}",
        seen[0].target
    );
    assert_eq!(visit.trail.len(), 3, "page, form, redirect URI");
}

#[tokio::test]
async fn stopping_hands_the_redirect_back_and_visits_nothing() {
    let server = AuthorizationServer::start().await.unwrap();
    let program = Program::waits().await;
    let visit = stopping_browser()
        .visit(&program.url(&server))
        .await
        .unwrap();
    assert!(
        visit
            .redirect
            .unwrap()
            .as_str()
            .starts_with(&program.redirect_uri)
    );
    assert!(program.seen().is_empty());
}

#[tokio::test]
async fn each_way_does_its_wrong_first_and_then_delivers() {
    for callback in Callback::all() {
        let server = AuthorizationServer::start().await.unwrap();
        let program = Program::waits().await;
        let visit = FakeBrowser::new()
            .callback(callback)
            .visit(&program.url(&server))
            .await
            .unwrap();
        let mut seen = program.seen();
        while seen.is_empty() {
            // After an early drop the request is still on its way.
            tokio::task::yield_now().await;
            seen = program.seen();
        }
        let proper = visit.redirect.as_ref().unwrap();
        let target = format!("{}?{}", proper.path(), proper.query().unwrap());
        let last = seen.last().unwrap();
        assert_eq!(
            (&last.target, &last.method, &last.origin),
            (&target, &Method::GET, &None),
            "{callback:?}"
        );
        assert_eq!(last.host, proper.authority());
        assert!(!last.prefetch);
        assert_eq!(seen.len(), visit.wrong.len() + 1, "{callback:?}");
        check(callback, &seen, &visit.wrong, &target);
    }
}

fn check(callback: Callback, seen: &[Arrived], wrong: &[u16], proper: &str) {
    let first = &seen[0];
    match callback {
        Callback::Deliver | Callback::DropEarly => assert_eq!(seen.len(), 1),
        Callback::Twice => assert_eq!((seen.len(), first.target.as_str()), (2, proper)),
        Callback::HeadFirst => assert_eq!(
            (&first.method, first.target.as_str()),
            (&Method::HEAD, proper)
        ),
        Callback::PrefetchFirst => assert!(first.prefetch && first.target == proper),
        Callback::WrongStateFirst => {
            assert!(first.target.contains("code=") && first.target.contains("state=a-guess"));
            assert!(seen[1].target.contains("code=") && !seen[1].target.contains("state="));
        }
        Callback::WrongHost => {
            assert_eq!((first.host.as_str(), wrong), ("evil.example", &[421][..]))
        }
        Callback::ForeignOrigin => {
            let origins: Vec<_> = seen
                .iter()
                .map(|arrived| arrived.origin.as_deref())
                .collect();
            assert_eq!(origins, [Some("https://evil.example"), Some("null"), None]);
        }
        Callback::ForeignPost => assert_eq!(first.method, Method::POST),
        Callback::StrayFirst => {
            assert_eq!(
                (first.target.as_str(), seen[1].target.as_str()),
                ("/callback", "/favicon.ico")
            );
        }
        other => panic!("{other:?} has no check"),
    }
}

#[tokio::test]
async fn early_dropping_reads_no_page() {
    let server = AuthorizationServer::start().await.unwrap();
    let program = Program::waits().await;
    let visit = FakeBrowser::new()
        .callback(Callback::DropEarly)
        .visit(&program.url(&server))
        .await
        .unwrap();
    assert_eq!((visit.status, visit.page.as_str()), (0, ""));
}

#[tokio::test]
async fn an_error_page_is_where_the_visit_ends() {
    let server = AuthorizationServer::start().await.unwrap();
    let url = authorization_url(&server, &[("client_id", "nobody")]);
    let visit = FakeBrowser::new().visit(&url).await.unwrap();
    assert_eq!((visit.status, visit.redirect), (400, None));
    assert!(
        visit.page.contains("no client is registered"),
        "{}",
        visit.page
    );
}

#[tokio::test]
async fn nobody_at_the_redirect_uri_is_an_error_without_the_code() {
    let server = AuthorizationServer::start().await.unwrap();
    let error = FakeBrowser::new()
        .visit(&authorization_url(&server, &[]))
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("127.0.0.1:9") && !error.contains("code_"),
        "{error}"
    );
}

#[test]
fn names_of_ways_are_read() {
    assert_eq!("foreign-post".parse(), Ok(Callback::ForeignPost));
    assert!(
        "nonsense"
            .parse::<Callback>()
            .unwrap_err()
            .contains("drop-early")
    );
}
