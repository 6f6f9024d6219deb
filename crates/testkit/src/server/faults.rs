//! What the server can do wrong, by name.
//!
//! Each line of the table below says what the server does and, after the semicolon, what a
//! client must do about it. A fault is looked for where its places are; the general ones
//! (`late-answer`, `prose-500`, …) can be moved to another endpoint, see [`crate::Faults`].
use super::endpoint::Endpoint;
use std::{fmt, str::FromStr, time::Duration};

macro_rules! faults {
    ($( $name:ident $( ( $data:ty = $default:expr ) )? $text:literal @ [ $( $place:ident ),+ ] $does:literal; )*) => {
        /// One way to misbehave.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Fault {
            $( #[doc = $does] $name $( ( $data ) )?, )*
        }

        impl Fault {
            /// Every fault, those with a value with their default one.
            pub fn all() -> &'static [Self] {
                const ALL: &[Fault] = &[ $( Fault::$name $( ( $default ) )? ),* ];
                ALL
            }

            /// The name in kebab-case, without the value.
            pub fn name(&self) -> &'static str {
                match self { $( Self::$name { .. } => $text, )* }
            }

            /// What the server does, and what the client must do.
            pub fn description(&self) -> &'static str {
                match self { $( Self::$name { .. } => $does, )* }
            }

            /// Where it shows unless moved.
            pub fn places(&self) -> &'static [Endpoint] {
                match self { $( Self::$name { .. } => &[ $( Endpoint::$place ),+ ], )* }
            }
        }
    };
}

