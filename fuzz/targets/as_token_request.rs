#![no_main]
//! Requests to the endpoints that programs call: the first line is the `Authorization` header, the rest is the body.

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_hidden, assert_inert};
use oarlock_oauth::authorization_server::token::{EndpointRequest, RequestedGrant};
use oarlock_oauth::client_auth::ClientAuthentication;

fuzz_target!(|data: &[u8]| {
    let mut parts = data.splitn(2, |byte| *byte == b'\n');
    let (header, body) = (parts.next().unwrap_or_default(), parts.next());
    let Some(body) = body else { return };
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded"),
    );
    if !header.is_empty() {
        let Ok(header) = HeaderValue::from_bytes(header) else {
            return;
        };
        headers.insert(AUTHORIZATION, header);
    }
    let request = match EndpointRequest::read(&headers, body) {
        Ok(request) => request,
        Err(refusal) => return assert_inert(&refusal.to_string()),
    };
    let client = &request.client;
    assert!(!client.client_id.is_empty());
    assert_inert(&client.client_id);
    assert_eq!(
        client.secret.is_none(),
        client.method == ClientAuthentication::None
    );
    assert_eq!(
        headers.contains_key(AUTHORIZATION) && client.secret.is_some(),
        client.method == ClientAuthentication::Basic
    );
    if let Some(secret) = &client.secret {
        assert!(!secret.expose().is_empty() && !secret.expose().contains(['\r', '\n', '\0']));
    }
    match request.grant() {
        Ok(RequestedGrant::Code {
            code,
            redirect_uri,
            verifier,
            ..
        }) => {
            assert!(!code.expose().is_empty() && !redirect_uri.is_empty());
            assert!((43..=128).contains(&verifier.expose().len()));
            // Alone: an address beside them could be the same text by chance.
            assert_hidden(verifier.expose(), &format!("{code:?} {verifier:?}"));
        }
        Ok(RequestedGrant::Refresh { token, scopes, .. }) => {
            assert!(!token.expose().is_empty());
            assert!(scopes.is_none_or(|scopes| !scopes.is_empty()));
        }
        Ok(RequestedGrant::Device { code }) => assert!(!code.expose().is_empty()),
        Err(refusal) => assert_inert(&refusal.to_string()),
    }
    if let Ok(token) = request.token() {
        assert!(!token.expose().is_empty());
    }
    match request.device() {
        Ok(device) => device
            .resources
            .iter()
            .for_each(|resource| assert_inert(resource)),
        Err(refusal) => assert_inert(&refusal.to_string()),
    }
});
