//! Authorization server metadata (RFC 8414) and OpenID Discovery.

use crate::{
    endpoint::{Endpoint, Issuer},
    text::Untrusted,
};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// What clients need of it (RFC 8414, section 2). Unknown members are ignored, `null` is as missing; endpoints with
/// unusable URLs are errors, so that no login is sent to plain http.
#[derive(Clone, Debug, serde::Deserialize)]
#[non_exhaustive]
pub struct ServerMetadata {
    /// Who it is for.
    pub issuer: Issuer,
    /// RFC 6749, section 3.1.
    pub authorization_endpoint: Option<Endpoint>,
    /// RFC 6749, section 3.2.
    pub token_endpoint: Option<Endpoint>,
    /// RFC 8628, section 4.
    pub device_authorization_endpoint: Option<Endpoint>,
    /// RFC 7009.
    pub revocation_endpoint: Option<Endpoint>,
    /// RFC 7662.
    pub introspection_endpoint: Option<Endpoint>,
    /// OpenID Connect Core, section 5.3.
    pub userinfo_endpoint: Option<Endpoint>,
    /// RFC 7591.
    pub registration_endpoint: Option<Endpoint>,
    /// Where the keys are (RFC 7517).
    pub jwks_uri: Option<Endpoint>,
    /// Scopes; empty where unknown.
    #[serde(default, deserialize_with = "or_default")]
    pub scopes_supported: Vec<String>,
    /// Grant types; empty where unknown.
    #[serde(default, deserialize_with = "or_default")]
    pub grant_types_supported: Vec<String>,
    /// Client authentication at the token endpoint; empty where unknown.
    #[serde(default, deserialize_with = "or_default")]
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// PKCE methods; `None` where the server says nothing.
    pub code_challenge_methods_supported: Option<Vec<String>>,
    /// Algorithms of ID tokens; empty where unknown.
    #[serde(default, deserialize_with = "or_default")]
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// Whether `iss` is in every authorization response (RFC 9207, section 3).
    #[serde(default, deserialize_with = "or_default")]
    pub authorization_response_iss_parameter_supported: bool,
    /// An Oarlock broker's client for programs, which needs no registration.
    pub oarlock_client_id: Option<String>,
    /// Its page that shows a code to be pasted, a redirect URI of that client.
    pub oarlock_code_page: Option<Endpoint>,
}

/// Several servers write `null` for what they do not have.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// Why metadata is refused.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataError {
    /// Any status but success, or a page instead of JSON: try the next well-known URL.
    #[error("there is no metadata (HTTP {0})")]
    NotFound(u16),
    /// Not JSON, or not metadata. The text is inert.
    #[error("the metadata is malformed: {0}")]
    Malformed(String),
    /// Another issuer (RFC 8414, section 3.3).
    #[error("the metadata is for issuer {found}, not for {expected}{}", advice(.expected, .found))]
    WrongIssuer {
        /// Asked for.
        expected: Issuer,
        /// Found.
        found: Untrusted,
    },
    /// There is no key set where it should be.
    #[error("the keys answer with HTTP {0}")]
    NoKeys(u16),
    /// PKCE methods are listed, S256 is not among them.
    #[error("the server does not support PKCE S256")]
    NoPkce,
}

impl MetadataError {
    /// Whether it may be gone in a moment: a server error, or too many requests.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::NotFound(500..=599 | 429 | 408) | Self::NoKeys(500..=599 | 429 | 408)
        )
    }
}

