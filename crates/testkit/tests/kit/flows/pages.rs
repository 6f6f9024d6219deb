//! The pages and what protects them.
use super::server;
use crate::plain_client::*;
use http::Request;
use oarlock_testkit::Server;

/// The sign-in page's hidden field and cookie.
async fn opened(server: &Server) -> (String, String) {
    let page = get(authorization_url(server, &[])).await;
    let id = page
        .body
        .split("name=\"interaction\" value=\"")
        .nth(1)
        .unwrap()
        .split('"')
        .next()
        .unwrap();
    let cookie = page.header("set-cookie").unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    (id.to_owned(), cookie.split(';').next().unwrap().to_owned())
}

async fn submit(server: &Server, id: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = Request::post(server.at("/authorize").as_str());
    request = request.header("content-type", "application/x-www-form-urlencoded");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    send(
        request,
        format!("interaction={id}&user=alice&decision=allow"),
    )
    .await
    .unwrap()
}

#[tokio::test]
async fn hostile_09_a_double_submit_gets_the_same_answer() {
    let server = server().await;
    let (id, cookie) = opened(&server).await;
    let first = submit(&server, &id, &[("cookie", &cookie)]).await;
    let second = submit(&server, &id, &[("cookie", &cookie)]).await;
    assert_eq!((first.status, second.status), (303, 303));
    assert_eq!(first.header("location"), second.header("location"));
}

#[tokio::test]
async fn hostile_22_a_form_from_another_browser_or_page_decides_nothing() {
    let server = server().await;
    let (id, cookie) = opened(&server).await;
    let cookie = cookie.as_str();
    for headers in [
        vec![],
        vec![("cookie", "oarlock_sign_in=guessed")],
        vec![("cookie", cookie), ("origin", "https://evil.example")],
        vec![("cookie", cookie), ("origin", "null")],
        vec![("cookie", cookie), ("sec-fetch-site", "cross-site")],
    ] {
        let answer = submit(&server, &id, &headers).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (400, None),
            "{headers:?}"
        );
    }
    assert_eq!(
        submit(&server, "guessed", &[("cookie", cookie)])
            .await
            .status,
        400
    );
    let own = [
        ("cookie", cookie),
        ("origin", server.issuer()),
        ("sec-fetch-site", "same-origin"),
    ];
    assert_eq!(submit(&server, &id, &own).await.status, 303);
}

#[tokio::test]
async fn hostile_17_a_foreign_host_header_is_refused() {
    let server = server().await;
    for (host, status) in [
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("localhost:1", 200),
        ("[::1]:1", 200),
        ("127.0.0.1", 200),
    ] {
        let request = Request::get(server.at("/jwks.json").as_str()).header("host", host);
        assert_eq!(send(request, "").await.unwrap().status, status, "{host}");
    }
}

#[tokio::test]
async fn pages_allow_one_style_and_nothing_else() {
    let server = server().await;
    let page = get(authorization_url(&server, &[])).await;
    let policy = page.header("content-security-policy").unwrap();
    assert!(
        policy.starts_with("default-src 'none'; style-src 'sha256-"),
        "{policy}"
    );
    assert!(
        policy.contains("form-action 'self' http://127.0.0.1:9;"),
        "{policy}"
    );
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!page.body.contains("<script"));
    let style = page
        .body
        .split("<style>")
        .nth(1)
        .unwrap()
        .split("</style>")
        .next()
        .unwrap();
    let sum = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, style.as_bytes());
    let sum = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sum);
    assert!(policy.contains(&format!("'sha256-{sum}'")), "{policy}");
    let six = get(authorization_url(
        &server,
        &[("redirect_uri", "http://[::1]:9/callback")],
    ))
    .await;
    assert!(
        six.header("content-security-policy")
            .unwrap()
            .contains("form-action 'self' http:;")
    );
}
