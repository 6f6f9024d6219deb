//! Token revocation (RFC 7009).

use crate::{
    answer,
    authorization::ErrorCode,
    outgoing::{Fields, authenticate, post_form},
    profile::{ProfileError, ProviderProfile},
    token_error::TokenError,
};

/// Which token.
#[derive(Clone, Copy, Debug)]
pub enum TokenHint {
    /// `access_token`.
    Access,
    /// `refresh_token`.
    Refresh,
}

/// The HTTP request (section 2.1); `None` when the provider has no revocation endpoint.
///
/// Revoking the refresh token ends the access tokens of its grant too, where the server follows section 2.1.
///
/// # Errors
/// The profile lacks a client id, or a secret that its client authentication needs.
pub fn request(
    profile: &ProviderProfile,
    token: &str,
    hint: TokenHint,
) -> Result<Option<http::Request<Vec<u8>>>, ProfileError> {
    let Some(endpoint) = &profile.revocation_endpoint else {
        return Ok(None);
    };
    let mut fields = Fields::default();
    fields.push("token", token);
    fields.push(
        "token_type_hint",
        match hint {
            TokenHint::Access => "access_token",
            TokenHint::Refresh => "refresh_token",
        },
    );
    let authorization = authenticate(profile, &mut fields)?;
    let request = post_form(endpoint, &fields, authorization);
    request
        .map(Some)
        .map_err(|_| profile.unusable("revocation_endpoint", endpoint))
}

/// 200 is success, also for unknown tokens (section 2.2).
///
/// So is the error `invalid_token`, with which Google answers for a token that is dead already.
///
/// # Errors
/// The server refused (the token may still live), or is unavailable for the moment.
pub fn response(response: &http::Response<Vec<u8>>) -> Result<(), TokenError> {
    match answer::read(response) {
        Err(TokenError::Refused(error)) if error.code == ErrorCode::parse("invalid_token") => {
            Ok(())
        }
        Err(TokenError::Malformed { .. }) if response.status().is_success() => Ok(()),
        Err(error) => Err(error),
        Ok(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Endpoint;
    use crate::secret::ClientSecret;

    fn profile() -> ProviderProfile {
        ProviderProfile {
            client_id: Some("c".into()),
            revocation_endpoint: Some(Endpoint::parse("https://a.example/revoke").unwrap()),
            ..ProviderProfile::named("x")
        }
    }

    fn answered(status: u16, body: &str) -> Result<(), TokenError> {
        response(
            &http::Response::builder()
                .status(status)
                .body(body.into())
                .unwrap(),
        )
    }

    #[test]
    fn a_request_names_token_hint_and_client() {
        let request = request(&profile(), "t&1", TokenHint::Refresh)
            .unwrap()
            .unwrap();
        assert_eq!(request.method(), "POST");
        assert_eq!(request.uri(), "https://a.example/revoke");
        assert_eq!(
            request.body(),
            b"token=t%261&token_type_hint=refresh_token&client_id=c"
        );
        let confidential = ProviderProfile {
            client_secret: Some(ClientSecret::new("s")),
            ..profile()
        };
        let request = super::request(&confidential, "t", TokenHint::Access)
            .unwrap()
            .unwrap();
        assert_eq!(request.body(), b"token=t&token_type_hint=access_token");
        assert!(request.headers()["authorization"].is_sensitive());
    }

    #[test]
    fn without_an_endpoint_there_is_no_request() {
        let profile = ProviderProfile {
            revocation_endpoint: None,
            ..profile()
        };
        assert!(request(&profile, "t", TokenHint::Access).unwrap().is_none());
    }

    #[test]
    fn success_is_any_2xx_and_a_token_that_is_dead_already() {
        assert_eq!(answered(200, ""), Ok(()));
        assert_eq!(answered(200, "{}"), Ok(()));
        assert_eq!(answered(204, ""), Ok(()));
        assert_eq!(answered(400, r#"{"error":"invalid_token"}"#), Ok(()));
        assert!(matches!(
            answered(400, r#"{"error":"unsupported_token_type"}"#),
            Err(TokenError::Refused(_))
        ));
        assert!(matches!(
            answered(200, r#"{"error":"invalid_client"}"#),
            Err(TokenError::Refused(_))
        ));
        assert!(matches!(
            answered(503, ""),
            Err(TokenError::Unavailable { status: 503, .. })
        ));
        assert!(matches!(
            answered(404, "no"),
            Err(TokenError::Malformed { status: 404, .. })
        ));
        assert!(matches!(
            answered(302, ""),
            Err(TokenError::Malformed { .. })
        ));
    }
}
