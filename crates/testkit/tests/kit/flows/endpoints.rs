//! Metadata, revocation, introspection, registration, the protected resource.
use super::server;
use crate::plain_client::*;
use http::Request;
use oarlock_testkit::{AuthorizationServer, Client, DEFAULT_CLIENT_ID, Endpoint};
use serde_json::json;

#[tokio::test]
async fn metadata_names_what_there_is() {
    let server = AuthorizationServer::builder()
        .without(Endpoint::Revoke)
        .start()
        .await
        .unwrap();
    let openid = get(server.at("/.well-known/openid-configuration"))
        .await
        .json();
    let oauth = get(server.at("/.well-known/oauth-authorization-server"))
        .await
        .json();
    assert_eq!(openid, oauth);
    assert_eq!(openid["issuer"], server.issuer());
    assert!(!server.issuer().ends_with('/'));
    assert_eq!(
        openid["token_endpoint"],
        format!("{}/token", server.issuer())
    );
    assert_eq!(openid["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(
        openid["authorization_response_iss_parameter_supported"],
        true
    );
    assert!(openid.get("revocation_endpoint").is_none());
    assert_eq!(
        post(server.at("/revoke"), &[("token", "x")]).await.status,
        404
    );
}

#[tokio::test]
async fn revocation_ends_an_access_token_alone_and_a_refresh_token_with_its_family() {
    let server = AuthorizationServer::builder()
        .client(Client::public("other"))
        .start()
        .await
        .unwrap();
    let tokens = log_in(&server).await;
    let (access, refresh_token) = (tokens.text("access_token"), tokens.text("refresh_token"));
    let revoke = async |token: &str, client: &str| {
        post(
            server.at("/revoke"),
            &[("token", token), ("client_id", client)],
        )
        .await
        .status
    };
    assert_eq!(revoke("unknown", DEFAULT_CLIENT_ID).await, 200);
    assert_eq!(revoke(&refresh_token, "other").await, 400);
    assert!(server.takes_refresh_token(&refresh_token));
    assert_eq!(revoke(&access, DEFAULT_CLIENT_ID).await, 200);
    assert!(!server.takes_access_token(&access) && server.takes_refresh_token(&refresh_token));
    let access = refresh(&server, &refresh_token).await;
    assert_eq!(
        revoke(&access.text("refresh_token"), DEFAULT_CLIENT_ID).await,
        200
    );
    assert!(!server.takes_access_token(&access.text("access_token")));
}

#[tokio::test]
async fn introspection_tells_of_good_tokens_only() {
    let server = server().await;
    let tokens = log_in(&server).await;
    let ask = async |token: &str| {
        post(
            server.at("/introspect"),
            &[("token", token), ("client_id", DEFAULT_CLIENT_ID)],
        )
        .await
        .json()
    };
    let access = ask(&tokens.text("access_token")).await;
    assert_eq!(
        (&access["active"], &access["sub"]),
        (&json!(true), &json!("user-alice"))
    );
    assert_eq!(ask(&tokens.text("refresh_token")).await["active"], true);
    server.revoke_all();
    assert_eq!(
        ask(&tokens.text("access_token")).await,
        json!({ "active": false })
    );
    let nobody = post(
        server.at("/introspect"),
        &[("token", "x"), ("client_id", "nobody")],
    )
    .await;
    assert_eq!(
        (nobody.status, nobody.text("error").as_str()),
        (401, "invalid_client")
    );
}

#[tokio::test]
async fn a_client_registers_itself_and_logs_in() {
    let server = server().await;
    let register = async |body: serde_json::Value| {
        let request = Request::post(server.at("/register").as_str())
            .header("content-type", "application/json");
        send(request, body.to_string()).await.unwrap()
    };
    let answer = register(json!({
        "client_name": "A <b>program</b>", "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/callback", "com.example.app:/callback"],
    }))
    .await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert!(answer.json().get("client_secret").is_none());
    let id = answer.text("client_id");
    let url = authorization_url(&server, &[("client_id", &id)]);
    let page = get(&url).await.body;
    assert!(
        page.contains("A &lt;b&gt;program&lt;/b&gt;") && !page.contains("<b>"),
        "{page}"
    );
    assert!(
        value(
            &response_of(&stopping_browser().visit(&url).await.unwrap()),
            "code"
        )
        .is_some()
    );

    let secret = register(json!({ "redirect_uris": ["https://app.example/cb"] })).await;
    assert_eq!(
        secret.text("token_endpoint_auth_method"),
        "client_secret_basic"
    );
    let (id, secret) = (secret.text("client_id"), secret.text("client_secret"));
    let token = post_basic(
        server.at("/token"),
        &id,
        &secret,
        &[("grant_type", "client_credentials")],
    )
    .await;
    assert_eq!(token.status, 200);

    for bad in [
        json!([]),
        json!(["javascript:alert(1)"]),
        json!(["http://app.example/cb"]),
        json!(["https://a/#x"]),
    ] {
        let answer = register(json!({ "redirect_uris": bad })).await;
        assert_eq!(answer.text("error"), "invalid_redirect_uri");
    }
}

#[tokio::test]
async fn the_echo_says_what_was_sent_but_never_the_token() {
    let server = server().await;
    let issued = server.issue(DEFAULT_CLIENT_ID, "alice", "").unwrap();
    let token = issued.access_token.expose();
    let request = Request::put(server.at("/api/echo").as_str().to_owned() + "?a=1&a=2")
        .header("authorization", format!("Bearer {token}"))
        .header("x-extra", "yes");
    let answer = send(request, "body").await.unwrap();
    let echo = answer.json();
    assert_eq!(
        (&echo["method"], &echo["body"]),
        (&json!("PUT"), &json!("body"))
    );
    assert_eq!(echo["query"], json!([["a", "1"], ["a", "2"]]));
    assert_eq!(echo["headers"]["x-extra"], "yes");
    assert!(!answer.body.contains(token));
    let bare = get(server.at("/api/echo")).await;
    assert_eq!(
        (bare.status, bare.header("www-authenticate")),
        (401, Some("Bearer realm=\"oarlock\""))
    );
}

#[tokio::test]
async fn the_server_ends_when_it_is_dropped() {
    let server = server().await;
    let address = server.address();
    drop(server);
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
