//! Parameters of a request, each at most once (RFC 6749, sections 3.1 and 3.2).
use super::answer::Refusal;
use std::collections::BTreeMap;

/// Parameters by name; an empty value counts as none (RFC 6749, section 3.1).
pub(crate) struct Unique<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Unique<'a> {
    /// The first parameter that is there twice is an error.
    pub(crate) fn of(pairs: &'a [(String, String)]) -> Result<Self, Refusal> {
        let mut unique = BTreeMap::new();
        for (name, value) in pairs {
            // RFC 8707, section 2: a request can be for several resources.
            if unique.insert(name.as_str(), value.as_str()).is_some() && name != "resource" {
                return Err(Refusal::invalid(format!("{name} is there twice")));
            }
        }
        unique.retain(|_, value| !value.is_empty());
        Ok(Self(unique))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&'a str> {
        self.0.get(name).copied()
    }

    pub(crate) fn need(&self, name: &str) -> Result<&'a str, Refusal> {
        self.get(name)
            .ok_or_else(|| Refusal::invalid(format!("{name} is missing")))
    }

    /// The `scope` parameter in its parts (RFC 6749, section 3.3).
    pub(crate) fn scopes(&self) -> Result<Vec<String>, Refusal> {
        let text = self.get("scope").unwrap_or_default();
        let well_formed = |scope: &str| {
            scope
                .bytes()
                .all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
        };
        let mut scopes: Vec<String> = Vec::new();
        for scope in text.split(' ').filter(|scope| !scope.is_empty()) {
            if !well_formed(scope) {
                return Err(Refusal::new(
                    "invalid_scope",
                    "scope has characters that none may have",
                ));
            }
            if !scopes.iter().any(|known| known == scope) {
                scopes.push(scope.to_owned());
            }
        }
        Ok(scopes)
    }
}
