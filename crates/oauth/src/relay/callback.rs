//! The provider's callback.

use serde_json::{Map, Value};

use crate::{
    secret::{AuthorizationCode, State},
    text::Untrusted,
};

/// The names under which a provider may send the code, in order of preference; compared without case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CodeKeys(Vec<String>);

/// Why a list of code keys is none.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CodeKeysError {
    /// No name is in it.
    #[error("no code key is named; the usual ones are code,authorization_code")]
    Empty,
    /// A name that other parameters have.
    #[error("{0:?} cannot be a code key")]
    Reserved(Untrusted),
}

impl Default for CodeKeys {
    fn default() -> Self {
        todo!()
    }
}

impl CodeKeys {
    /// Reads `code,authorization_code`; white space around the names is ignored. A JSON list of strings
    /// (`["code"]`) is read too, because poast-relay's settings take it.
    ///
    /// # Errors
    /// No name; `state`, `error`, `iss` or a name with control characters among them.
    pub fn parse(_text: &str) -> Result<Self, CodeKeysError> {
        todo!()
    }
}

/// A callback, parsed once and without ambiguity.
///
/// Parameter names are compared without case. `Debug` shows names only; values are wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Callback {
    state: Option<State>,
    code: Option<AuthorizationCode>,
    refused: bool,
    parameters: Map<String, Value>,
}

/// Why a callback is refused; answered by 400. No value is quoted.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallbackError {
    /// Not a query, form or JSON object at all, or too much of it.
    #[error("the callback is not well-formed")]
    Malformed,
    /// A parameter twice, names that differ in case with different values, `error` together with a code.
    #[error("the callback can be read in two ways: {0:?}")]
    Ambiguous(Untrusted),
    /// A state, code or error of a type that is none.
    #[error("the parameter {0:?} is not a text")]
    NotText(Untrusted),
}

impl Callback {
    /// Reads the query of a GET, without `?`.
    ///
    /// # Errors
    /// See [`CallbackError`].
    pub fn from_query(_query: &str, _keys: &CodeKeys) -> Result<Self, CallbackError> {
        todo!()
    }

    /// Reads the body of a POST by its content type; without one that is known, as JSON and then as a form.
    ///
    /// # Errors
    /// See [`CallbackError`].
    pub fn from_body(
        _content_type: Option<&str>,
        _body: &[u8],
        _keys: &CodeKeys,
    ) -> Result<Self, CallbackError> {
        todo!()
    }

    /// Which registration it is for; `None`: the single slot. An empty state is none (RFC 6749, section 3.1).
    pub fn state(&self) -> Option<&State> {
        self.state.as_ref()
    }

    /// The code: the first of the code keys that has a value.
    pub fn code(&self) -> Option<&AuthorizationCode> {
        self.code.as_ref()
    }

    /// Whether it is an error response (RFC 6749, section 4.1.2.1): somebody said no.
    pub fn is_refusal(&self) -> bool {
        self.refused
    }

    /// Everything it had, as it was named.
    pub fn parameters(&self) -> &Map<String, Value> {
        &self.parameters
    }
}

impl std::fmt::Debug for Callback {
    fn fmt(&self, _f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}
