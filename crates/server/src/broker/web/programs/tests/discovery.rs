//! Documents, methods, pages elsewhere.

use super::scene::Scene;
use http::{Method, StatusCode, header};

const METADATA: [&str; 2] = [
    "/.well-known/openid-configuration",
    "/.well-known/oauth-authorization-server",
];

#[tokio::test]
async fn metadata_is_the_same_at_both_places_and_can_be_kept() {
    let scene = Scene::new().await;
    let mut bodies = Vec::new();
    for path in METADATA {
        let reply = scene.get(path).await;
        assert_eq!(reply.status, StatusCode::OK);
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert_eq!(reply.text("issuer"), "http://127.0.0.1:5001");
        assert_eq!(reply.text("oarlock_client_id"), "oarlock");
        let tag = reply.header("etag").unwrap();
        let again = scene.ask_with(path, header::IF_NONE_MATCH, tag).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        assert_eq!(again.body, "");
        let weak = format!("\"x\", W/{tag}");
        let again = scene.ask_with(path, header::IF_NONE_MATCH, &weak).await;
        assert_eq!(again.status, StatusCode::NOT_MODIFIED);
        bodies.push(reply.body);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn keys_change_and_their_tag_with_them() {
    let scene = Scene::new().await;
    let reply = scene.get("/jwks.json").await;
    assert_eq!(reply.json()["keys"][0]["alg"], "ES256");
    let tag = reply.header("etag").unwrap();
    scene.broker.parts().keyring.rotate(false).await.unwrap();
    let reply = scene
        .ask_with("/jwks.json", header::IF_NONE_MATCH, tag)
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    assert_eq!(reply.json()["keys"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn every_endpoint_of_the_metadata_is_there() {
    let scene = Scene::new().await;
    let metadata = scene.get(METADATA[0]).await.json();
    let members = metadata.as_object().unwrap();
    let urls = members
        .iter()
        .filter(|(name, _)| name.ends_with("_endpoint") || *name == "jwks_uri");
    for (name, url) in urls {
        let path = url.as_str().unwrap();
        let path = path.strip_prefix("http://127.0.0.1:5001").unwrap();
        let reply = scene.method(Method::PATCH, path).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{name}");
        assert!(reply.header("allow").is_some(), "{name}");
    }
}

#[tokio::test]
async fn pages_elsewhere_may_ask_without_cookies() {
    let scene = Scene::new().await;
    for path in
        METADATA
            .into_iter()
            .chain(["/jwks.json", "/token", "/userinfo", "/register", "/revoke"])
    {
        let reply = scene.method(Method::OPTIONS, path).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), Some("*"));
        assert!(
            reply
                .header("access-control-allow-headers")
                .is_some_and(|names| names.contains("authorization"))
        );
        assert!(reply.header("access-control-allow-credentials").is_none());
    }
    for path in [
        "/introspect",
        "/device_authorization",
        "/cli_login",
        "/secured",
    ] {
        let reply = scene.method(Method::OPTIONS, path).await;
        assert_eq!(reply.status, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    let reply = scene.get("/token?paircode=k7qGd0sX9bVtRzL2mPwYcA").await;
    assert!(reply.header("access-control-allow-origin").is_none());
}

#[tokio::test]
async fn other_methods_are_told_which_there_are() {
    let scene = Scene::new().await;
    for path in ["/token", "/revoke", "/register", "/userinfo", "/jwks.json"] {
        let reply = scene.method(Method::DELETE, path).await;
        reply.is_refused(405, "invalid_request");
        assert!(reply.header("allow").is_some(), "{path}");
    }
}