faults! {
    // The authorization response.
    WrongIss "wrong-iss" @ [Authorize] "`iss` names another issuer; refuse the response and exchange nothing (RFC 9207, section 2.4).";
    MissingIss "missing-iss" @ [Authorize] "`iss` is promised by the metadata and absent; refuse the response (RFC 9207, section 2.4).";
    NormalisedIss "normalised-iss" @ [Authorize] "`iss` has a slash added; refuse the response, comparison is exact (RFC 9207, section 2.4).";
    StateDropped "state-dropped" @ [Authorize] "the response carries no `state`; refuse it and keep waiting (RFC 6749, section 10.12).";
    StateChanged "state-changed" @ [Authorize] "the response carries another `state`; refuse it and keep waiting (RFC 6749, section 10.12).";
    DuplicateParameters "duplicate-parameters" @ [Authorize] "`code` is there twice, with different values; refuse the response (RFC 6749, section 3.1).";
    CodeAndError "code-and-error" @ [Authorize] "`code` and `error` come together; refuse the response and exchange nothing.";

    // Metadata.
    MetadataWrongIssuer "metadata-wrong-issuer" @ [Metadata] "the metadata names another issuer; refuse it (RFC 8414, section 3.3).";
    MetadataPrivateEndpoints "metadata-private-endpoints" @ [Metadata] "token, userinfo and key endpoints point to private addresses; connect to none of them.";
    MetadataPrivateAuthorization "metadata-private-authorization" @ [Metadata] "the authorization endpoint is on a port of the user's machine that nobody named; open no browser at it.";
    MetadataHostileEndpoint "metadata-hostile-endpoint" @ [Metadata] "the authorization endpoint is a `javascript:` URL; refuse the metadata and open nothing.";
    DiscoveryRedirectToPrivate "discovery-redirect-to-private" @ [Metadata] "discovery redirects to a private address; do not follow.";
    PkceNotSupported "pkce-not-supported" @ [Metadata] "only the PKCE method `plain` is offered; refuse to go on unless the profile says otherwise.";

    // The token endpoint.
    ReplayedCodeAccepted "replayed-code-accepted" @ [Token] "a code is exchanged as often as it is sent; send it once, whatever the browser repeats.";
    ErrorWith200 "error-with-200" @ [Token, DeviceAuthorization] "errors come with status 200 (GitHub); see the error in the body.";
    FormTokenResponse "form-token-response" @ [Token] "tokens and errors come form-encoded (GitHub); read them by content type.";
    LostRefreshReplyOnce "lost-refresh-reply-once" @ [Token] "the first refresh is done and its connection closed without a byte of answer; retry once, then ask for a new login.";
    NoRotation "no-rotation" @ [Token] "a refresh answers the same refresh token; keep it.";
    RefreshTokenMissingInAnswer "refresh-token-missing-in-answer" @ [Token] "a refresh answers no refresh token and the old one stays good; keep the old one (RFC 6749, section 6).";
    NoRefreshToken "no-refresh-token" @ [Token] "a login yields no refresh token; use the access token to its end, then ask for a new login.";
    ReuseLeeway "reuse-leeway" @ [Token] "a refresh token just rotated is taken once more within 30 s; a retry after a lost answer succeeds.";
    ReuseUndetected "reuse-undetected" @ [Token] "a rotated refresh token stays good for ever; still use the newest.";
    ExpiresAtOnce "expires-at-once" @ [Token] "tokens live one second by the answer and are dead on arrival; no refresh loop: one refresh for each use at most.";
    ExpiresInString "expires-in-string" @ [Token] "`expires_in` is a string of digits; understand it.";
    ExpiresInMissing "expires-in-missing" @ [Token] "`expires_in` is absent; use the token until it is refused.";
    ExpiresInZero "expires-in-zero" @ [Token] "`expires_in` is 0 although the token works; take it as not said, and do not refresh in a loop.";
    HugeToken "huge-token" @ [Token] "the access token is 16 KiB long; store it and send it whole.";
    ScopeCommaSeparated "scope-comma-separated" @ [Token] "`scope` is separated by commas (GitHub); split it.";
    ScopeMissing "scope-missing" @ [Token] "`scope` is absent; it means as asked (RFC 6749, section 5.1).";
    ScopeNarrowed "scope-narrowed" @ [Token] "only the first scope is granted; show what was granted, not what was asked.";
    TokenTypeMac "token-type-mac" @ [Token] "`token_type` is `mac`; refuse the token, do not send it as a bearer token (RFC 6749, section 7.1).";
    RedirectTokenToOtherOrigin "redirect-token-to-other-origin" @ [Token] "the token request is redirected (307) to another origin; do not follow, no secret may arrive there.";

    // The device grant.
    SlowDown "slow-down" @ [Token] "the first two polls are answered `slow_down`; wait 5 s more after each (RFC 8628, section 3.5).";
    SlowDownWithInterval "slow-down-with-interval" @ [Token] "the first poll is answered `slow_down` with a longer `interval` (GitHub); keep to that interval.";
    DeviceExpiresAtOnce "device-expires-at-once" @ [Token] "every poll is answered `expired_token`; stop polling and say so.";
    DeviceDenied "device-denied" @ [Token] "every poll is answered `access_denied`; stop polling and say so.";
    DeviceHostileVerificationUri "device-hostile-verification-uri" @ [DeviceAuthorization] "the verification URIs are `javascript:` and an option of a browser; show and open neither.";
    DevicePrivateVerificationUri "device-private-verification-uri" @ [DeviceAuthorization] "the verification URI has a private address; neither show nor open it.";

    // The ID token.
    WrongNonce "wrong-nonce" @ [Token] "the ID token has another login's nonce; refuse the login (OpenID Connect Core, section 3.1.3.7).";
    WrongAud "wrong-aud" @ [Token] "the ID token is for another client; refuse the login.";
    WrongAzp "wrong-azp" @ [Token] "the ID token has two audiences and another client as `azp`; refuse the login.";
    WrongIdTokenIssuer "wrong-id-token-issuer" @ [Token] "the ID token names another issuer; refuse the login.";
    AlgNone "alg-none" @ [Token] "the ID token is unsigned; refuse the login.";
    Hs256WithPublicKey "hs256-with-public-key" @ [Token] "the ID token is signed with HS256, the public key as the secret; refuse the login.";
    BadSignature "bad-signature" @ [Token] "the ID token's signature belongs to other claims; refuse the login.";
    UnknownKid "unknown-kid" @ [Token] "the ID token names a key that is not in the set; fetch the set once at most, then refuse the login.";
    ExpiredIdToken "expired-id-token" @ [Token] "the ID token expired an hour ago; refuse the login.";
    IdTokenCrit "id-token-crit" @ [Token] "the ID token's header has a critical extension nobody knows; refuse the login (RFC 7515, section 4.1.11).";
    IdTokenJku "id-token-jku" @ [Token] "the ID token brings its own key and points to it with `jku`; fetch nothing there and refuse the login.";

    // Strangers' texts.
    HostileErrorDescription "hostile-error-description" @ [Authorize, Token, DeviceAuthorization, Register, Revoke] "error descriptions carry ANSI escapes, bidi marks, line breaks and HTML; show them inert.";
    HostileClientName "hostile-client-name" @ [Register, Authorize, DevicePage] "the client's name carries the same; show it inert.";
    HostileUserName "hostile-user-name" @ [Userinfo, Token] "name and e-mail of the person carry the same; show them inert.";

    // Endpoints that refuse or fail.
    RegistrationRefused "registration-refused" @ [Register] "registration is refused (403); say that a client id is needed.";
    RevocationFails "revocation-fails" @ [Revoke] "revocation answers 503; remove the credential all the same, and say that it was not revoked.";
    UserinfoFails "userinfo-fails" @ [Userinfo] "userinfo answers 500; the login still succeeds, without a name.";
    UserinfoWrongSubject "userinfo-wrong-subject" @ [Userinfo] "userinfo is about another `sub` than the ID token; use nothing of it (OpenID Connect Core, section 5.3.2).";

    // General, at any endpoint.
    LateAnswer(Duration = Duration::from_millis(500)) "late-answer" @ [Token] "the request is processed at once and answered late; wait up to the deadline.";
    Hang "hang" @ [Token] "the request is read and neither processed nor answered; give up at the deadline.";
    ReplyCutOff "reply-cut-off" @ [Token] "the request is processed and the connection dropped in the middle of the answer; as for a lost reply.";
    SlowHeaders "slow-headers" @ [Token] "the answer comes one byte every 250 ms; give up at the deadline, which holds for the whole exchange.";
    Prose401 "prose-401" @ [Token] "401 with prose for a body; say so, parse nothing.";
    Prose500 "prose-500" @ [Token] "500 with an HTML page; a passing fault, keep the credential.";
    Unavailable503 "unavailable-503-with-retry-after" @ [Token] "503 with `Retry-After: 1`; a passing fault, keep the credential.";
    RateLimited429 "rate-limited-429" @ [Token] "429 with `Retry-After: 1`; a passing fault, do not hammer.";
    HugeBody "huge-body" @ [Token] "the answer has 10 MB of padding; stop reading at the cap.";
    EndlessBody "endless-body" @ [Token] "the answer never ends; stop reading at the cap.";
    RedirectElsewhere "redirect-elsewhere" @ [Metadata] "302 to another origin; do not follow, send it nothing.";
    ClockFast "clock-fast" @ [Metadata, Authorize, Token, DeviceAuthorization, DevicePage, Revoke, Introspect, Userinfo, Jwks, Register, Resource, Other] "the server's clock is ten minutes fast, in `Date` and in ID tokens; correct by `Date`, take `expires_in` as relative.";
}

