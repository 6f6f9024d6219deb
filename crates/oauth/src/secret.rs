//! Secrets as types: `Debug` is redacted, there is no `Display`, memory is wiped on drop.
//!
//! Two values are compared in constant time. `serde` reads and writes them as plain strings, because a
//! credential file has to hold them; nothing else may.

use crate::Random;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, ZeroizeOnDrop};

macro_rules! secret {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps a value.
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The value itself; every call is a place to look at.
            pub fn expose(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }

        impl PartialEq for $name {
            /// In constant time for values of one length; the length itself is no secret.
            fn eq(&self, other: &Self) -> bool {
                self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
            }
        }

        impl Eq for $name {}

        impl Drop for $name {
            fn drop(&mut self) {
                self.0.zeroize();
            }
        }

        impl ZeroizeOnDrop for $name {}
    )*};
}

secret! {
    /// An access token (RFC 6749, section 1.4).
    AccessToken;
    /// A refresh token (RFC 6749, section 1.5).
    RefreshToken;
    /// An ID token (OpenID Connect Core, section 2).
    IdToken;
    /// A client secret (RFC 6749, section 2.3.1).
    ClientSecret;
    /// An authorization code (RFC 6749, section 1.3.1).
    AuthorizationCode;
    /// A code verifier (RFC 7636, section 4.1).
    CodeVerifier;
    /// A `state` value (RFC 6749, section 10.12).
    State;
    /// A `nonce` (OpenID Connect Core, section 3.1.2.1).
    Nonce;
    /// A device code (RFC 8628, section 3.2).
    DeviceCode;
    /// A registration access token (RFC 7592).
    RegistrationAccessToken;
    /// What makes a relay's registration its program's own (docs/relay-protocol.md).
    OwnerSecret;
    /// A bearer token for the relay (RFC 6750).
    RelayToken;
    /// The secret by which a program of the broker's older face fetches its login.
    Paircode;
    /// What a browser holds in a cookie.
    CookieSecret;
    /// What binds a form to the browser it was sent to.
    FormToken;
}

macro_rules! from_random {
    ($($name:ident)*) => {$(
        impl $name {
            /// 256 random bits as base64url without padding: 43 characters, legal for every server (RFC 7636, section 4.1).
            pub fn from_random(mut random: Random) -> Self {
                let value = Self(URL_SAFE_NO_PAD.encode(random));
                random.zeroize();
                value
            }
        }
    )*};
}

from_random! { State CodeVerifier Nonce OwnerSecret RelayToken AuthorizationCode RefreshToken DeviceCode ClientSecret CookieSecret }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_never_shows_the_value() {
        let token = AccessToken::new("canary-4711");
        assert_eq!(format!("{token:?}"), "AccessToken(redacted)");
        assert_eq!(
            format!("{:?}", Some(ClientSecret::new("canary"))),
            "Some(ClientSecret(redacted))"
        );
    }

    #[test]
    fn equality_is_by_value() {
        assert_eq!(State::new("a"), State::new("a"));
        assert_ne!(State::new("a"), State::new("b"));
        assert_ne!(State::new("a"), State::new("aa"));
        assert_ne!(State::new(""), State::new("a"));
    }

    #[test]
    fn random_values_are_43_unreserved_characters() {
        let state = State::from_random([0xff; 32]);
        assert_eq!(state.expose().len(), 43);
        assert!(
            state
                .expose()
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        );
        assert_ne!(
            CodeVerifier::from_random([1; 32]),
            CodeVerifier::from_random([2; 32])
        );
        assert_eq!(Nonce::from_random([0; 32]).expose(), "A".repeat(43));
    }

    #[test]
    fn serde_is_a_plain_string() {
        let token: RefreshToken = serde_json::from_str("\"r1\"").unwrap();
        assert_eq!(serde_json::to_string(&token).unwrap(), "\"r1\"");
    }
}
