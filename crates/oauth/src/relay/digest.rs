//! States as digests: what the relay keeps, and what stands in its addresses.

use crate::secret::State;

/// SHA-256 of a state. Its text is base64url without padding, 43 characters.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StateDigest([u8; 32]);

impl StateDigest {
    /// The digest of a state's bytes.
    pub fn of(_state: &State) -> Self {
        todo!()
    }

    /// Reads the text of an address; `None` where it is not exactly one.
    pub fn parse(_text: &str) -> Option<Self> {
        todo!()
    }

    /// The first 8 characters: enough to follow one login through a log, too little to be anything else.
    pub fn short(&self) -> String {
        todo!()
    }
}

impl std::fmt::Display for StateDigest {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

impl std::fmt::Debug for StateDigest {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
