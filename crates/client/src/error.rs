//! What can go wrong, by kind: the kind decides the exit code, the message says what happened, the hint what to do.

use oarlock_io::{HttpError, directories::DirectoriesError, http_server::BindError};
use oarlock_oauth::{
    authorization::{AuthorizationError, ErrorCode},
    device::DeviceError,
    endpoint::{EndpointError, Issuer, is_loopback},
    id_token::IdTokenError,
    metadata::MetadataError,
    pasted::PastedError,
    profile::ProfileError,
    relay::ErrorWord,
    text::Untrusted,
    token::TokenError,
};

use crate::{
    account::AccountError,
    config::ConfigError,
    relay::{RelayError, RelayFault},
    store::StoreError,
};

/// The kinds of failure, one for each exit code of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It failed, and trying again unchanged will not help.
    Failed,
    /// Usage or configuration.
    Usage,
    /// The network, or a passing fault of the server.
    Network,
    /// Nobody is logged in, or the login is dead.
    LoginRequired,
    /// The person or the provider said no.
    Denied,
    /// Nobody answered in time.
    TimedOut,
    /// The credential store cannot be read or written.
    Store,
    /// Ctrl-C or Esc.
    Cancelled,
}

/// Why an operation of the client failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The configuration file or the environment is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// An account or provider name is not one.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// There is no place for files.
    #[error(transparent)]
    Directories(#[from] DirectoriesError),
    /// A URL is unusable.
    #[error(transparent)]
    Endpoint(#[from] EndpointError),
    /// The profile lacks something this operation needs.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A name that stands for one issuer is asked to stand for another.
    #[error("{provider} is logged in at {old}, not at {new}")]
    OtherIssuer {
        /// Name of the provider.
        provider: String,
        /// Issuer of the login that is there.
        old: String,
        /// Issuer that was asked for.
        new: String,
    },
    /// The user has to bring a client id.
    #[error("{provider} needs a client id for this program, and registers none by itself")]
    NoClientId {
        /// Name of the provider, for people.
        provider: String,
        /// What names it on the command line.
        login: String,
        /// Where a client is registered.
        page: Option<String>,
        /// What to register.
        redirect_uri: String,
    },
    /// The server cannot do what was asked for.
    #[error("{provider} cannot be logged in to by {flow}: {reason}")]
    FlowUnavailable {
        /// Name of the provider.
        provider: String,
        /// Name of the flow.
        flow: &'static str,
        /// What is missing.
        reason: String,
    },
    /// No answer from the network.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server's metadata is missing, malformed or another's.
    #[error("discovery of {issuer} failed: {source}")]
    Discovery {
        /// Whose metadata.
        issuer: String,
        /// Why.
        #[source]
        source: MetadataError,
    },
    /// Dynamic client registration was refused.
    #[error("{issuer} refused to register this program as a client: {source}")]
    Registration {
        /// Who refused.
        issuer: String,
        /// Why.
        #[source]
        source: TokenError,
    },
    /// The authorization response is no grant.
    #[error("the login failed: {0}")]
    Authorization(#[from] AuthorizationError),
    /// What was pasted is no grant.
    #[error("{0}")]
    Pasted(#[from] PastedError),
    /// The device grant ended badly.
    #[error("{0}")]
    Device(#[from] DeviceError),
    /// The token endpoint refused.
    #[error("the token request failed: {0}")]
    Token(#[from] TokenError),
    /// The ID token is refused.
    #[error("the login was refused: {0}")]
    IdToken(#[from] IdTokenError),
    /// No callback came from a relay.
    #[error(transparent)]
    Relay(#[from] RelayError),
    /// No port for the loopback redirect.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The credential store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody is logged in there.
    #[error("Not logged in to {provider}{}", account_suffix(account.as_deref()))]
    NotLoggedIn {
        /// Name of the provider.
        provider: String,
        /// Account that was asked for, if one was.
        account: Option<String>,
    },
    /// Nobody is logged in anywhere, and no provider was named.
    #[error("Not logged in to any provider")]
    NobodyLoggedIn,
    /// No login's token is meant for this origin.
    #[error("Not logged in to a provider whose token is meant for {origin}; nothing was sent")]
    NobodyFor {
        /// Where the request would have gone.
        origin: String,
    },
    /// The stored login cannot be refreshed any more.
    #[error("Token refresh failed for {provider}{}: {reason}", account_suffix(account.as_deref()))]
    LoginExpired {
        /// Name of the provider.
        provider: String,
        /// Its account, if it is not the usual one.
        account: Option<String>,
        /// What the provider said.
        reason: Untrusted,
    },
    /// Several accounts, and none was named.
    #[error("there are several logins; name one of: {}", .choices.join(", "))]
    SeveralLogins {
        /// What could be named.
        choices: Vec<String>,
    },
    /// The token must not go to this origin.
    #[error("the token of {provider} is not meant for {origin}; it was not sent")]
    ForeignOrigin {
        /// Name of the provider.
        provider: String,
        /// Where it would have gone.
        origin: String,
    },
    /// Nobody finished the login in time.
    #[error("Authentication timeout: nobody finished the login within {}", crate::duration::spell(*.after))]
    TimedOut {
        /// How long was waited.
        after: std::time::Duration,
    },
    /// Ctrl-C or Esc.
    #[error("cancelled")]
    Cancelled,
    /// Reading input or making randomness failed.
    #[error("cannot {action}: {source}")]
    Io {
        /// Doing what.
        action: &'static str,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

fn account_suffix(account: Option<&str>) -> String {
    account
        .map(|name| format!(" as {name:?}"))
        .unwrap_or_default()
}

impl Error {
    /// The kind, which decides the exit code.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Config(ConfigError::NotSaved(_) | ConfigError::Lock(_)) => ErrorKind::Failed,
            Self::Config(_)
            | Self::Account(_)
            | Self::Directories(_)
            | Self::Endpoint(_)
            | Self::Profile(_)
            | Self::NoClientId { .. }
            | Self::OtherIssuer { .. }
            | Self::FlowUnavailable { .. }
            | Self::Bind(_)
            | Self::SeveralLogins { .. } => ErrorKind::Usage,
            Self::Http(error) => http_kind(error),
            Self::Discovery { .. } | Self::Registration { .. } | Self::IdToken(_) => {
                ErrorKind::Failed
            }
            Self::Authorization(error) => authorization_kind(error),
            Self::Pasted(PastedError::Refused(error)) => authorization_kind(error),
            Self::Pasted(_) | Self::Io { .. } | Self::ForeignOrigin { .. } => ErrorKind::Failed,
            Self::Device(DeviceError::Denied(_)) => ErrorKind::Denied,
            Self::Device(DeviceError::Expired) | Self::TimedOut { .. } => ErrorKind::TimedOut,
            Self::Device(DeviceError::Token(error)) | Self::Token(error) => token_kind(error),
            Self::Device(_) => ErrorKind::Failed,
            Self::Relay(error) => relay_kind(error),
            Self::Store(_) => ErrorKind::Store,
            Self::NotLoggedIn { .. }
            | Self::NobodyLoggedIn
            | Self::NobodyFor { .. }
            | Self::LoginExpired { .. } => ErrorKind::LoginRequired,
            Self::Cancelled => ErrorKind::Cancelled,
        }
    }

    /// What to do about it, in one or two lines; `None` where the message says it already.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotLoggedIn { provider, account } | Self::LoginExpired { provider, account, .. } => {
                Some(login_command(provider, account.as_deref()))
            }
            Self::NobodyLoggedIn => Some("Log in with: oarlock login https://login.example.com (your issuer's address), or choose: oarlock login".into()),
            Self::NobodyFor { origin } => Some(format!(
                "Log in to its provider, and name the origin once: oarlock provider add PROVIDER --origin {origin}"
            )),
            Self::OtherIssuer { provider, new, .. } => Some(format!(
                "Log out there first: oarlock logout {provider}\nor give the new one a name of its own: oarlock provider add NAME --issuer {new}"
            )),
            Self::NoClientId { login, page, redirect_uri, .. } => Some(format!(
                "Register a native (public) client {}, with the redirect URI {redirect_uri}, then:\n  oarlock login {login} --client-id ID",
                page.as_deref().map_or_else(|| "at the provider".into(), |page| format!("at {page}")),
            )),
            Self::ForeignOrigin { provider, origin } => Some(format!(
                "If it may have the token: oarlock provider add {provider} --origin {origin}"
            )),
            Self::Bind(_) => Some("Name free ports with --port, or log in without one: --flow paste".into()),
            Self::Relay(error) => relay_hint(error),
            Self::TimedOut { .. } => Some(
                // RFC 6749, section 4.1.2.1: a wrong client or redirect URI is told to the browser alone.
                "If the browser showed an error of the provider, check the client id and its redirect URIs there\n(a client that was registered for you is forgotten with: oarlock logout).\nElse try again with a longer --timeout, or another --flow".into(),
            ),
            Self::Token(TokenError::Refused(response)) | Self::Device(DeviceError::Token(TokenError::Refused(response)))
                if response.code == ErrorCode::InvalidClient =>
            {
                Some("Check the client's id and secret: those of your configuration, or of --client-id and --client-secret-file".into())
            }
            Self::Token(TokenError::Refused(response)) if response.code == ErrorCode::InvalidGrant => {
                Some("Run the same command again; where the answer is pasted, paste the whole address of the last page".into())
            }
            Self::Profile(ProfileError::NoEndpoint { name, key }) => Some(format!(
                "Log in by another --flow, or give it: oarlock provider add {name} --set {key}=URL"
            )),
            Self::Profile(ProfileError::NoClientId { .. }) => Some("Give one: --client-id ID".into()),
            Self::Profile(ProfileError::NoClientSecret { name, .. }) => Some(format!(
                "Name where it is: oarlock provider add {name} --client-secret-env VARIABLE (or --client-secret-file FILE)"
            )),
            Self::FlowUnavailable { flow: "paste", .. } => {
                Some("Run it on a terminal, or log in by another --flow".into())
            }
            Self::FlowUnavailable { flow: "client credentials", .. } => Some(
                "Give the secret of your client: --client-id ID --client-secret-file FILE".into(),
            ),
            Self::Device(DeviceError::Expired) => Some("Run the same command again for a new code".into()),
            Self::SeveralLogins { .. } => Some("Name the provider, or the account with -a NAME".into()),
            Self::Http(HttpError::Dns { .. } | HttpError::Connect { .. }) => {
                Some("Check the address and the network; `oarlock doctor` looks closer".into())
            }
            Self::Discovery { source: MetadataError::NotFound(_), .. } => Some(
                "Is this the issuer's address? Without metadata, configure the endpoints: oarlock provider add --help".into(),
            ),
            Self::Discovery { source: MetadataError::WrongIssuer { expected, found }, .. }
                if expected.as_str().trim_end_matches('/') == found.raw().trim_end_matches('/') =>
            {
                // The message says how it is written.
                None
            }
            Self::Discovery { source: MetadataError::WrongIssuer { expected, found }, .. }
                if are_both_here(expected, found) =>
            {
                Some(format!("Both are this machine. Use the address as the server writes it: {found}"))
            }
            Self::Discovery { source: MetadataError::WrongIssuer { .. }, .. } => Some(
                "Use the address exactly as the provider writes it. If you did, do not log in: somebody may stand between.".into(),
            ),
            Self::Registration { .. } => Some(
                "Register a client at the provider by hand and give its id: --client-id ID".into(),
            ),
            _ if self.kind() == ErrorKind::Denied => Some(
                "Run the same command again and allow it, perhaps as another account; with --scope less can be asked for".into(),
            ),
            _ => None,
        }
    }
}

/// Whether two issuers differ by the name of this machine alone: `localhost`, `127.0.0.1`, `[::1]`.
fn are_both_here(expected: &Issuer, found: &Untrusted) -> bool {
    let Ok(found) = Issuer::parse(found.raw()) else {
        return false;
    };
    let (expected, found) = (expected.endpoint(), found.endpoint());
    let (expected, found) = (expected.url(), found.url());
    is_loopback(expected)
        && is_loopback(found)
        && expected.scheme() == found.scheme()
        && expected.port_or_known_default() == found.port_or_known_default()
        && expected.path() == found.path()
}

fn login_command(provider: &str, account: Option<&str>) -> String {
    let account = account
        .map(|name| format!(" -a {name}"))
        .unwrap_or_default();
    format!("Log in with: oarlock login {provider}{account}")
}

fn http_kind(error: &HttpError) -> ErrorKind {
    match error {
        HttpError::Configuration(_) | HttpError::ForbiddenAddress { .. } => ErrorKind::Usage,
        HttpError::Redirected { .. } | HttpError::TooLarge { .. } => ErrorKind::Failed,
        _ => ErrorKind::Network,
    }
}

fn relay_kind(error: &RelayError) -> ErrorKind {
    match error {
        RelayError::Timeout { .. } => ErrorKind::TimedOut,
        RelayError::Connection { .. } => ErrorKind::Network,
        RelayError::Settings(_) | RelayError::Dotenv(_) => ErrorKind::Usage,
        _ => ErrorKind::Failed,
    }
}

fn relay_hint(error: &RelayError) -> Option<String> {
    match error {
        RelayError::Relay { fault: RelayFault::Refused { word: Some(ErrorWord::StateInUse), .. }, .. } => Some(
            "Start a new login: each has a state of its own. Or end the other program, or give it a few seconds if it was killed".into(),
        ),
        RelayError::Relay { fault: RelayFault::Malformed(_) | RelayFault::Unexpected(_), .. } => Some(
            "Is this the address where programs register? Name another with --relay, or OARLOCK_RELAY".into(),
        ),
        RelayError::Timeout { .. } => Some(
            "If the browser showed an error of the provider, check the client id and its redirect URI there.\nElse try again with a longer --timeout".into(),
        ),
        RelayError::Connection { .. } => Some(
            "Is it running (oarlock serve), and is this its address? Name another with --relay, or OARLOCK_RELAY".into(),
        ),
        RelayError::Relay { fault: RelayFault::Refused { word: Some(ErrorWord::InvalidToken), .. }, .. } => Some(
            "Give the token that its operator made in OARLOCK_RELAY_TOKEN, or name its file in OARLOCK_RELAY_TOKEN_FILE".into(),
        ),
        _ => None,
    }
}

fn authorization_kind(error: &AuthorizationError) -> ErrorKind {
    match error {
        AuthorizationError::Refused(response) => match response.code {
            ErrorCode::TemporarilyUnavailable | ErrorCode::ServerError => ErrorKind::Network,
            ErrorCode::AccessDenied
            | ErrorCode::LoginRequired
            | ErrorCode::ConsentRequired
            | ErrorCode::InteractionRequired => ErrorKind::Denied,
            _ => ErrorKind::Failed,
        },
        _ => ErrorKind::Failed,
    }
}

fn token_kind(error: &TokenError) -> ErrorKind {
    match error {
        TokenError::Unavailable { .. } => ErrorKind::Network,
        TokenError::Refused(response) if response.code == ErrorCode::AccessDenied => {
            ErrorKind::Denied
        }
        _ => ErrorKind::Failed,
    }
}
