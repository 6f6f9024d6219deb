//! Client authentication, as the server reads it (RFC 6749, section 2.3).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};
use zeroize::Zeroizing;

use super::invalid;
use crate::{
    authorization::ErrorCode,
    authorization_server::error::EndpointRefusal,
    client_auth::ClientAuthentication,
    parameters::{self, Parameters},
    secret::ClientSecret,
};

/// Longest `client_id`, in bytes.
const MAX_ID: usize = 2000;

/// Who asks, and how it proves it: by one method alone (RFC 6749, section 2.3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedClient {
    /// `client_id`, from the header or the body.
    pub client_id: String,
    /// The method that was used.
    pub method: ClientAuthentication,
    /// The secret, unless the method is `none`.
    pub secret: Option<ClientSecret>,
}

impl PresentedClient {
    pub(super) fn read(headers: &HeaderMap, form: &Parameters) -> Result<Self, EndpointRefusal> {
        let (id, secret) = (form.get("client_id"), form.get("client_secret"));
        if form.get("client_assertion").is_some() || form.get("client_assertion_type").is_some() {
            return Err(invalid(
                "client_assertion is not supported; authenticate by client_secret_basic, client_secret_post or none",
            ));
        }
        let mut authorizations = headers.get_all(AUTHORIZATION).iter();
        let client = match (authorizations.next(), authorizations.next()) {
            (Some(header), None) => {
                if secret.is_some() {
                    return Err(invalid(
                        "the client authenticates twice, in the header and in the body",
                    ));
                }
                let client = Self::basic(header).ok_or_else(challenged)?;
                if id.is_some_and(|id| id != client.client_id) {
                    return Err(invalid("the header and the body name different clients"));
                }
                client
            }
            (Some(_), Some(_)) => return Err(invalid("there are two Authorization headers")),
            (None, _) => Self {
                client_id: id
                    .ok_or_else(|| invalid("client_id is missing"))?
                    .to_owned(),
                method: match secret {
                    Some(_) => ClientAuthentication::Post,
                    None => ClientAuthentication::None,
                },
                secret: secret.map(ClientSecret::new),
            },
        };
        // RFC 6749, appendix A.1.
        let is_id = client.client_id.len() <= MAX_ID
            && client
                .client_id
                .bytes()
                .all(|byte| matches!(byte, b' '..=b'~'));
        if !is_id {
            return Err(invalid("client_id is not one"));
        }
        Ok(client)
    }

    /// HTTP Basic with form-encoded id and secret (RFC 6749, section 2.3.1).
    fn basic(header: &HeaderValue) -> Option<Self> {
        let (scheme, credentials) = header.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("Basic") {
            return None;
        }
        let pair = Zeroizing::new(STANDARD.decode(credentials.trim()).ok()?);
        let (id, secret) = std::str::from_utf8(&pair).ok()?.split_once(':')?;
        let decode = |text| parameters::single_line(parameters::decode(text).ok()?).ok();
        let (id, secret) = (decode(id)?, Zeroizing::new(decode(secret)?));
        if id.is_empty() {
            return None;
        }
        Some(Self {
            client_id: id,
            method: if secret.is_empty() {
                ClientAuthentication::None
            } else {
                ClientAuthentication::Basic
            },
            secret: (!secret.is_empty()).then(|| ClientSecret::new(secret.as_str())),
        })
    }
}

/// The client tried a header that cannot be read (RFC 6749, section 5.2).
fn challenged() -> EndpointRefusal {
    EndpointRefusal {
        challenge: Some(HeaderValue::from_static("Basic realm=\"oauth\"")),
        ..EndpointRefusal::new(
            ErrorCode::InvalidClient,
            "the Authorization header must be Basic with a form-encoded client id and secret",
        )
    }
}
