//! The provider's callback.

use std::io;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    callback_error::CallbackError,
    callback_parameters::CallbackParameters,
    code_keys::CodeKeys,
    json::{JsonError, Object},
    line::MAX_LINE,
};
use crate::{
    parameters::Parameters,
    secret::{AuthorizationCode, State},
    text::Untrusted,
};

/// The longest state, in bytes.
pub const MAX_STATE: usize = 4096;
/// The longest code, in bytes.
pub const MAX_CODE: usize = 16 * 1024;

/// Longest query or body, in bytes; the same as of [`Parameters`].
const MAX_LENGTH: usize = 64 * 1024;
/// Most members of a JSON body; the same as of [`Parameters`].
const MAX_COUNT: usize = 100;
/// Most members and elements of a JSON body, at every depth; fewer than a frame may have.
const MAX_VALUES: usize = 256;
/// What a DELIVER has besides state, code and parameters: its punctuation, member names, and the longest delivery.
const FRAME: usize = 256;

/// A callback, parsed once and without ambiguity.
///
/// Parameter names are compared without case. `Debug` shows names only; values are wiped on drop. Whatever it has fits
/// into one line of either protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    state: Option<State>,
    code: Option<AuthorizationCode>,
    refused: bool,
    parameters: CallbackParameters,
}

impl Callback {
    /// Reads the query of a GET, without `?`.
    ///
    /// # Errors
    /// See [`CallbackError`].
    pub fn from_query(query: &str, keys: &CodeKeys) -> Result<Self, CallbackError> {
        let pairs = Parameters::parse(query)?.into_pairs();
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name, Value::String(value)));
        Self::read(CallbackParameters(values.collect()), query.len(), keys)
    }

    /// Reads the body of a POST by its content type; without one that is known, as JSON and then as a form.
    ///
    /// # Errors
    /// See [`CallbackError`].
    pub fn from_body(
        content_type: Option<&str>,
        body: &[u8],
        keys: &CodeKeys,
    ) -> Result<Self, CallbackError> {
        if body.len() > MAX_LENGTH {
            return Err(CallbackError::TooLarge);
        }
        // Charset and other parameters say nothing: JSON and forms are UTF-8.
        let kind = content_type.and_then(|header| header.split(';').next());
        let kind = kind.unwrap_or_default().trim();
        if kind.eq_ignore_ascii_case("application/json") {
            return Self::from_json(body, keys);
        }
        if kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Self::from_form(body, keys);
        }
        // What begins like JSON is never read as a form too: broken JSON would be a parameter with a strange name. And
        // what has no `=` is some other text.
        match body.trim_ascii_start().first() {
            Some(b'{' | b'[' | b'"') => Self::from_json(body, keys),
            Some(_) if body.contains(&b'=') => Self::from_form(body, keys),
            _ => Err(CallbackError::Malformed),
        }
    }

    fn from_form(body: &[u8], keys: &CodeKeys) -> Result<Self, CallbackError> {
        let text = std::str::from_utf8(body).map_err(|_| CallbackError::Malformed)?;
        Self::from_query(text, keys)
    }

    fn from_json(body: &[u8], keys: &CodeKeys) -> Result<Self, CallbackError> {
        let mut object = Object::parse(body, MAX_VALUES).map_err(|error| match error {
            JsonError::Malformed => CallbackError::Malformed,
            JsonError::TooMany => CallbackError::TooLarge,
            JsonError::Repeated(name) => CallbackError::Ambiguous(Untrusted::new(name)),
        })?;
        let mut parameters = CallbackParameters(std::mem::take(&mut object.0));
        if parameters.0.len() > MAX_COUNT {
            return Err(CallbackError::TooLarge);
        }
        refuse_clashes(&parameters.0)?;
        parameters.0.iter_mut().try_for_each(single_line)?;
        Self::read(parameters, body.len(), keys)
    }

    /// Finds what means something. `length` is what it took to write the parameters down when they came.
    fn read(
        parameters: CallbackParameters,
        length: usize,
        keys: &CodeKeys,
    ) -> Result<Self, CallbackError> {
        if parameters.0.is_empty() {
            return Err(CallbackError::Malformed);
        }
        let state = state(&parameters.0)?;
        let code = code(&parameters.0, keys)?;
        let refused = is_refusal(&parameters.0)?;
        if refused && code.is_some() {
            return Err(CallbackError::Ambiguous(Untrusted::new("error")));
        }
        let callback = Self {
            state: state.map(State::new),
            code: code.map(AuthorizationCode::new),
            refused,
            parameters,
        };
        // JSON makes six bytes of one at most, and code and state may be there twice.
        if length * 12 + FRAME > MAX_LINE && callback.written_length() + FRAME > MAX_LINE {
            return Err(CallbackError::TooLarge);
        }
        Ok(callback)
    }

    fn written_length(&self) -> usize {
        let state = self.state.as_ref().map(State::expose);
        let code = self.code.as_ref().map(AuthorizationCode::expose);
        json_length(&state) + json_length(&code) + json_length(&self.parameters.0)
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
        &self.parameters.0
    }
}

