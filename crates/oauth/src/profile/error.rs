use crate::endpoint::EndpointError;

/// What a profile lacks, or says wrongly; each message says what would be right.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileError {
    /// No client id.
    #[error("provider {name:?} has no client id{}", registered_at(.registration_page.as_deref()))]
    NoClientId {
        /// Provider.
        name: String,
        /// Where one is registered.
        registration_page: Option<String>,
    },
    /// An endpoint is missing.
    #[error("provider {name:?} has no {key}")]
    NoEndpoint {
        /// Provider.
        name: String,
        /// Key.
        key: &'static str,
    },
    /// The client authentication needs a secret and there is none.
    #[error(
        "provider {name:?} has no client secret, which client_authentication = {method:?} needs"
    )]
    NoClientSecret {
        /// Provider.
        name: String,
        /// Registered name of the method.
        method: &'static str,
    },
    /// The name is not fit for a file name.
    #[error(
        "{0:?} is no provider name; use at most 64 of a-z, 0-9, '.', '_' and '-', beginning with a letter or digit"
    )]
    BadName(String),
    /// An extra parameter would replace one that the flow's safety rests on.
    #[error("provider {name:?}: {table} must not set {parameter:?}, which the login sets itself")]
    Reserved {
        /// Provider.
        name: String,
        /// `authorization_parameters` or `token_parameters`.
        table: &'static str,
        /// The parameter.
        parameter: String,
    },
    /// A value that cannot be used.
    #[error("provider {name:?}: {key} = {value:?} cannot be used; {right}")]
    BadValue {
        /// Provider.
        name: String,
        /// Key.
        key: &'static str,
        /// Value; never that of a secret.
        value: String,
        /// What would be right.
        right: &'static str,
    },
    /// A URL that cannot be used.
    #[error("provider {name:?}: {key}: {error}")]
    BadUrl {
        /// Provider.
        name: String,
        /// Key.
        key: &'static str,
        /// Why.
        error: EndpointError,
    },
}

fn registered_at(page: Option<&str>) -> String {
    page.map(|page| format!("; register one at {page}"))
        .unwrap_or_default()
}
