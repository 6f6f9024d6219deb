//! Authorization request and response, as the server sees them (RFC 6749, section 4.1; RFC 7636; RFC 9207; RFC 8707; OpenID Connect Core, section 3.1.2).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use url::Url;

use super::{
    client::{ClientMetadata, GrantType},
    resource,
};
use crate::{
    authorization::{ErrorCode, with_query},
    endpoint::Issuer,
    parameters::{Parameters, ParametersError},
    pkce,
    scope::Scopes,
    secret::{AuthorizationCode, Nonce, State},
};

/// Longest `state`, `nonce` and `client_id`, in bytes.
const MAX_TEXT: usize = 2000;

/// A query of an authorization request that was decoded, and whose client is still to be looked up.
#[derive(Debug)]
pub struct UncheckedRequest {
    client_id: String,
    parameters: Parameters,
    resources: Vec<String>,
}

/// A request that passed every check which needs nothing but the client's metadata.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct AuthorizationRequest {
    /// Who asks.
    pub client_id: String,
    /// Where the answer goes: exactly as in the request.
    pub redirect_uri: String,
    /// What for; empty: nothing was named.
    pub scopes: Scopes,
    /// Given back as it came.
    pub state: Option<State>,
    /// For the ID token.
    pub nonce: Option<Nonce>,
    /// S256 challenge: 43 characters of base64url.
    pub code_challenge: String,
    /// Resource indicators, absolute URIs without fragment.
    pub resources: Vec<String>,
    /// Words of `prompt`.
    pub prompt: Prompt,
    /// `max_age`, in seconds.
    pub max_age: Option<u64>,
}

/// `prompt` (OpenID Connect Core, section 3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Prompt {
    /// No page may be shown.
    pub none: bool,
    /// The person signs in anew.
    pub login: bool,
    /// Consent is asked again.
    pub consent: bool,
    /// The person may choose another account.
    pub select_account: bool,
}

/// Why a request is refused, and who is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuthorizationRefusal {
    /// The person, on a page: whether the redirect URI is the client's is not known.
    Page(UntrustedRequest),
    /// The client, at its redirect URI.
    Client {
        /// Where to: with `error`, `error_description`, `state` and `iss`.
        location: Url,
        /// For logs.
        code: ErrorCode,
    },
}

/// Why no answer can be sent to the client.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum UntrustedRequest {
    /// The query cannot be read.
    #[error(transparent)]
    Parameters(#[from] ParametersError),
    /// `client_id` is missing.
    #[error("the request names no client (client_id)")]
    NoClient,
    /// The client is not known here.
    #[error("the program that asks is not known here (client_id)")]
    UnknownClient,
    /// `redirect_uri` is missing, or not one of the client's.
    #[error("the address to come back to (redirect_uri) is not one that the program registered")]
    RedirectUri,
}

impl UncheckedRequest {
    /// Decodes a query. `resource` may be there several times (RFC 8707, section 2), nothing else may.
    ///
    /// # Errors
    /// It cannot be read, or names no client.
    pub fn parse(query: &str) -> Result<Self, UntrustedRequest> {
        let (parameters, resources) = Parameters::parse_with_list(query, Some("resource"))?;
        let client_id = parameters
            .get("client_id")
            .ok_or(UntrustedRequest::NoClient)?;
        // RFC 6749, appendix A.1; it is looked up, logged and perhaps fetched.
        let is_id =
            |id: &str| id.len() <= MAX_TEXT && id.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        if !is_id(client_id) {
            return Err(UntrustedRequest::UnknownClient);
        }
        Ok(Self {
            client_id: client_id.to_owned(),
            parameters,
            resources,
        })
    }

    /// `client_id`.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// All checks, in the order that decides who is told: first `redirect_uri` (page), then the rest (client).
    ///
    /// `request`, `request_uri`, `response_type` other than `code`, `response_mode` other than `query`, a missing or other PKCE method, a challenge that is no S256 digest, a state or nonce
    /// over 2,000 bytes and a resource that is no absolute URI without fragment are refused. `known_scopes` are those the server has; others are left out
    /// (RFC 6749, section 3.3), also those that the client's metadata does not have; if none is left of those that were named, the request is refused.
    ///
    /// A refusal carries the request's state, unless that is the thing refused.
    ///
    /// # Errors
    /// See [`AuthorizationRefusal`].
    pub fn check(
        self,
        client: &ClientMetadata,
        known_scopes: &Scopes,
        issuer: &Issuer,
    ) -> Result<AuthorizationRequest, AuthorizationRefusal> {
        let redirect_uri = self.parameters.get("redirect_uri");
        let redirect_uri = redirect_uri
            .filter(|asked| client.allows_redirect(asked))
            .ok_or(AuthorizationRefusal::Page(UntrustedRequest::RedirectUri))?
            .to_owned();
        let state = self.parameters.get("state").map(State::new);
        self.read(client, known_scopes, &redirect_uri, &state)
            .map_err(|Refusal { code, description }| {
                let state = state
                    .as_ref()
                    .filter(|state| state.expose().len() <= MAX_TEXT);
                AuthorizationRefusal::Client {
                    location: with_error(&redirect_uri, (&code, description), state, issuer),
                    code,
                }
            })
    }

    /// What follows once the redirect URI is known to be the client's.
    fn read(
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

impl AuthorizationRequest {
    /// Where the browser goes with a code: `code`, `state`, `iss` (RFC 9207), beside what the redirect URI's query has.
    pub fn granted(&self, code: &AuthorizationCode, issuer: &Issuer) -> Url {
        let code = ("code", code.expose().to_owned());
        answer(&self.redirect_uri, vec![code], self.state.as_ref(), issuer)
    }

    /// Where the browser goes with an error: `error`, `error_description`, `state`, `iss`.
    pub fn refused(&self, error: &ErrorCode, description: &str, issuer: &Issuer) -> Url {
        let error = (error, description);
        with_error(&self.redirect_uri, error, self.state.as_ref(), issuer)
    }
}

/// What the client is told.
struct Refusal {
    code: ErrorCode,
    description: &'static str,
}

impl Refusal {
    fn request(description: &'static str) -> Self {
        Self {
            code: ErrorCode::InvalidRequest,
            description,
        }
    }
}

fn with_error(
    redirect_uri: &str,
    (code, description): (&ErrorCode, &str),
    state: Option<&State>,
    issuer: &Issuer,
) -> Url {
    // The characters of RFC 6749, section 4.1.2.1.
    let allowed = |c| matches!(c, ' ' | '!' | '#'..='[' | ']'..='~');
    let description = description
        .chars()
        .map(|c| if allowed(c) { c } else { '?' })
        .collect();
    let error = vec![
        ("error", code.as_str().to_owned()),
        ("error_description", description),
    ];
    answer(redirect_uri, error, state, issuer)
}

/// The redirect URI with an answer; a query of its own stays, but for names that the answer has.
fn answer(
    redirect_uri: &str,
    mut parameters: Vec<(&str, String)>,
    state: Option<&State>,
    issuer: &Issuer,
) -> Url {
    // Whatever a client registered can be parsed. If it could not, nothing would be told to anybody but this server.
    let Ok(url) = Url::parse(redirect_uri) else {
        return issuer.endpoint().url().clone();
    };
    parameters.extend(state.map(|state| ("state", state.expose().to_owned())));
    parameters.push(("iss", issuer.as_str().to_owned()));
    with_query(&url, &parameters)
}
