//! Which of a profile's addresses the user named, and which a server did.
//!
//! What the user names may be anywhere, in a private network too. What a server names must be on the public internet
//! (hostile.md, 16), and stays a server's word however long it lies in a credential.

use oarlock_oauth::profile::ProviderProfile;
use serde::{Deserialize, Serialize};

/// Keys of the endpoints that the user named; the issuer is always the user's word.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Named(Vec<String>);

impl Named {
    /// Everything in a profile that no metadata has completed yet.
    pub(crate) fn all_of(profile: &ProviderProfile) -> Self {
        let mut profile = profile.clone();
        let there = profile.endpoints_mut().into_iter();
        Self(
            there
                .filter(|(_, endpoint)| endpoint.is_some())
                .map(|(key, _)| key.to_owned())
                .collect(),
        )
    }

    /// The profile without what a server named: what is left can be completed anew.
    pub(crate) fn part_of(&self, profile: &ProviderProfile) -> ProviderProfile {
        let mut profile = profile.clone();
        // Without an issuer there was no metadata.
        if profile.issuer.is_some() {
            for (key, endpoint) in profile.endpoints_mut() {
                if !self.0.iter().any(|named| named == key) {
                    *endpoint = None;
                }
            }
        }
        profile
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
    fn what_a_server_named_is_left_out_and_what_the_user_named_stays() {
        let mut own = profile(Some("https://a.example"), Some("https://t.example/token"));
        let named = Named::all_of(&own);
        own.jwks_uri = Some(Endpoint::parse("https://10.0.0.1/jwks").unwrap());
        let part = named.part_of(&own);
        assert_eq!(part.jwks_uri, None);
        assert_eq!(part.token_endpoint, own.token_endpoint);
        assert_eq!(part.issuer, own.issuer);
        // An older file does not say: then nothing was named but the issuer.
        assert_eq!(Named::default().part_of(&own).token_endpoint, None);
    }

    #[test]
    fn without_an_issuer_everything_is_the_users() {
        let own = profile(None, Some("https://t.example/token"));
        assert_eq!(Named::default().part_of(&own), own);
    }
}
