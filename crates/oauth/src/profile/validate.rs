use super::{ProfileError, ProviderProfile};
use crate::endpoint::Endpoint;
use std::collections::BTreeMap;

/// Parameters the flow's safety rests on: state, PKCE, nonce, client and redirect; and those that would replace
/// the whole request (RFC 9101). `scope` has a field of its own.
const RESERVED_IN_AUTHORIZATION: [&str; 10] = [
    "response_type",
    "client_id",
    "redirect_uri",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "request",
    "request_uri",
];

const RESERVED_IN_TOKEN: [&str; 9] = [
    "grant_type",
    "code",
    "code_verifier",
    "redirect_uri",
    "refresh_token",
    "device_code",
    "client_id",
    "client_secret",
    "state",
];

impl ProviderProfile {
    /// Checks what the types cannot: name, redirect, parameters, pointers, resources, separator.
    ///
    /// # Errors
    /// The first value that cannot be used, with what would be right.
    pub fn validate(&self) -> Result<(), ProfileError> {
        if !is_name(&self.name) {
            return Err(ProfileError::BadName(self.name.clone()));
        }
        if let Some((key, value, right)) = self.redirect.fault() {
            return Err(self.bad(key, value, right));
        }
        if self.scope_separator.is_alphanumeric()
            || self.scope_separator.is_control()
            || !self.scope_separator.is_ascii()
        {
            return Err(self.bad(
                "scope_separator",
                self.scope_separator.to_string(),
                "use a space or a comma",
            ));
        }
        for (key, pointer) in [
            ("token_pointer", &self.token_pointer),
            ("success_pointer", &self.success_pointer),
        ] {
            if let Some(pointer) = pointer.as_ref().filter(|pointer| !pointer.starts_with('/')) {
                return Err(self.bad(
                    key,
                    pointer.clone(),
                    "a JSON pointer begins with a slash, like /ok",
                ));
            }
        }
        for resource in &self.resources {
            // RFC 8707, section 2: an absolute URI without a fragment.
            if url::Url::parse(resource).is_err() || resource.contains('#') {
                return Err(self.bad(
                    "resources",
                    resource.clone(),
                    "a resource is an absolute URI without a fragment",
                ));
            }
        }
        if let Some(page) = &self.registration_page {
            let page = page.split('#').next().unwrap_or_default();
            Endpoint::parse(page).map_err(|error| ProfileError::BadUrl {
                name: self.name.clone(),
                key: "registration_page",
                error,
            })?;
        }
        self.check_authorization_parameters()?;
        self.check_token_parameters()
    }

    /// No extra parameter may weaken the authorization request. Checked again whenever one is made.
    pub(crate) fn check_authorization_parameters(&self) -> Result<(), ProfileError> {
        self.unreserved(
            "authorization_parameters",
            &self.authorization_parameters,
            &RESERVED_IN_AUTHORIZATION,
        )
    }

    /// The same for token requests.
    pub(crate) fn check_token_parameters(&self) -> Result<(), ProfileError> {
        self.unreserved(
            "token_parameters",
            &self.token_parameters,
            &RESERVED_IN_TOKEN,
        )
    }

    fn unreserved(
        &self,
        table: &'static str,
        parameters: &BTreeMap<String, String>,
        reserved: &[&str],
    ) -> Result<(), ProfileError> {
        // Without case, because a server may compare so.
        let taken = |name: &&String| {
            name.is_empty()
                || reserved
                    .iter()
                    .any(|known| known.eq_ignore_ascii_case(name))
        };
        match parameters.keys().find(taken) {
            Some(parameter) => Err(ProfileError::Reserved {
                name: self.name.clone(),
                table,
                parameter: parameter.clone(),
            }),
            None => Ok(()),
        }
    }

    fn bad(&self, key: &'static str, value: String, right: &'static str) -> ProfileError {
        ProfileError::BadValue {
            name: self.name.clone(),
            key,
            value,
            right,
        }
    }
}

/// `[a-z0-9][a-z0-9._-]*`, at most 64: it becomes a file name and part of a variable's name.
fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= 64
        && name.bytes().next().is_some_and(plain)
        && name
            .bytes()
            .all(|byte| plain(byte) || b"._-".contains(&byte))
}
