//! The built-in catalogue: one TOML table per provider, data and no code.

use oarlock_oauth::profile::ProviderProfile;
use toml::Table;

/// Name and text of every built-in profile, sorted by name.
const PROFILES: &[(&str, &str)] = &[
    ("github", include_str!("catalogue/github.toml")),
    ("gitlab", include_str!("catalogue/gitlab.toml")),
    ("google", include_str!("catalogue/google.toml")),
    ("huggingface", include_str!("catalogue/huggingface.toml")),
    ("microsoft", include_str!("catalogue/microsoft.toml")),
];

/// A built-in profile that cannot be read; a test reads them all.
#[derive(Debug, thiserror::Error)]
#[error("the built-in provider {name:?} cannot be read: {message}")]
pub struct CatalogueError {
    name: String,
    message: String,
}

/// Names of the built-in providers, sorted.
pub fn names() -> impl Iterator<Item = &'static str> {
    PROFILES.iter().map(|(name, _)| *name)
}

/// A built-in profile as a table; `None` where there is none of that name.
///
/// # Errors
/// The catalogue itself is broken.
pub(crate) fn table(name: &str) -> Result<Option<Table>, CatalogueError> {
    let Some((_, text)) = PROFILES.iter().find(|(known, _)| *known == name) else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|error| broken(name, &error))
}

/// A built-in profile; `None` where there is none of that name.
///
/// # Errors
/// The catalogue itself is broken.
pub fn profile(name: &str) -> Result<Option<ProviderProfile>, CatalogueError> {
    let Some(mut table) = table(name)? else {
        return Ok(None);
    };
    table.insert("name".into(), name.into());
    table
        .try_into()
        .map(Some)
        .map_err(|error| broken(name, &error))
}

fn broken(name: &str, error: &toml::de::Error) -> CatalogueError {
    CatalogueError {
        name: name.into(),
        message: error.message().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_profile_reads_and_holds_nobodys_client_id() {
        for name in names() {
            let profile = profile(name).unwrap().unwrap();
            assert_eq!(profile.name, name);
            profile.validate().unwrap();
            assert_eq!(
                profile.client_id, None,
                "{name}: the user brings the client id"
            );
            assert!(
                profile.registration_page.is_some(),
                "{name}: says where a client is registered"
            );
            assert!(
                profile.issuer.is_some() || profile.token_endpoint.is_some(),
                "{name}"
            );
        }
        assert!(names().is_sorted());
    }
}