/// Reads a metadata answer and compares its issuer exactly (RFC 8414, section 3.3).
///
/// # Errors
/// There is none here, it cannot be read, or it is for another issuer: a mix-up, or a mere difference of a slash,
/// in which case the message says which issuer to use.
pub fn response(
    expected: &Issuer,
    response: &http::Response<Vec<u8>>,
) -> Result<ServerMetadata, MetadataError> {
    let status = response.status();
    let body = response.body();
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    // Single-page applications answer every path with 200 and a page.
    if !status.is_success() || !body.trim_ascii_start().starts_with(b"{") {
        return Err(MetadataError::NotFound(status.as_u16()));
    }
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(malformed)?;
    match members.get("issuer") {
        Some(Value::String(found)) if found == expected.as_str() => {}
        Some(Value::String(found)) => {
            return Err(MetadataError::WrongIssuer {
                expected: expected.clone(),
                found: Untrusted::new(found),
            });
        }
        _ => return Err(MetadataError::Malformed("issuer is missing".into())),
    }
    // By member, so that the message names the one that is wrong.
    let mut found: ServerMetadata =
        serde_json::from_value(Value::Object(members)).map_err(malformed)?;
    // RFC 6749, appendix A.1; it is shown to people, too.
    found
        .oarlock_client_id
        .take_if(|id| id.is_empty() || !id.bytes().all(|byte| matches!(byte, b'!'..=b'~')));
    let origin = expected.endpoint().origin();
    found
        .oarlock_code_page
        .take_if(|page| page.origin() != origin);
    Ok(found)
}

fn malformed(error: serde_json::Error) -> MetadataError {
    MetadataError::Malformed(Untrusted::new(error.to_string()).to_string())
}

