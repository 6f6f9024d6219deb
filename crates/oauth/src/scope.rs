//! Scopes (RFC 6749, section 3.3): an ordered set of tokens.

use std::collections::HashSet;

/// Scopes in the order given, each once.
///
/// `serde` writes one space-separated string and reads a string or a list of strings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<String>);

impl Scopes {
    /// Splits at white space and commas alike (GitHub answers with commas); never fails.
    ///
    /// A token with a character that RFC 6749, section 3.3 does not allow is dropped.
    pub fn parse(text: &str) -> Self {
        let mut seen = HashSet::new();
        Self(
            tokens(text)
                .filter(|token| seen.insert(*token))
                .map(str::to_owned)
                .collect(),
        )
    }

    /// Joined by the separator the provider expects.
    pub fn join(&self, separator: char) -> String {
        self.0.join(separator.encode_utf8(&mut [0; 4]))
    }

    /// Adds one, if it is not there; what is no scope token is dropped, as in [`Scopes::parse`].
    pub fn insert(&mut self, scope: &str) {
        for token in tokens(scope) {
            if !self.contains(token) {
                self.0.push(token.to_owned());
            }
        }
    }

    /// Whether it is there; scopes are compared exactly, case included.
    pub fn contains(&self, scope: &str) -> bool {
        self.0.iter().any(|known| known == scope)
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<T: AsRef<str>> FromIterator<T> for Scopes {
    fn from_iter<I: IntoIterator<Item = T>>(scopes: I) -> Self {
        let joined: Vec<String> = scopes
            .into_iter()
            .map(|scope| scope.as_ref().to_owned())
            .collect();
        Self::parse(&joined.join(" "))
    }
}

fn tokens(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .filter(|token| !token.is_empty() && token.bytes().all(is_scope_byte))
}

/// `scope-token` of RFC 6749, section 3.3.
fn is_scope_byte(byte: u8) -> bool {
    matches!(byte, 0x21 | 0x23..=0x5B | 0x5D..=0x7E)
}

impl serde::Serialize for Scopes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.join(' '))
    }
}

impl<'de> serde::Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Scopes;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("scopes as a string or a list of strings")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Scopes, E> {
                Ok(Scopes::parse(text))
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(
                self,
                mut list: A,
            ) -> Result<Scopes, A::Error> {
                let mut scopes = Vec::new();
                while let Some(scope) = list.next_element::<String>()? {
                    scopes.push(scope);
                }
                Ok(scopes.into_iter().collect())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spaces_and_commas_separate_and_order_stays() {
        let scopes =
            Scopes::parse(" openid,profile  email\topenid https://www.googleapis.com/auth/drive ");
        assert_eq!(
            scopes.join(' '),
            "openid profile email https://www.googleapis.com/auth/drive"
        );
        assert_eq!(
            scopes.join(','),
            "openid,profile,email,https://www.googleapis.com/auth/drive"
        );
        assert_eq!(scopes.len(), 4);
    }

    #[test]
    fn bad_tokens_are_dropped_whole() {
        assert_eq!(
            Scopes::parse("ok b\"ad b\\ad bäd a\u{1b}[2Jb").join(' '),
            "ok"
        );
    }

    #[test]
    fn insert_keeps_each_once() {
        let mut scopes = Scopes::parse("a");
        scopes.insert("b");
        scopes.insert("a");
        scopes.insert("");
        scopes.insert("c d");
        assert_eq!(scopes.iter().collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert!(scopes.contains("b") && !scopes.contains("B"));
    }

    #[test]
    fn serde_reads_strings_and_lists() {
        for json in ["\"a b\"", "\"a,b\"", "[\"a\",\"b\"]", "[\"a b\"]"] {
            let scopes: Scopes = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&scopes).unwrap(), "\"a b\"", "{json}");
        }
        assert!(serde_json::from_str::<Scopes>("[1]").is_err());
    }

    proptest! {
        #[test]
        fn what_is_parsed_survives_a_round_trip(text in ".*") {
            let scopes = Scopes::parse(&text);
            prop_assert_eq!(&Scopes::parse(&scopes.join(' ')), &scopes);
            prop_assert_eq!(&Scopes::parse(&scopes.join(',')), &scopes);
        }
    }
}
