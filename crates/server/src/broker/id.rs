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