/// A hint where the two issuers are the same but for a slash or letter case.
fn advice(expected: &Issuer, found: &Untrusted) -> String {
    let plain = |issuer: &str| issuer.trim_end_matches('/').to_ascii_lowercase();
    let same = plain(expected.as_str()) == plain(found.raw());
    if same {
        format!("; use {found}, exactly as written")
    } else {
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(
        issuer: &str,
        status: u16,
        body: impl Into<Vec<u8>>,
    ) -> Result<ServerMetadata, MetadataError> {
        let answer = http::Response::builder()
            .status(status)
            .body(body.into())
            .unwrap();
        response(&Issuer::parse(issuer).unwrap(), &answer)
    }

    #[test]
    fn a_metadata_document_is_read() {
        let found = read(
            "https://a.example",
            200,
            r#"{"issuer":"https://a.example","token_endpoint":"https://a.example/token","scopes_supported":null,
                "code_challenge_methods_supported":["S256"],"userinfo_endpoint":null,"x":{"y":[1]},
                "authorization_response_iss_parameter_supported":true}"#,
        )
        .unwrap();
        assert_eq!(
            found.token_endpoint.unwrap().url().as_str(),
            "https://a.example/token"
        );
        assert!(found.userinfo_endpoint.is_none() && found.scopes_supported.is_empty());
        assert_eq!(found.code_challenge_methods_supported.unwrap(), ["S256"]);
        assert!(found.authorization_response_iss_parameter_supported);
    }

    #[test]
    fn hostile_12_another_issuer_is_refused_even_if_only_written_otherwise() {
        for (asked, found) in [
            ("https://a.example", "https://evil.example"),
            ("https://a.example", "https://a.example/"),
            ("https://a.example/", "https://a.example"),
            ("https://a.example", "HTTPS://a.example"),
            ("https://a.example", "https://a.example:443"),
            ("https://a.example/x", "https://a.example/%78"),
        ] {
            let error = read(asked, 200, format!(r#"{{"issuer":"{found}"}}"#)).unwrap_err();
            assert!(
                matches!(error, MetadataError::WrongIssuer { .. }),
                "{asked} {found}"
            );
        }
        let error = read(
            "https://a.example",
            200,
            r#"{"issuer":"https://a.example/"}"#,
        )
        .unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("; use https://a.example/, exactly as written"),
            "{error}"
        );
        let error = read(
            "https://a.example",
            200,
            r#"{"issuer":"https://evil.example"}"#,
        )
        .unwrap_err();
        assert!(!error.to_string().contains("use "), "{error}");
        assert!(matches!(
            read("https://a.example", 200, "{}"),
            Err(MetadataError::Malformed(_))
        ));
        assert!(matches!(
            read(
                "https://a.example",
                200,
                r#"{"issuer":["https://a.example"]}"#
            ),
            Err(MetadataError::Malformed(_))
        ));
    }

    #[test]
    fn hostile_07_endpoints_that_are_no_safe_urls_are_refused() {
        for url in [
            "http://a.example/token",
            "javascript:alert(1)",
            "https://u@a.example/",
            "//a.example",
            "-x",
        ] {
            let body = format!(r#"{{"issuer":"https://a.example","token_endpoint":"{url}"}}"#);
            assert!(
                matches!(
                    read("https://a.example", 200, body),
                    Err(MetadataError::Malformed(_))
                ),
                "{url}"
            );
        }
        assert!(
            read(
                "http://127.0.0.1:1",
                200,
                r#"{"issuer":"http://127.0.0.1:1","token_endpoint":"http://127.0.0.1:1/t"}"#
            )
            .is_ok()
        );
    }

    #[test]
    fn hostile_07_a_code_page_elsewhere_is_ignored() {
        let members = |id: &str, page: &str| {
            let body = format!(
                r#"{{"issuer":"https://a.example/x","oarlock_client_id":{id},"oarlock_code_page":{page}}}"#
            );
            read("https://a.example/x", 200, body)
        };
        let found = members("\"oarlock\"", "\"https://a.example/code\"").unwrap();
        assert_eq!(found.oarlock_client_id.as_deref(), Some("oarlock"));
        assert_eq!(
            found.oarlock_code_page.unwrap().url().as_str(),
            "https://a.example/code"
        );
        for page in [
            "https://evil.example/code",
            "https://a.example:8443/code",
            "https://a.example.evil.example/code",
            "http://127.0.0.1/code",
        ] {
            let found = members("\"oarlock\"", &format!("\"{page}\"")).unwrap();
            assert!(found.oarlock_code_page.is_none(), "{page}");
        }
        for id in [
            "null",
            "\"\"",
            "\"a\\u001b[2J\"",
            "\"a\\u202eb\"",
            "\"a b\"",
        ] {
            let found = members(id, "null").unwrap();
            assert!(
                found.oarlock_client_id.is_none() && found.oarlock_code_page.is_none(),
                "{id}"
            );
        }
    }

    #[test]
    fn pages_and_errors_mean_try_the_next_place() {
        assert_eq!(
            read("https://a.example", 404, "").unwrap_err(),
            MetadataError::NotFound(404)
        );
        assert_eq!(
            read("https://a.example", 503, "{}").unwrap_err(),
            MetadataError::NotFound(503)
        );
        assert_eq!(
            read("https://a.example", 200, "<!doctype html>").unwrap_err(),
            MetadataError::NotFound(200)
        );
        assert!(matches!(
            read("https://a.example", 200, "{\"issuer\":"),
            Err(MetadataError::Malformed(_))
        ));
    }

    #[test]
    fn hostile_06_messages_are_inert() {
        let error = read("https://a.example", 200, r#"{"issuer":"\u001b[2J\u202e"}"#).unwrap_err();
        assert!(!error.to_string().contains(['\u{1b}', '\u{202e}']));
        let error = read(
            "https://a.example",
            200,
            r#"{"issuer":"https://a.example","jwks_uri":"x\u001b[2J"}"#,
        )
        .unwrap_err();
        assert!(!error.to_string().contains('\u{1b}'));
    }

    proptest! {
        #[test]
        fn never_panics(body in prop::collection::vec(any::<u8>(), 0..300), json in "\\{\"issuer\":\"https://a.example\",\"[a-z_]*\":[\\[\\]{}a-z0-9\",:]*\\}") {
            drop(read("https://a.example", 200, body));
            drop(read("https://a.example", 200, json));
        }
    }
}
