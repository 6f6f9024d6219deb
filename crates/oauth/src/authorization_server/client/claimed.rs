//! Metadata as a stranger claims it, in a registration or a document.

use serde::{Deserialize, de::IgnoredAny};

use super::{ClientMetadata, GrantType, MAX_TEXT, default_grants, parse_page};
use crate::{
    authorization::ErrorCode,
    authorization_server::{error::EndpointRefusal, redirect_uri::RedirectUri},
    client_auth::ClientAuthentication,
    scope::Scopes,
    text::Untrusted,
};

/// Longest document, in bytes.
const MAX_LENGTH: usize = 64 * 1024;
/// Most redirect URIs.
const MAX_REDIRECT_URIS: usize = 20;
/// Longest name, in characters.
const MAX_NAME: usize = 200;

/// What is read of it. `null` is as missing.
#[derive(Deserialize)]
pub(super) struct Claimed {
    pub(super) client_id: Option<String>,
    pub(super) client_secret: Option<IgnoredAny>,
    pub(super) client_secret_expires_at: Option<IgnoredAny>,
    client_name: Option<String>,
    client_uri: Option<String>,
    redirect_uris: Option<Vec<String>>,
    grant_types: Option<Vec<String>>,
    response_types: Option<Vec<String>>,
    token_endpoint_auth_method: Option<String>,
    scope: Option<String>,
}

impl Claimed {
    pub(super) fn parse(body: &[u8]) -> Result<Self, EndpointRefusal> {
        const NONE: &str = "the body is not a JSON object with the members of RFC 7591, section 2";
        // Lists are read as structs, too.
        if body.len() > MAX_LENGTH || !body.trim_ascii_start().starts_with(b"{") {
            return Err(invalid(NONE));
        }
        // A known member that is there twice is an error.
        serde_json::from_slice(body).map_err(|_| invalid(NONE))
    }

    /// Accepts or refuses it. `default`: how it authenticates where it says nothing.
    pub(super) fn accept(
        self,
        default: ClientAuthentication,
    ) -> Result<ClientMetadata, EndpointRefusal> {
        let method = match &self.token_endpoint_auth_method {
            None => default,
            Some(name) => ClientAuthentication::parse(name).ok_or_else(|| {
                invalid("token_endpoint_auth_method can be none, client_secret_basic or client_secret_post")
            })?,
        };
        let grant_types = self.grants()?;
        let redirect_uris = self.redirects()?;
        let uses_code = grant_types.contains(&GrantType::AuthorizationCode);
        if uses_code && redirect_uris.is_empty() {
            return Err(refusal(
                "invalid_redirect_uri",
                "redirect_uris is missing: at least one, where the codes go",
            ));
        }
        let response_types = self.response_types.as_deref().unwrap_or_default();
        if uses_code
            && !response_types.is_empty()
            && !response_types.iter().any(|kind| kind == "code")
        {
            return Err(invalid("response_types can be code alone"));
        }
        let client_uri = match self.client_uri.filter(|text| !text.is_empty()) {
            None => None,
            Some(text) => Some(
                parse_page(&text)
                    .ok_or_else(|| invalid("client_uri must begin with https:// or http://"))?,
            ),
        };
        let name = self.client_name.as_deref().unwrap_or_default().trim();
        if name.chars().count() > MAX_NAME {
            return Err(invalid("client_name can have 200 characters"));
        }
        if self
            .scope
            .as_ref()
            .is_some_and(|scope| scope.len() > MAX_TEXT)
        {
            return Err(invalid("scope can have 2000 bytes"));
        }
        Ok(ClientMetadata {
            client_name: (!name.is_empty()).then(|| Untrusted::new(name)),
            client_uri,
            redirect_uris,
            grant_types,
            token_endpoint_auth_method: method,
            scope: self
                .scope
                .map(|scope| Scopes::parse(&scope))
                .filter(|scopes| !scopes.is_empty()),
        })
    }

    fn grants(&self) -> Result<Vec<GrantType>, EndpointRefusal> {
        let Some(names) = &self.grant_types else {
            return Ok(default_grants());
        };
        let mut grants = Vec::new();
        for grant in names.iter().filter_map(|name| GrantType::parse(name)) {
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        // Refresh tokens begin with another grant.
        if grants.iter().all(|grant| *grant == GrantType::RefreshToken) {
            return Err(invalid(
                "grant_types must have authorization_code or urn:ietf:params:oauth:grant-type:device_code",
            ));
        }
        if !grants.contains(&GrantType::RefreshToken) {
            grants.push(GrantType::RefreshToken);
        }
        Ok(grants)
    }

    fn redirects(&self) -> Result<Vec<RedirectUri>, EndpointRefusal> {
        let texts = self.redirect_uris.as_deref().unwrap_or_default();
        if texts.len() > MAX_REDIRECT_URIS {
            return Err(refusal("invalid_redirect_uri", "redirect_uris can be 20"));
        }
        let read = |text: &String| RedirectUri::parse(text);
        texts.iter().map(read).collect::<Result<_, _>>().map_err(|_| {
            refusal(
                "invalid_redirect_uri",
                "a redirect URI must be https, http on loopback, or a scheme of the program's own such as com.example.tool:/callback, \
                 without fragment, user name or wildcard, and written plainly (lower-case host, no . or .. in the path, no default port)",
            )
        })
    }
}

pub(super) fn invalid(description: &'static str) -> EndpointRefusal {
    refusal("invalid_client_metadata", description)
}

fn refusal(code: &str, description: &'static str) -> EndpointRefusal {
    EndpointRefusal::new(ErrorCode::parse(code), description)
}
