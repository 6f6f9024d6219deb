//! The proxy spoils connections as it is told.
use crate::plain_client::*;
use oarlock_testkit::{
    AuthorizationServer, DEFAULT_CLIENT_ID, Endpoint, FaultProxy, ProxyFault, Server,
};
use std::{io, time::Duration};

/// A server that is reached through a proxy alone.
async fn behind() -> (Server, FaultProxy) {
    let proxy = FaultProxy::unconnected().unwrap();
    let server = AuthorizationServer::builder()
        .issuer(proxy.url().clone())
        .start()
        .await
        .unwrap();
    proxy.forward_to(server.address());
    (server, proxy)
}

async fn keys(server: &Server) -> io::Result<Answer> {
    send(http::Request::get(server.at("/jwks.json").as_str()), "").await
}

#[tokio::test]
async fn a_whole_login_goes_through() {
    let (server, proxy) = behind().await;
    assert_eq!(log_in(&server).await.status, 200);
    assert_eq!(server.issuer(), proxy.url().as_str().trim_end_matches('/'));
    assert_eq!(proxy.connections(), 3, "page, form, token");
}

#[tokio::test]
async fn a_dropped_reply_is_one_whose_request_was_processed() {
    let (server, proxy) = behind().await;
    let issued = server.issue(DEFAULT_CLIENT_ID, "alice", "read").unwrap();
    let token = issued.refresh_token.unwrap().expose().to_owned();
    proxy.set(ProxyFault::DropReplyOnce);
    assert!(try_refresh(&server, &token).await.is_err());
    assert!(!server.takes_refresh_token(&token));
    assert_eq!(
        (
            proxy.fault(),
            proxy.dropped(),
            server.count(Endpoint::Token)
        ),
        (ProxyFault::Pass, 1, 1)
    );
    assert_eq!(
        refresh(&server, &token).await.text("error"),
        "invalid_grant"
    );
}

#[tokio::test]
async fn replies_are_cut_and_connections_reset() {
    let (server, proxy) = behind().await;
    proxy.set(ProxyFault::CutReplyAfter(100));
    assert!(keys(&server).await.is_err());
    assert_eq!(server.count(Endpoint::Jwks), 1);
    proxy.set(ProxyFault::CutReplyAfter(0));
    assert!(keys(&server).await.is_err());
    proxy.set(ProxyFault::CutReplyAfter(1_000_000));
    assert_eq!(keys(&server).await.unwrap().status, 200);
    proxy.set(ProxyFault::Reset);
    let before = server.count(Endpoint::Jwks);
    assert!(keys(&server).await.is_err());
    assert_eq!(server.count(Endpoint::Jwks), before);
    assert_eq!(proxy.connections(), 4);
}

#[tokio::test]
async fn a_stalled_reply_comes_when_the_stall_ends() {
    let (server, proxy) = behind().await;
    proxy.set(ProxyFault::Stall);
    let (answer, ()) = tokio::join!(keys(&server), async {
        while server.count(Endpoint::Jwks) == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        proxy.set(ProxyFault::Pass);
    });
    assert_eq!(answer.unwrap().status, 200);
    proxy.set(ProxyFault::Stall);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), keys(&server))
            .await
            .is_err()
    );
    assert_eq!(server.count(Endpoint::Jwks), 2, "the request went through");
}

#[tokio::test]
async fn a_black_hole_swallows_the_request_until_it_ends() {
    let (server, proxy) = behind().await;
    proxy.set(ProxyFault::BlackHole);
    assert!(
        tokio::time::timeout(Duration::from_millis(200), keys(&server))
            .await
            .is_err()
    );
    assert_eq!((server.count(Endpoint::Jwks), proxy.connections()), (0, 1));
    let (answer, ()) = tokio::join!(keys(&server), async {
        while proxy.connections() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        proxy.set(ProxyFault::Pass);
    });
    assert_eq!(answer.unwrap().status, 200);
}

#[tokio::test]
async fn a_delayed_reply_is_late() {
    let (server, proxy) = behind().await;
    proxy.set(ProxyFault::Delay(Duration::from_secs(1)));
    assert!(
        tokio::time::timeout(Duration::from_millis(900), keys(&server))
            .await
            .is_err()
    );
    proxy.set(ProxyFault::Delay(Duration::from_millis(1)));
    assert_eq!(keys(&server).await.unwrap().status, 200);
}

#[tokio::test]
async fn without_an_upstream_connections_are_closed() {
    let proxy = FaultProxy::unconnected().unwrap();
    let request = http::Request::get(proxy.url().as_str());
    assert!(send(request, "").await.is_err());
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn names_of_faults_are_read() {
    assert_eq!(
        "cut-reply-after=12".parse(),
        Ok(ProxyFault::CutReplyAfter(12))
    );
    assert_eq!(
        "delay=5".parse(),
        Ok(ProxyFault::Delay(Duration::from_millis(5)))
    );
    assert!("delay=soon".parse::<ProxyFault>().is_err());
    assert!(
        "hole"
            .parse::<ProxyFault>()
            .unwrap_err()
            .contains("black-hole")
    );
}
