//! The client that is always there.

use oarlock_oauth::{
    authorization_server::{
        client::{ClientMetadata, GrantType},
        redirect_uri::RedirectUri,
    },
    client_auth::ClientAuthentication,
};
use url::Url;

use super::{BUILT_IN, Client, ClientOrigin};

/// Redirect URIs of a program on the person's own machine; their port may be any.
const LOOPBACK: [&str; 3] = [
    "http://127.0.0.1/callback",
    "http://[::1]/callback",
    "http://localhost/callback",
];

/// A public native client: loopback, the page that shows a code to be pasted, the device grant.
pub(super) fn client(public_url: &Url) -> Client {
    let code_page = public_url.join("code").map(String::from).ok();
    let redirect_uris = LOOPBACK
        .into_iter()
        .chain(code_page.as_deref())
        .filter_map(|text| RedirectUri::parse(text).ok())
        .collect();
    Client {
        id: BUILT_IN.to_owned(),
        metadata: ClientMetadata {
            client_name: Some("Oarlock".into()),
            client_uri: None,
            redirect_uris,
            grant_types: vec![
                GrantType::AuthorizationCode,
                GrantType::RefreshToken,
                GrantType::DeviceCode,
            ],
            token_endpoint_auth_method: ClientAuthentication::None,
            scope: None,
        },
        secret: None,
        origin: ClientOrigin::BuiltIn,
    }
}
