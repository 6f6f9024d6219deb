//! Whether a login and a profile mean the same server: equal names do not make it so.

use oarlock_oauth::profile::ProviderProfile;

use crate::error::Error;

/// Whether a login is one to the server that a profile speaks of.
///
/// Issuers are compared as written, but for a slash at the end. Where one side has none, the token endpoints decide.
/// A profile that says nothing of a server (a client id alone) speaks of whichever there is.
pub(crate) fn is_same(login: &ProviderProfile, asked: &ProviderProfile) -> bool {
    match (&login.issuer, &asked.issuer) {
        (Some(login), Some(asked)) => {
            login.as_str().trim_end_matches('/') == asked.as_str().trim_end_matches('/')
        }
        (_, asked_issuer) => match &asked.token_endpoint {
            Some(endpoint) => login.token_endpoint.as_ref() == Some(endpoint),
            None => asked_issuer.is_none(),
        },
    }
}

/// The error for a name that is logged in at another server than is asked for.
pub(crate) fn other(login: &ProviderProfile, asked: &ProviderProfile) -> Error {
    Error::OtherIssuer {
        provider: login.name.clone(),
        old: address(login),
        new: address(asked),
    }
}

fn address(profile: &ProviderProfile) -> String {
    match (&profile.issuer, &profile.token_endpoint) {
        (Some(issuer), _) => issuer.to_string(),
        (None, Some(endpoint)) => endpoint.to_string(),
        (None, None) => profile.display_name().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use oarlock_oauth::endpoint::{Endpoint, Issuer};

    use super::*;

    fn profile(issuer: Option<&str>, token: Option<&str>) -> ProviderProfile {
        let mut profile = ProviderProfile::named("x");
        profile.issuer = issuer.map(|text| Issuer::parse(text).unwrap());
        profile.token_endpoint = token.map(|text| Endpoint::parse(text).unwrap());
        profile
    }

    #[test]
    fn equal_names_do_not_make_servers_equal() {
        const A: &str = "https://a.example";
        const T: &str = "https://a.example/token";
        let complete = profile(Some(A), Some(T));
        let by_endpoint = profile(None, Some(T));
        for asked in [
            profile(Some(A), None),
            profile(Some("https://a.example/"), None),
            profile(Some(A), Some("https://a.example/moved")),
            profile(None, Some(T)),
            profile(None, None),
        ] {
            assert!(is_same(&complete, &asked), "{asked:?}");
        }
        for asked in [
            profile(Some("https://a.example/b"), None),
            profile(Some("https://b.example"), Some(T)),
            profile(None, Some("https://a.example/other/token")),
            profile(None, Some("https://b.example/token")),
        ] {
            assert!(!is_same(&complete, &asked), "{asked:?}");
        }
        assert!(is_same(&by_endpoint, &profile(Some(A), Some(T))));
        assert!(!is_same(&by_endpoint, &profile(Some(A), None)));
        assert!(!is_same(&profile(Some(A), None), &profile(None, Some(T))));
    }
}
