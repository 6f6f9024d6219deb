//! What a person pastes: a full redirect URL, `code#state`, a query string, or a bare code.

use crate::{
    authorization::{AuthorizationError, AuthorizationRequest, CodeGrant},
    parameters::{Parameters, ParametersError},
    secret::AuthorizationCode,
};
use percent_encoding::percent_decode_str;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// Longest text, in bytes.
const MAX_LENGTH: usize = 64 * 1024;

/// Why it does not serve.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PastedError {
    /// Empty.
    #[error("nothing was pasted")]
    Empty,
    /// It is the URL that was to be opened.
    #[error("this is the address to open, not the one the browser ended at")]
    RequestUrl,
    /// Too long, or control characters inside.
    #[error("this is not a code or a redirect URL")]
    Malformed,
    /// `code#state` of this login, without its last letters.
    #[error("the end of the code is missing")]
    Cut,
    /// Parsed, but refused.
    #[error(transparent)]
    Refused(#[from] AuthorizationError),
}

/// Reads pasted text (bracketed-paste marks, white space and quotes around it are dropped; up to 64 KiB).
///
/// Line breaks inside, with which terminals wrap long text, are dropped too. Whatever carries a `state` has it
/// checked, and `iss` where it is due. A bare code carries neither, and is taken all the same, even from an issuer
/// that promises `iss`: the person carried it here by hand, and PKCE binds it to this login, so a code bought by
/// another login is of no use (RFC 9700, section 2.1.1).
///
/// # Errors
/// It is empty, no code, not an answer to this request, or an answer that says no.
pub fn read(request: &AuthorizationRequest, text: &str) -> Result<CodeGrant, PastedError> {
    if text.len() > MAX_LENGTH {
        return Err(PastedError::Malformed);
    }
    let text = Zeroizing::new(unwrapped(bare(text)));
    if text.is_empty() {
        return Err(PastedError::Empty);
    }
    if let Some(query) = query(&text) {
        return answered(request, &query);
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace()) || is_url(&text) {
        return Err(PastedError::Malformed);
    }
    match text.rsplit_once('#') {
        Some((code, state)) if !code.is_empty() => {
            let expected = request.state().expose();
            if bool::from(state.as_bytes().ct_eq(expected.as_bytes())) {
                Ok(request.grant_bare(AuthorizationCode::new(decoded(code))))
            } else if !state.is_empty() && expected.starts_with(state) {
                Err(PastedError::Cut)
            } else {
                Err(AuthorizationError::WrongState.into())
            }
        }
        Some(_) => Err(PastedError::Malformed),
        None => Ok(request.grant_bare(AuthorizationCode::new(decoded(&text)))),
    }
}

fn answered(request: &AuthorizationRequest, query: &str) -> Result<CodeGrant, PastedError> {
    let parameters = Parameters::parse(query).map_err(|error| match error {
        ParametersError::Repeated(_) => PastedError::Refused(AuthorizationError::Ambiguous),
        _ => PastedError::Malformed,
    })?;
    // No answer carries these two; the request does, and with some providers a `code` as well.
    if parameters.get("response_type").is_some() && parameters.get("client_id").is_some() {
        return Err(PastedError::RequestUrl);
    }
    if ["code", "error", "state"]
        .iter()
        .all(|name| parameters.get(name).is_none())
    {
        return Err(PastedError::Malformed);
    }
    Ok(request.check(&parameters)?)
}

/// The text without what surrounds it: paste marks (with or without their escape), white space, quotes, brackets.
fn bare(mut text: &str) -> &str {
    loop {
        let before = text;
        text = text.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}' | '\0')
        });
        for mark in [
            "\u{1b}[200~",
            "\u{1b}[201~",
            "^[[200~",
            "^[[201~",
            "[200~",
            "[201~",
        ] {
            text = text.strip_prefix(mark).unwrap_or(text);
            text = text.strip_suffix(mark).unwrap_or(text);
        }
        for (open, close) in [
            ('"', '"'),
            ('\'', '\''),
            ('`', '`'),
            ('<', '>'),
            ('“', '”'),
            ('‘', '’'),
            ('«', '»'),
        ] {
            text = text
                .strip_prefix(open)
                .and_then(|inner| inner.strip_suffix(close))
                .unwrap_or(text);
        }
        if text.len() == before.len() {
            return text;
        }
    }
}

/// Without line breaks and the blanks around them.
fn unwrapped(text: &str) -> String {
    text.split(['\r', '\n'])
        .map(|line| line.trim_matches([' ', '\t']))
        .collect()
}

/// The parameters of a redirect URL or query, in the query or, where that has none, in the fragment; `None` for a
/// bare code or `code#state`.
fn query(text: &str) -> Option<Zeroizing<String>> {
    // A terminal or a mail program may have put blanks into it; a code or URL has none of its own.
    let text = Zeroizing::new(text.split([' ', '\t']).collect::<String>());
    let (before, fragment) = text.split_once('#').unwrap_or((&text, ""));
    let query = before.split_once('?').map(|(_, query)| query);
    let naked = (query.is_none() && !is_url(before)).then_some(before);
    let mut candidates = [query, Some(fragment), naked].into_iter().flatten();
    // What has a query is no bare code, whatever the query says.
    let found = candidates.find(|candidate| has_answer(candidate)).or(query);
    found.map(|query| Zeroizing::new(query.to_owned()))
}

/// A scheme and a slash: `https://…`, `com.example.app:/…`.
fn is_url(text: &str) -> bool {
    text.split_once(":/").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    })
}

fn has_answer(query: &str) -> bool {
    query.split('&').any(|piece| {
        ["code=", "error=", "state="]
            .iter()
            .any(|name| piece.starts_with(name))
    })
}

/// A code copied by hand out of an address bar is still percent-encoded; a code itself has no `%XX` in it.
fn decoded(code: &str) -> String {
    let encoded = code
        .split('%')
        .skip(1)
        .all(|rest| rest.bytes().take(2).filter(u8::is_ascii_hexdigit).count() == 2);
    let text = if encoded {
        percent_decode_str(code).decode_utf8().ok()
    } else {
        None
    };
    match text {
        Some(text) if !text.chars().any(char::is_control) => text.into_owned(),
        _ => code.to_owned(),
    }
}

#[cfg(test)]
mod tests;
