//! What the server says of itself (RFC 8414, section 2; OpenID Connect Discovery, section 3).

use serde_json::{Value, json};

use crate::{endpoint::Issuer, pkce, scope::Scopes};

use super::client::GrantType;

/// Member with the client id that needs no registration: the built-in client for programs, such as Oarlock's own.
pub const CLIENT_ID: &str = "oarlock_client_id";
/// Member with the address of the page that shows a code to be pasted; a redirect URI of that client.
pub const CODE_PAGE: &str = "oarlock_code_page";

/// What differs from server to server.
#[derive(Clone, Debug)]
pub struct Offer {
    /// Whose.
    pub issuer: Issuer,
    /// Scopes that can be had.
    pub scopes: Scopes,
    /// `ES256`, `EdDSA` or both: of every key that signs now or soon.
    pub algorithms: Vec<&'static str>,
    /// Whether clients may register.
    pub registration: bool,
    /// Whether a client id may be the address of its metadata.
    pub metadata_documents: bool,
    /// The built-in client.
    pub client_id: String,
}

/// What a person's claims can be, beside those of every ID token.
const CLAIMS: &[&str] = &[
    "sub",
    "iss",
    "aud",
    "azp",
    "exp",
    "iat",
    "auth_time",
    "nonce",
    "at_hash",
    "sid",
    "name",
    "preferred_username",
    "email",
    "email_verified",
];

impl Offer {
    /// The document, the same for both well-known addresses.
    ///
    /// Beside RFC 8414 and OpenID Connect Discovery: RFC 7009, 7662 and 8628 (their endpoints), RFC 9207 (`iss`),
    /// draft-ietf-oauth-client-id-metadata-document, and OpenID Connect's `prompt_values_supported`.
    pub fn document(&self) -> Value {
        let base = self.issuer.as_str().trim_end_matches('/');
        let at = |path: &str| format!("{base}{path}");
        let methods = ["none", "client_secret_basic", "client_secret_post"];
        let grants = [
            GrantType::AuthorizationCode,
            GrantType::RefreshToken,
            GrantType::DeviceCode,
        ];
        let mut document = json!({
            "issuer": self.issuer.as_str(),
            "authorization_endpoint": at("/authorize"),
            "token_endpoint": at("/token"),
            "device_authorization_endpoint": at("/device_authorization"),
            "revocation_endpoint": at("/revoke"),
            "introspection_endpoint": at("/introspect"),
            "userinfo_endpoint": at("/userinfo"),
            "jwks_uri": at("/jwks.json"),
            "scopes_supported": self.scopes.iter().collect::<Vec<_>>(),
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "grant_types_supported": grants,
            "code_challenge_methods_supported": [pkce::METHOD],
            "token_endpoint_auth_methods_supported": methods,
            "revocation_endpoint_auth_methods_supported": methods,
            "introspection_endpoint_auth_methods_supported": methods,
            "authorization_response_iss_parameter_supported": true,
            "client_id_metadata_document_supported": self.metadata_documents,
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": self.algorithms,
            "claim_types_supported": ["normal"],
            "claims_supported": CLAIMS,
            "prompt_values_supported": ["none", "login", "consent", "select_account"],
            "claims_parameter_supported": false,
            "request_parameter_supported": false,
            // True where it is not said (OpenID Connect Discovery, section 3).
            "request_uri_parameter_supported": false,
            CLIENT_ID: self.client_id,
            CODE_PAGE: at("/code"),
        });
        if let Some(members) = document.as_object_mut().filter(|_| self.registration) {
            members.insert("registration_endpoint".into(), at("/register").into());
        }
        document
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{metadata, profile::ProviderProfile};

    fn offer(issuer: &str) -> Offer {
        Offer {
            issuer: Issuer::parse(issuer).unwrap(),
            scopes: Scopes::parse("openid profile email offline_access deploy"),
            algorithms: vec!["ES256"],
            registration: true,
            metadata_documents: true,
            client_id: "oarlock".into(),
        }
    }

    fn read(offer: &Offer) -> metadata::ServerMetadata {
        let answer = http::Response::new(offer.document().to_string().into_bytes());
        metadata::response(&offer.issuer, &answer).unwrap()
    }

    #[test]
    fn our_own_client_finds_everything_in_it() {
        let found = read(&offer("https://login.example"));
        let at = |endpoint: &Option<crate::endpoint::Endpoint>| {
            endpoint.as_ref().unwrap().url().to_string()
        };
        assert_eq!(
            at(&found.authorization_endpoint),
            "https://login.example/authorize"
        );
        assert_eq!(at(&found.token_endpoint), "https://login.example/token");
        assert_eq!(
            at(&found.device_authorization_endpoint),
            "https://login.example/device_authorization"
        );
        assert_eq!(
            at(&found.revocation_endpoint),
            "https://login.example/revoke"
        );
        assert_eq!(
            at(&found.introspection_endpoint),
            "https://login.example/introspect"
        );
        assert_eq!(
            at(&found.userinfo_endpoint),
            "https://login.example/userinfo"
        );
        assert_eq!(
            at(&found.registration_endpoint),
            "https://login.example/register"
        );
        assert_eq!(at(&found.jwks_uri), "https://login.example/jwks.json");
        assert_eq!(at(&found.oarlock_code_page), "https://login.example/code");
        assert_eq!(found.oarlock_client_id.as_deref(), Some("oarlock"));
        assert!(found.authorization_response_iss_parameter_supported);
        assert_eq!(
            found.code_challenge_methods_supported.as_deref(),
            Some(&["S256".to_owned()][..])
        );
        assert_eq!(found.grant_types_supported.len(), 3);
        let mut profile = ProviderProfile::named("x");
        profile.client_id = Some("c".into());
        profile.complete(&found).unwrap();
    }

    #[test]
    fn an_issuer_with_a_slash_or_a_path_has_its_endpoints_below() {
        for (issuer, token) in [
            ("https://login.example/", "https://login.example/token"),
            (
                "https://example.com/login",
                "https://example.com/login/token",
            ),
            ("http://127.0.0.1:5001", "http://127.0.0.1:5001/token"),
        ] {
            let document = offer(issuer).document();
            assert_eq!(
                (
                    document["issuer"].as_str(),
                    document["token_endpoint"].as_str()
                ),
                (Some(issuer), Some(token))
            );
            read(&offer(issuer));
        }
    }

    #[test]
    fn what_there_is_not_is_not_offered() {
        let mut offer = offer("https://login.example");
        (offer.registration, offer.metadata_documents) = (false, false);
        let document = offer.document();
        assert!(document.get("registration_endpoint").is_none());
        assert_eq!(document["client_id_metadata_document_supported"], false);
        assert_eq!(document["request_uri_parameter_supported"], false);
        assert_eq!(document["response_types_supported"], json!(["code"]));
        assert_eq!(
            document["code_challenge_methods_supported"],
            json!(["S256"])
        );
    }
}
