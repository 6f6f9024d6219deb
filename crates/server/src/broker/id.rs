//! Names of rows: 128 random bits as 26 letters and digits. They are shown to operators and say nothing; knowing one opens nothing.

use std::fmt;

use oarlock_oauth::Random;

const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
const LENGTH: usize = 26;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// A new one.
            pub fn from_random(random: Random) -> Self {
                Self(text(random))
            }

            /// One that was made before, as it stands in the store or on a command line. Whether it exists is for the store to say.
            pub fn known(text: impl Into<String>) -> Self {
                Self(text.into())
            }

            /// As text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

ids! {
    /// A login under way.
    LoginId;
    /// A person: `sub` of the tokens made here.
    UserId;
    /// A session: `sid` of the tokens made here.
    SessionId;
}

fn text(random: Random) -> String {
    random
        .iter()
        .take(LENGTH)
        .filter_map(|byte| ALPHABET.get(usize::from(byte % 32)))
        .map(|&letter| char::from(letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use oarlock_io::entropy;

    use super::*;

    #[test]
    fn ids_are_26_letters_and_digits_and_differ() {
        let ids: HashSet<String> = (0..1000)
            .map(|_| SessionId::from_random(entropy::random().unwrap()).to_string())
            .collect();
        assert_eq!(ids.len(), 1000);
        for id in &ids {
            assert_eq!(id.len(), LENGTH);
            assert!(id.bytes().all(|byte| ALPHABET.contains(&byte)), "{id}");
        }
        // Every letter is as likely as any other: 26,000 draws of 32 letters, about 812 each.
        for letter in ALPHABET {
            let drawn = ids.iter().flat_map(|id| id.bytes());
            let count = drawn.filter(|byte| byte == letter).count();
            assert!((600..1050).contains(&count), "{letter}: {count}");
        }
    }

    #[test]
    fn an_id_is_made_of_its_randomness_alone() {
        let mut random = [0; 32];
        random[0] = 31;
        random[1] = 32;
        random[25] = 26;
        let expected = format!("7{}2", "a".repeat(24));
        assert_eq!(LoginId::from_random(random).as_str(), expected);
        random[26] = 1;
        assert_eq!(LoginId::from_random(random).as_str(), expected);
    }

    #[test]
    fn ids_are_plain_text_in_json() {
        let id = UserId::known("abc");
        assert_eq!(serde_json::to_string(&id).unwrap(), r#""abc""#);
        assert_eq!(serde_json::from_str::<UserId>(r#""abc""#).unwrap(), id);
    }
}
