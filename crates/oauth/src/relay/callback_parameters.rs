//! Everything that a callback had.

use std::fmt;

use serde_json::{Map, Value};

use super::json;
use crate::text::Untrusted;

/// A callback's parameters. `Debug` shows names only; values are wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct CallbackParameters(pub Map<String, Value>);

impl fmt::Debug for CallbackParameters {
    /// The name of an empty value may be a secret that lost its own name, and is not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = self
            .0
            .iter()
            .filter(|(_, value)| !matches!(value, Value::String(text) if text.is_empty()))
            .map(|(name, _)| Untrusted::new(name));
        f.write_str("CallbackParameters")?;
        f.debug_list().entries(named).finish()
    }
}

impl Drop for CallbackParameters {
    fn drop(&mut self) {
        self.0.values_mut().for_each(json::wipe);
    }
}
