//! A provider profile: what is to be known of an authorization server, and where it deviates. Data, not code.

mod error;
mod redirect;
mod validate;

pub use self::{error::ProfileError, redirect::Redirect};

use crate::{
    client_auth::ClientAuthentication,
    endpoint::{Endpoint, Issuer, Origin},
    metadata::{MetadataError, ServerMetadata},
    scope::Scopes,
    secret::{AccessToken, ClientSecret},
};
use std::{collections::BTreeMap, fmt};

/// Everything a login, refresh or request needs to know of one provider.
///
/// Serialised whole into the credential, so that a refresh works without any configuration. An unknown key is an
/// error when read. `Debug` shows who and where, not the parameters, which can carry secrets.
#[derive(Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct ProviderProfile {
    /// Name in the catalogue: `[a-z0-9][a-z0-9._-]*`.
    pub name: String,
    /// Name for people.
    pub title: Option<String>,
    /// Issuer identifier; where set, missing endpoints come from its metadata.
    pub issuer: Option<Issuer>,
    /// RFC 6749, section 3.1.
    pub authorization_endpoint: Option<Endpoint>,
    /// RFC 6749, section 3.2.
    pub token_endpoint: Option<Endpoint>,
    /// RFC 8628, section 3.1.
    pub device_authorization_endpoint: Option<Endpoint>,
    /// RFC 7009.
    pub revocation_endpoint: Option<Endpoint>,
    /// OpenID Connect Core, section 5.3.
    pub userinfo_endpoint: Option<Endpoint>,
    /// RFC 7591.
    pub registration_endpoint: Option<Endpoint>,
    /// OpenID Connect Discovery.
    pub jwks_uri: Option<Endpoint>,
    /// The client id the user brought, or a registration gave.
    pub client_id: Option<String>,
    /// The client secret, where the provider wants one.
    pub client_secret: Option<ClientSecret>,
    /// How the client authenticates at the token endpoint; `None`: by what there is (a secret: what metadata says, else basic; no secret: none).
    pub client_authentication: Option<ClientAuthentication>,
    /// Asked for when the caller names none.
    pub scopes: Scopes,
    /// Between scopes in a request; default a space.
    pub scope_separator: char,
    /// Encoding of token requests.
    pub token_request_format: BodyFormat,
    /// Extra parameters of the authorization request (`access_type=offline`, `audience`, `code=true`).
    pub authorization_parameters: BTreeMap<String, String>,
    /// Extra parameters of every token request.
    pub token_parameters: BTreeMap<String, String>,
    /// Resource indicators (RFC 8707).
    pub resources: Vec<String>,
    /// Whether PKCE is sent, and whether it may be left out.
    pub pkce: Pkce,
    /// Send `state` in the code exchange too (Anthropic).
    pub state_in_token_request: bool,
    /// Leave `scope` out of refresh requests. Default true: RFC 6749, section 6 takes a missing scope as "as before".
    pub refresh_without_scope: bool,
    /// Redirect URIs.
    pub redirect: Redirect,
    /// Other names of fields in device authorization responses, canonical → provider's (`verification_uri` → `verification_url`, which is known anyway).
    pub device_aliases: BTreeMap<String, String>,
    /// JSON pointer to the object that holds the token fields (Slack: `/authed_user`).
    pub token_pointer: Option<String>,
    /// JSON pointer to a boolean that says whether a 200 is a success (Slack: `/ok`).
    pub success_pointer: Option<String>,
    /// Values of `token_type` that mean Bearer here (Slack: `user`, `bot`).
    pub token_type_aliases: Vec<String>,
    /// Environment variables holding an access token, most important first.
    pub token_variables: Vec<String>,
    /// Environment variables holding an API key, the last resort.
    pub api_key_variables: Vec<String>,
    /// Claims or userinfo fields (JSON pointers without the slash for top-level names) that name the person, first that is there.
    pub identity_claims: Vec<String>,
    /// Userinfo fields, as above, that tell people apart for good, first that is there; default `sub`, `id`. Never a name that can be changed and given to somebody else.
    pub subject_claims: Vec<String>,
    /// `prompt` by which a person signs in anew (OpenID Connect Core, section 3.1.2.1); `None`: `login`.
    pub prompt_to_sign_in: Option<String>,
    /// Origins beyond the issuer's and the userinfo endpoint's that may receive the access token.
    pub origins: Vec<Origin>,
    /// Address of the page where a client id is registered.
    pub registration_page: Option<String>,
    /// The server promises `iss` in authorization responses (RFC 9207): its absence is then refused.
    pub authorization_response_iss_parameter_supported: bool,
    /// Algorithms an ID token may be signed with; empty: RS256, ES256, EdDSA, PS256, …: every asymmetric one.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// `grant_types_supported` of metadata, for messages; empty where unknown.
    pub grant_types_supported: Vec<String>,
    /// Manual mode: this access token is used as it is (`OARLOCK_OAUTH_ACCESS_TOKEN`).
    #[serde(skip)]
    pub manual_token: Option<AccessToken>,
}