/// Names that differ in case with different values, as [`Parameters`] refuses them.
fn refuse_clashes(members: &Map<String, Value>) -> Result<(), CallbackError> {
    for (index, (name, value)) in members.iter().enumerate() {
        let clash = |(other, different): (&String, &Value)| {
            other.eq_ignore_ascii_case(name) && different != value
        };
        if members.iter().take(index).any(clash) {
            return Err(CallbackError::Ambiguous(Untrusted::new(name)));
        }
    }
    Ok(())
}

/// What [`Parameters`] demands of a query, of JSON too: no line breaks and no NUL, but for the prose of a description.
/// Deeper texts reach nothing but the program, escaped.
fn single_line((name, value): (&String, &mut Value)) -> Result<(), CallbackError> {
    let Value::String(text) = value else {
        return refuse_breaks(name);
    };
    if name == "error_description" && text.contains(['\r', '\n']) {
        *text = text.replace(['\r', '\n'], " ");
    }
    refuse_breaks(name)?;
    refuse_breaks(text)
}

fn refuse_breaks(text: &str) -> Result<(), CallbackError> {
    if text.contains(['\r', '\n', '\0']) {
        return Err(CallbackError::Malformed);
    }
    Ok(())
}

fn state(parameters: &Map<String, Value>) -> Result<Option<String>, CallbackError> {
    match find(parameters, "state") {
        None | Some((_, Value::Null)) => Ok(None),
        Some((_, Value::String(text))) => usable(text, MAX_STATE),
        Some((name, _)) => Err(CallbackError::NotText(Untrusted::new(name))),
    }
}

fn code(parameters: &Map<String, Value>, keys: &CodeKeys) -> Result<Option<String>, CallbackError> {
    for key in keys.iter() {
        let Some((name, value)) = find(parameters, key) else {
            continue;
        };
        let value = match value {
            Value::Array(values) => values.first().unwrap_or(&Value::Null),
            single => single,
        };
        let text = match value {
            Value::Null | Value::Bool(false) => None,
            Value::String(text) => usable(text, MAX_CODE)?,
            // A fraction, or a number beyond 64 bits, is not what the provider wrote any more.
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => return Err(CallbackError::NotText(Untrusted::new(name))),
        };
        if text.is_some() {
            return Ok(text);
        }
    }
    Ok(None)
}

fn is_refusal(parameters: &Map<String, Value>) -> Result<bool, CallbackError> {
    match find(parameters, "error") {
        None | Some((_, Value::Null | Value::Bool(false))) => Ok(false),
        Some((_, Value::String(text))) => Ok(!text.is_empty()),
        Some((name, _)) => Err(CallbackError::NotText(Untrusted::new(name))),
    }
}

/// By name without case. Where there are several, their values are the same.
fn find<'a>(parameters: &'a Map<String, Value>, name: &str) -> Option<(&'a str, &'a Value)> {
    let found = parameters.get_key_value(name);
    found
        .or_else(|| {
            parameters
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
        })
        .map(|(name, value)| (name.as_str(), value))
}

/// An empty text is none. One with control characters, or a longer one, comes from no provider.
fn usable(text: &str, longest: usize) -> Result<Option<String>, CallbackError> {
    if text.len() > longest {
        return Err(CallbackError::TooLarge);
    }
    if text.contains(char::is_control) {
        return Err(CallbackError::Malformed);
    }
    Ok((!text.is_empty()).then(|| text.to_owned()))
}

/// How many bytes a value has as JSON.
fn json_length(value: &impl Serialize) -> usize {
    struct Counter(usize);
    impl io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Whatever cannot be written is longer than every line.
    serde_json::to_writer(&mut counter, value).map_or(MAX_LINE, |()| counter.0)
}

#[cfg(test)]
mod bounds_tests;
#[cfg(test)]
mod tests;
