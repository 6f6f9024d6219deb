//! Client authentication at the token endpoint (RFC 6749, section 2.3; OpenID Connect Core, section 9).

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