/// Encoding of a token request's body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BodyFormat {
    /// `application/x-www-form-urlencoded` (RFC 6749).
    #[default]
    Form,
    /// `application/json` (Anthropic, Atlassian).
    Json,
}

/// What the profile says of PKCE.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pkce {
    /// S256 always; metadata that lists methods without S256 is refused.
    #[default]
    Required,
    /// S256 is sent; metadata may be silent about it or deny it.
    Optional,
    /// The provider fails on PKCE parameters: none are sent.
    None,
}

impl Default for ProviderProfile {
    /// The standard: scopes by spaces, forms, PKCE S256, an ephemeral loopback port.
    fn default() -> Self {
        Self {
            name: String::new(),
            title: None,
            issuer: None,
            authorization_endpoint: None,
            token_endpoint: None,
            device_authorization_endpoint: None,
            revocation_endpoint: None,
            userinfo_endpoint: None,
            registration_endpoint: None,
            jwks_uri: None,
            client_id: None,
            client_secret: None,
            client_authentication: None,
            scopes: Scopes::default(),
            scope_separator: ' ',
            token_request_format: BodyFormat::Form,
            authorization_parameters: BTreeMap::new(),
            token_parameters: BTreeMap::new(),
            resources: Vec::new(),
            pkce: Pkce::Required,
            state_in_token_request: false,
            refresh_without_scope: true,
            redirect: Redirect::default(),
            device_aliases: BTreeMap::new(),
            token_pointer: None,
            success_pointer: None,
            token_type_aliases: Vec::new(),
            token_variables: Vec::new(),
            api_key_variables: Vec::new(),
            identity_claims: IDENTITY_CLAIMS.map(str::to_owned).to_vec(),
            subject_claims: SUBJECT_CLAIMS.map(str::to_owned).to_vec(),
            prompt_to_sign_in: None,
            origins: Vec::new(),
            registration_page: None,
            authorization_response_iss_parameter_supported: false,
            id_token_signing_alg_values_supported: Vec::new(),
            grant_types_supported: Vec::new(),
            manual_token: None,
        }
    }
}

/// What a login asks for when nobody said: who it is, and a refresh token; never what the server does not list.
fn usual_scopes(metadata: &ServerMetadata) -> Scopes {
    const USUAL: [&str; 3] = ["openid", "email", "offline_access"];
    let listed = &metadata.scopes_supported;
    if listed.is_empty() {
        // OpenID Connect Discovery, section 3: every OpenID provider has this one, and it has keys.
        return Scopes::parse(if metadata.jwks_uri.is_some() {
            "openid"
        } else {
            ""
        });
    }
    let asked: Vec<&str> = USUAL
        .into_iter()
        .filter(|scope| listed.iter().any(|known| known == scope))
        .collect();
    Scopes::parse(&asked.join(" "))
}

/// What names a person where the profile says nothing.
pub(crate) const IDENTITY_CLAIMS: [&str; 5] =
    ["email", "preferred_username", "login", "name", "sub"];

/// What tells people apart where the profile says nothing.
const SUBJECT_CLAIMS: [&str; 2] = ["sub", "id"];

impl ProviderProfile {
    /// A profile with a name and the standard's defaults.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }

    /// Fills what is missing from metadata; what the profile itself says wins. On an error nothing is changed.
    ///
    /// # Errors
    /// The metadata is for another issuer (RFC 8414, section 3.3), or lists PKCE methods without S256 where PKCE is required.
    pub fn complete(&mut self, metadata: &ServerMetadata) -> Result<(), MetadataError> {
        if let Some(expected) = self
            .issuer
            .as_ref()
            .filter(|issuer| **issuer != metadata.issuer)
        {
            return Err(MetadataError::WrongIssuer {
                expected: expected.clone(),
                found: metadata.issuer.as_str().into(),
            });
        }
        // Silence is not refused: RFC 8414 reads it as "no PKCE", but Entra and others are silent and have it.
        let methods = metadata.code_challenge_methods_supported.as_deref();
        if self.pkce == Pkce::Required
            && methods
                .is_some_and(|methods| !methods.iter().any(|method| method == crate::pkce::METHOD))
        {
            return Err(MetadataError::NoPkce);
        }
        self.issuer = Some(metadata.issuer.clone());
        let fill = |own: &mut Option<Endpoint>, found: &Option<Endpoint>| {
            if own.is_none() {
                own.clone_from(found);
            }
        };
        fill(
            &mut self.authorization_endpoint,
            &metadata.authorization_endpoint,
        );
        fill(&mut self.token_endpoint, &metadata.token_endpoint);
        fill(
            &mut self.device_authorization_endpoint,
            &metadata.device_authorization_endpoint,
        );
        fill(&mut self.revocation_endpoint, &metadata.revocation_endpoint);
        fill(&mut self.userinfo_endpoint, &metadata.userinfo_endpoint);
        fill(
            &mut self.registration_endpoint,
            &metadata.registration_endpoint,
        );
        fill(&mut self.jwks_uri, &metadata.jwks_uri);
        if self.client_authentication.is_none() && self.client_secret.is_some() {
            self.client_authentication =
                ClientAuthentication::best(&metadata.token_endpoint_auth_methods_supported);
        }
        let fill = |own: &mut Vec<String>, found: &Vec<String>| {
            if own.is_empty() {
                own.clone_from(found);
            }
        };
        fill(
            &mut self.id_token_signing_alg_values_supported,
            &metadata.id_token_signing_alg_values_supported,
        );
        fill(
            &mut self.grant_types_supported,
            &metadata.grant_types_supported,
        );
        self.authorization_response_iss_parameter_supported |=
            metadata.authorization_response_iss_parameter_supported;
        if self.scopes.is_empty() {
            self.scopes = usual_scopes(metadata);
        }
        Ok(())
    }

