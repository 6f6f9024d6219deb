//! What is checked once the redirect URI is known to be the client's, so that the client can be told.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::{AuthorizationRequest, MAX_TEXT, Prompt, UncheckedRequest};
use crate::{
    authorization::ErrorCode,
    authorization_server::{
        client::{ClientMetadata, GrantType},
        resource,
    },
    pkce,
    scope::Scopes,
    secret::{Nonce, State},
};

/// What the client is told.
pub(super) struct Refusal {
    pub(super) code: ErrorCode,
    pub(super) description: &'static str,
}

impl Refusal {
    fn request(description: &'static str) -> Self {
        Self {
            code: ErrorCode::InvalidRequest,
            description,
        }
    }
}

impl UncheckedRequest {
    /// What follows once the redirect URI is known to be the client's.
    pub(super) fn read(
        &self,
        client: &ClientMetadata,
        known_scopes: &Scopes,
        redirect_uri: &str,
        state: &Option<State>,
    ) -> Result<AuthorizationRequest, Refusal> {
        self.check_length("state", "state is longer than 2000 bytes")?;
        self.check_length("nonce", "nonce is longer than 2000 bytes")?;
        self.check_kind(client)?;
        Ok(AuthorizationRequest {
            client_id: self.client_id.clone(),
            redirect_uri: redirect_uri.to_owned(),
            scopes: self.scopes(client, known_scopes)?,
            state: state.clone(),
            nonce: self.parameters.get("nonce").map(Nonce::new),
            code_challenge: self.code_challenge()?,
            resources: resource::read(&self.resources).ok_or(Refusal {
                code: ErrorCode::InvalidTarget,
                description: resource::NONE,
            })?,
            prompt: self.prompt()?,
            max_age: self.max_age()?,
        })
    }

    fn check_length(&self, name: &str, description: &'static str) -> Result<(), Refusal> {
        match self.parameters.get(name) {
            Some(text) if text.len() > MAX_TEXT => Err(Refusal::request(description)),
            _ => Ok(()),
        }
    }

    /// Whether it is a request of the one kind that there is, from a client that may make it.
    fn check_kind(&self, client: &ClientMetadata) -> Result<(), Refusal> {
        // OpenID Connect Core, section 3.1.2.6. To ignore them would be to answer another request than the one that was signed.
        for (name, code) in [
            ("request", "request_not_supported"),
            ("request_uri", "request_uri_not_supported"),
        ] {
            if self.parameters.get(name).is_some() {
                return Err(Refusal {
                    code: ErrorCode::parse(code),
                    description: "request objects are not supported; send the parameters themselves",
                });
            }
        }
        match self.parameters.get("response_type") {
            Some("code") => {}
            None => return Err(Refusal::request("response_type is missing; it is code")),
            Some(_) => {
                return Err(Refusal {
                    code: ErrorCode::UnsupportedResponseType,
                    description: "response_type can be code alone",
                });
            }
        }
        if !matches!(self.parameters.get("response_mode"), None | Some("query")) {
            return Err(Refusal::request("response_mode can be query alone"));
        }
        if !client.uses(GrantType::AuthorizationCode) {
            return Err(Refusal {
                code: ErrorCode::UnauthorizedClient,
                description: "this client may not use authorization codes (grant_types)",
            });
        }
        Ok(())
    }

    /// RFC 7636, section 4.3: without a method it would be `plain`.
    fn code_challenge(&self) -> Result<String, Refusal> {
        let challenge = self
            .parameters
            .get("code_challenge")
            .ok_or(Refusal::request(
                "code_challenge is missing: PKCE with S256 is required",
            ))?;
        if self.parameters.get("code_challenge_method") != Some(pkce::METHOD) {
            return Err(Refusal::request("code_challenge_method must be S256"));
        }
        // Refuses padding, the other alphabet and left-over bits.
        let digest = URL_SAFE_NO_PAD.decode(challenge).unwrap_or_default();
        if digest.len() != 32 {
            return Err(Refusal::request(
                "code_challenge must be the base64url of a SHA-256, 43 characters",
            ));
        }
        Ok(challenge.to_owned())
    }

    fn scopes(&self, client: &ClientMetadata, known: &Scopes) -> Result<Scopes, Refusal> {
        let Some(asked) = self.parameters.get("scope") else {
            return Ok(Scopes::default());
        };
        let can_be_had = |scope: &&str| {
            let allowed = client
                .scope
                .as_ref()
                .is_none_or(|scopes| scopes.contains(scope));
            allowed && known.contains(scope)
        };
        let scopes: Scopes = Scopes::parse(asked).iter().filter(can_be_had).collect();
        // Nothing left is not the same as nothing asked for, which may mean a default.
        if scopes.is_empty() {
            return Err(Refusal {
                code: ErrorCode::InvalidScope,
                description: "none of these scopes can be had here by this client",
            });
        }
        Ok(scopes)
    }

    fn prompt(&self) -> Result<Prompt, Refusal> {
        let mut prompt = Prompt::default();
        let mut count = 0;
        let words = self.parameters.get("prompt").unwrap_or_default().split(' ');
        for word in words.filter(|word| !word.is_empty()) {
            let known = match word {
                "none" => &mut prompt.none,
                "login" => &mut prompt.login,
                "consent" => &mut prompt.consent,
                "select_account" => &mut prompt.select_account,
                _ => {
                    return Err(Refusal::request(
                        "prompt can be none, login, consent, select_account",
                    ));
                }
            };
            *known = true;
            count += 1;
        }
        if prompt.none && count > 1 {
            return Err(Refusal::request("prompt cannot be none and something else"));
        }
        Ok(prompt)
    }

    fn max_age(&self) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.parameters.get("max_age") else {
            return Ok(None);
        };
        // `parse` alone would take a sign.
        let age = text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse());
        match age {
            Some(Ok(age)) => Ok(Some(age)),
            _ => Err(Refusal::request("max_age must be a number of seconds")),
        }
    }
}