impl Fault {
    /// Whether it can be moved to any endpoint.
    pub fn is_general(&self) -> bool {
        matches!(
            self,
            Self::LateAnswer(_)
                | Self::Hang
                | Self::ReplyCutOff
                | Self::SlowHeaders
                | Self::Prose401
                | Self::Prose500
                | Self::Unavailable503
                | Self::RateLimited429
                | Self::HugeBody
                | Self::EndlessBody
                | Self::RedirectElsewhere
                | Self::ClockFast
        )
    }

    /// The same fault, whatever its value.
    pub(crate) fn is(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Self::LateAnswer(delay) => write!(f, "={}", delay.as_millis()),
            _ => Ok(()),
        }
    }
}

/// Text that names no fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FaultError {
    /// No such name.
    #[error("no fault is called {0:?}; `--list-faults` of oarlock-testkit-server shows them all")]
    Unknown(String),
    /// A value where none belongs, or not a number.
    #[error("{0:?}: only late-answer takes a value, in milliseconds (late-answer=500)")]
    Value(String),
    /// A place that this fault does not have.
    #[error("{name} cannot be moved to {place}")]
    Place {
        /// The fault.
        name: &'static str,
        /// Where it was to go.
        place: Endpoint,
    },
    /// No such endpoint.
    #[error(transparent)]
    Endpoint(#[from] super::endpoint::UnknownEndpoint),
    /// `*` without a number.
    #[error("{0:?}: after `*` comes how many times the fault shows")]
    Times(String),
}

impl FromStr for Fault {
    type Err = FaultError;

    /// Reads `name` or `late-answer=MILLISECONDS`.
    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let fault = Self::all()
            .iter()
            .find(|fault| fault.name() == name)
            .copied()
            .ok_or_else(|| FaultError::Unknown(name.to_owned()))?;
        match (fault, value) {
            (fault, None) => Ok(fault),
            (Self::LateAnswer(_), Some(value)) => value
                .parse()
                .map(|milliseconds| Self::LateAnswer(Duration::from_millis(milliseconds)))
                .map_err(|_| FaultError::Value(text.to_owned())),
            _ => Err(FaultError::Value(text.to_owned())),
        }
    }
}
