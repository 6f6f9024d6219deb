//! Client authentication at the token endpoint (RFC 6749, section 2.3; OpenID Connect Core, section 9).

use crate::secret::ClientSecret;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderValue;
use url::form_urlencoded::byte_serialize;
use zeroize::Zeroizing;

/// The method, under its registered name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ClientAuthentication {
    /// A public client: `client_id` in the body.
    #[serde(rename = "none")]
    None,
    /// The secret in the body.
    #[serde(rename = "client_secret_post")]
    Post,
    /// The secret by HTTP Basic, id and secret form-encoded first (RFC 6749, section 2.3.1).
    #[serde(rename = "client_secret_basic")]
    Basic,
}

impl ClientAuthentication {
    /// The registered name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Post => "client_secret_post",
            Self::Basic => "client_secret_basic",
        }
    }

    /// The method of a registered name; `None` for those that need more than a secret (`private_key_jwt`).
    pub fn parse(name: &str) -> Option<Self> {
        [Self::None, Self::Post, Self::Basic]
            .into_iter()
            .find(|method| method.as_str() == name)
    }

    /// The method for a client with a secret out of those a server lists; Basic first, which every server must
    /// have (RFC 6749, section 2.3.1).
    pub(crate) fn best(listed: &[String]) -> Option<Self> {
        [Self::Basic, Self::Post]
            .into_iter()
            .find(|method| listed.iter().any(|name| name == method.as_str()))
    }
}

/// The value of a Basic `Authorization` header.
pub(crate) fn basic(id: &str, secret: &ClientSecret) -> Option<HeaderValue> {
    let encode = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
    let pair = Zeroizing::new(format!(
        "{}:{}",
        encode(id),
        *Zeroizing::new(encode(secret.expose()))
    ));
    let value = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    HeaderValue::from_str(&value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for method in [
            ClientAuthentication::None,
            ClientAuthentication::Post,
            ClientAuthentication::Basic,
        ] {
            assert_eq!(ClientAuthentication::parse(method.as_str()), Some(method));
            assert_eq!(serde_json::to_value(method).unwrap(), method.as_str());
        }
        assert_eq!(ClientAuthentication::parse("private_key_jwt"), None);
    }
}
