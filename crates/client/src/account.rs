//! Names of providers and accounts, and the file each pair has.

use std::{fmt, str::FromStr};

/// The account name that is used when nobody names one.
pub const DEFAULT_ACCOUNT: &str = "default";

/// Longest name of an account, in bytes.
const LONGEST: usize = 100;
/// Longest name of a provider, in bytes: the profile's own rule.
pub(crate) const LONGEST_PROVIDER: usize = 64;

/// One login: a provider and an account there. One credential file and one lock belong to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountKey {
    provider: String,
    account: String,
}

/// A name that cannot be one.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name:?} cannot be {what}; {rule}")]
pub struct AccountError {
    name: String,
    what: &'static str,
    rule: &'static str,
}

impl AccountKey {
    /// Checks both names.
    ///
    /// # Errors
    /// A name with characters that could leave the directory or collide on some file system.
    pub fn new(provider: &str, account: &str) -> Result<Self, AccountError> {
        check_provider(provider)?;
        check_account(account)?;
        Ok(Self {
            provider: provider.into(),
            account: account.into(),
        })
    }

    /// Name of the provider.
    pub fn provider(&self) -> &str {
        &self.provider
    }

    /// Name of the account.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// `PROVIDER@ACCOUNT`: the first `@` separates, because a provider's name has none.
    pub fn stem(&self) -> String {
        format!("{}@{}", self.provider, self.account)
    }
}

impl fmt::Display for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.account == DEFAULT_ACCOUNT {
            f.write_str(&self.provider)
        } else {
            write!(f, "{} as {}", self.provider, self.account)
        }
    }
}

impl FromStr for AccountKey {
    type Err = AccountError;

    fn from_str(stem: &str) -> Result<Self, AccountError> {
        let (provider, account) = stem.split_once('@').unwrap_or((stem, DEFAULT_ACCOUNT));
        Self::new(provider, account)
    }
}

/// Checks a provider's name: `[a-z0-9][a-z0-9._-]*`, at most 64 characters.
///
/// # Errors
/// The rule.
pub fn check_provider(name: &str) -> Result<(), AccountError> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    check(
        name,
        "the name of a provider",
        "use at most 64 of a-z, 0-9, dot, dash and underscore, starting with a letter or digit",
        LONGEST_PROVIDER,
        allowed,
    )
}

/// Checks an account's name: `[A-Za-z0-9][A-Za-z0-9._@+-]*`, at most 100 characters.
///
/// # Errors
/// The rule.
pub fn check_account(name: &str) -> Result<(), AccountError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._-@+".contains(c);
    check(
        name,
        "the name of an account",
        "use at most 100 letters, digits and . _ - @ +, starting with a letter or digit",
        LONGEST,
        allowed,
    )
}

fn check(
    name: &str,
    what: &'static str,
    rule: &'static str,
    longest: usize,
    allowed: fn(char) -> bool,
) -> Result<(), AccountError> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if starts_well && name.len() <= longest && name.chars().all(allowed) {
        return Ok(());
    }
    Err(AccountError {
        name: name.chars().take(LONGEST).collect(),
        what,
        rule,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stem_reads_back() {
        let key = AccountKey::new("op.example.com", "ada@example.com").unwrap();
        assert_eq!(key.stem().parse::<AccountKey>().unwrap(), key);
        assert_eq!(key.to_string(), "op.example.com as ada@example.com");
    }

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "../x",
            "-x",
            "a\0",
            "Ünï",
            &"a".repeat(101),
        ] {
            assert!(check_provider(name).is_err(), "{name:?}");
            assert!(check_account(name).is_err(), "{name:?}");
        }
        assert!(
            check_provider("GitHub").is_err(),
            "upper case would collide on some file systems"
        );
    }
}
