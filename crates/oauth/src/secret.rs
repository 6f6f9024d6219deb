//! Secrets as types: `Debug` is redacted, there is no `Display`, memory is wiped on drop.

// A macro `secret!` makes: AccessToken, RefreshToken, IdToken, ClientSecret, AuthorizationCode,
// CodeVerifier, State, Nonce, DeviceCode, RegistrationAccessToken.
// Each: `new(impl Into<String>)`, `expose(&self) -> &str`, Clone, constant-time PartialEq/Eq,
// Debug = "AccessToken(redacted)", Serialize/Deserialize as a plain string, zeroize on drop,
// `from_random(Random)` (base64url, 43 characters) for State, CodeVerifier, Nonce.
macro_rules! secret {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);
        impl $name {
            /// Wraps a value.
            pub fn new(value: impl Into<String>) -> Self { Self(value.into()) }
            /// The value itself; every call is a place to look at.
            pub fn expose(&self) -> &str { &self.0 }
        }
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { f.write_str(concat!(stringify!($name), "(redacted)")) }
        }
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool { subtle::ConstantTimeEq::ct_eq(self.0.as_bytes(), other.0.as_bytes()).into() }
        }
        impl Eq for $name {}
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
}
