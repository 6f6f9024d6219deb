//! What a broker has ready for programs: a client that needs no registration, and a page that shows codes.

use oarlock_oauth::{endpoint::Endpoint, metadata::ServerMetadata, profile::ProviderProfile};
use url::Url;

/// The client that a broker has built in for programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuiltIn {
    client_id: String,
    code_page: Option<Endpoint>,
}

impl BuiltIn {
    /// What metadata says of it; `None`: this is no broker.
    pub(crate) fn of(metadata: &ServerMetadata) -> Option<Self> {
        Some(Self {
            client_id: metadata.oarlock_client_id.clone()?,
            code_page: metadata.oarlock_code_page.clone(),
        })
    }

    /// Makes a profile without a client id one of this client. A `callback` elsewhere is no redirect URI of it: whoever needs that
    /// needs a client of their own, also where an earlier login was made with this one.
    pub(crate) fn lend_client(&self, profile: &mut ProviderProfile, callback: Option<&Url>) {
        match (&profile.client_id, callback) {
            (None, None) => profile.client_id = Some(self.client_id.clone()),
            (Some(id), Some(_)) if *id == self.client_id => profile.client_id = None,
            _ => {}
        }
    }

    /// Names the page that shows a code to be pasted, where the profile is one of this client and names none itself.
    pub(crate) fn lend_page(&self, profile: &mut ProviderProfile) {
        if profile.client_id.as_ref() == Some(&self.client_id) && profile.redirect.hosted.is_none()
        {
            profile.redirect.hosted.clone_from(&self.code_page);
        }
    }
}

#[cfg(test)]
mod tests {
    use oarlock_oauth::{endpoint::Issuer, metadata};

    use super::*;

    fn built_in(client_id: &str, page: &str) -> Option<BuiltIn> {
        let body = format!(
            r#"{{"issuer":"https://a.example","oarlock_client_id":"{client_id}","oarlock_code_page":"{page}"}}"#
        );
        let answer = http::Response::new(body.into_bytes());
        let issuer = Issuer::parse("https://a.example").unwrap();
        BuiltIn::of(&metadata::response(&issuer, &answer).unwrap())
    }

    #[test]
    fn hostile_07_a_page_elsewhere_is_left_out() {
        for page in ["https://evil.example/code", "http://127.0.0.1/code"] {
            assert_eq!(built_in("cli", page).unwrap().code_page, None, "{page}");
        }
    }

    #[test]
    fn only_who_has_no_client_gets_this_one_and_only_it_gets_the_page() {
        let broker = built_in("cli", "https://a.example/code").unwrap();
        let callback = Url::parse("https://relay.example/oauth/callback").unwrap();
        for (own, callback, expected, page) in [
            (None, None, Some("cli"), true),
            (Some("cli"), None, Some("cli"), true),
            (Some("mine"), None, Some("mine"), false),
            (None, Some(&callback), None, false),
            (Some("cli"), Some(&callback), None, false),
            (Some("mine"), Some(&callback), Some("mine"), false),
        ] {
            let mut profile = ProviderProfile::named("x");
            profile.client_id = own.map(str::to_owned);
            broker.lend_client(&mut profile, callback);
            assert_eq!(profile.client_id.as_deref(), expected, "{own:?}");
            broker.lend_page(&mut profile);
            assert_eq!(profile.redirect.hosted.is_some(), page, "{own:?}");
        }
        let mut profile = ProviderProfile::named("x");
        let own = Endpoint::parse("https://mine.example/code").unwrap();
        profile.redirect.hosted = Some(own.clone());
        broker.lend_client(&mut profile, None);
        broker.lend_page(&mut profile);
        assert_eq!(profile.redirect.hosted, Some(own), "the user's word wins");
    }
}