    /// The client id.
    ///
    /// # Errors
    /// There is none; the message names the page where one is registered, if it is known.
    pub fn client_id(&self) -> Result<&str, ProfileError> {
        self.client_id
            .as_deref()
            .filter(|id| !id.is_empty())
            .ok_or_else(|| ProfileError::NoClientId {
                name: self.name.clone(),
                registration_page: self.registration_page.clone(),
            })
    }

    /// How the client authenticates: the profile's own word; else Basic with a secret, none without.
    pub fn authentication(&self) -> ClientAuthentication {
        self.client_authentication
            .unwrap_or(match &self.client_secret {
                Some(secret) if !secret.expose().is_empty() => ClientAuthentication::Basic,
                _ => ClientAuthentication::None,
            })
    }

    /// The token endpoint.
    ///
    /// # Errors
    /// There is none; the message names the key.
    pub fn token_endpoint(&self) -> Result<&Endpoint, ProfileError> {
        self.required("token_endpoint", self.token_endpoint.as_ref())
    }

    /// The authorization endpoint.
    ///
    /// # Errors
    /// There is none; the message names the key.
    pub fn authorization_endpoint(&self) -> Result<&Endpoint, ProfileError> {
        self.required(
            "authorization_endpoint",
            self.authorization_endpoint.as_ref(),
        )
    }

    /// The device authorization endpoint.
    ///
    /// # Errors
    /// There is none; the message names the key.
    pub fn device_authorization_endpoint(&self) -> Result<&Endpoint, ProfileError> {
        self.required(
            "device_authorization_endpoint",
            self.device_authorization_endpoint.as_ref(),
        )
    }

    fn required<'a>(
        &self,
        key: &'static str,
        endpoint: Option<&'a Endpoint>,
    ) -> Result<&'a Endpoint, ProfileError> {
        endpoint.ok_or_else(|| ProfileError::NoEndpoint {
            name: self.name.clone(),
            key,
        })
    }

    /// An error for an endpoint that no HTTP request can be made to.
    pub(crate) fn unusable(&self, key: &'static str, endpoint: &Endpoint) -> ProfileError {
        let error = crate::endpoint::EndpointError::Invalid(endpoint.to_string());
        ProfileError::BadUrl {
            name: self.name.clone(),
            key,
            error,
        }
    }

    /// Every origin that may receive this provider's access token: `origins`, the issuer's, the userinfo endpoint's, resources'.
    ///
    /// A resource that is neither https nor http on loopback names no such origin.
    pub fn allowed_origins(&self) -> Vec<Origin> {
        let issuer = self.issuer.iter().map(|issuer| issuer.endpoint().origin());
        let userinfo = self.userinfo_endpoint.iter().map(Endpoint::origin);
        let resources = self
            .resources
            .iter()
            .filter_map(|resource| Endpoint::parse(resource).ok())
            .map(|endpoint| endpoint.origin());
        let mut allowed = Vec::new();
        for origin in self
            .origins
            .iter()
            .cloned()
            .chain(issuer)
            .chain(userinfo)
            .chain(resources)
        {
            if !allowed.contains(&origin) {
                allowed.push(origin);
            }
        }
        allowed
    }

    /// The endpoints with their keys.
    pub fn endpoints_mut(&mut self) -> [(&'static str, &mut Option<Endpoint>); 7] {
        [
            ("authorization_endpoint", &mut self.authorization_endpoint),
            ("token_endpoint", &mut self.token_endpoint),
            (
                "device_authorization_endpoint",
                &mut self.device_authorization_endpoint,
            ),
            ("revocation_endpoint", &mut self.revocation_endpoint),
            ("userinfo_endpoint", &mut self.userinfo_endpoint),
            ("registration_endpoint", &mut self.registration_endpoint),
            ("jwks_uri", &mut self.jwks_uri),
        ]
    }

    /// Title, else name.
    pub fn display_name(&self) -> &str {
        self.title.as_deref().unwrap_or(&self.name)
    }
}

impl fmt::Debug for ProviderProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderProfile")
            .field("name", &self.name)
            .field("issuer", &self.issuer)
            .field("authorization_endpoint", &self.authorization_endpoint)
            .field("token_endpoint", &self.token_endpoint)
            .field("client_id", &self.client_id)
            .field("scopes", &self.scopes)
            .field("pkce", &self.pkce)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
