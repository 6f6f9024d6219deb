//! Prose of servers, cleansed of what looks like a secret: they like to echo what they were sent.

use serde_json::{Map, Value};

/// Longest excerpt of a body, in characters.
const EXCERPT: usize = 160;

/// Cuts out words that look like tokens, and the query of URLs. UUIDs stay: support asks for them.
pub(crate) fn scrub(text: &str) -> String {
    words(text, 24)
}

/// The same, for text that was not even meant as an error message: shorter words go too.
fn scrub_prose(text: &str) -> String {
    words(text, 12)
}

fn words(text: &str, longest: usize) -> String {
    let mut clean = String::with_capacity(text.len());
    for piece in text.split_inclusive(is_boundary) {
        let word = piece.trim_end_matches(is_boundary);
        let boundary = piece.get(word.len()..).unwrap_or_default();
        clean.push_str(&scrub_word(word, longest));
        clean.push_str(boundary);
    }
    clean
}

fn is_boundary(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '"' | '\'' | '`' | '<' | '>' | '(' | ')' | '[' | ']' | '{' | '}' | ',' | ';'
        )
}

fn scrub_word(word: &str, longest: usize) -> String {
    if let Some((address, _)) = word.split_once('?').filter(|_| word.contains("://")) {
        return format!("{address}?…");
    }
    if word.contains("://") || is_uuid(word) {
        return word.to_owned();
    }
    // `code=…`, `refresh_token:…`: the name may stay.
    if let Some((name, value)) = word
        .split_once(['=', ':'])
        .filter(|(name, value)| !name.is_empty() && !value.is_empty())
    {
        let joint = word.get(name.len()..=name.len()).unwrap_or_default();
        return format!(
            "{}{joint}{}",
            scrub_word(name, longest),
            scrub_word(value, longest)
        );
    }
    let length = word.chars().count();
    let digits = word.bytes().any(|byte| byte.is_ascii_digit());
    if length >= 40 || length >= longest && digits {
        "[…]".to_owned()
    } else {
        word.to_owned()
    }
}

fn is_uuid(word: &str) -> bool {
    let word = word.trim_end_matches('.');
    word.len() == 36
        && word.bytes().enumerate().all(|(i, byte)| {
            if matches!(i, 8 | 13 | 18 | 23) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        })
}

/// The first words of a body that is no OAuth answer: a message of a JSON body, the title of a page, else its text.
pub(crate) fn excerpt(body: &[u8]) -> Option<String> {
    // No more than what can matter, however long the body is.
    let body = body.get(..16 * 1024).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let prose = if text.starts_with('{') || text.starts_with('[') {
        json_message(&serde_json::from_str(text).ok()?)?
    } else if text.starts_with('<') {
        title(text)?.to_owned()
    } else {
        text.to_owned()
    };
    let prose = prose.split_whitespace().collect::<Vec<_>>().join(" ");
    let cut: String = scrub_prose(&prose).chars().take(EXCERPT).collect();
    (!cut.is_empty()).then_some(cut)
}

fn json_message(body: &Map<String, Value>) -> Option<String> {
    [
        "message",
        "detail",
        "error_description",
        "title",
        "error_message",
    ]
    .iter()
    .find_map(|name| body.get(*name)?.as_str().map(str::to_owned))
}

fn title(page: &str) -> Option<&str> {
    // ASCII lower case keeps every byte's place.
    let lower = page.to_ascii_lowercase();
    let start = lower.find("<title")?;
    let start = start + lower.get(start..)?.find('>')? + 1;
    let end = start + lower.get(start..)?.find("</title")?;
    page.get(start..end)
        .map(str::trim)
        .filter(|title| !title.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_like_tokens_go_and_prose_stays() {
        let cases = [
            (
                "Unknown or invalid refresh token.",
                "Unknown or invalid refresh token.",
            ),
            (
                "token v1.MRQ8xkF0aBcDeFgHiJkLmNoP is unknown",
                "token […] is unknown",
            ),
            (
                "refresh_token=v1.MRQ8xkF0aBcDeFgHiJkLmNoP",
                "refresh_token=[…]",
            ),
            (
                "Trace ID: 6731de76-14a6-49ae-97bc-6eba6914391e.",
                "Trace ID: 6731de76-14a6-49ae-97bc-6eba6914391e.",
            ),
            ("of abcdefghijklmnopqrstuvwxyzabcdefghijklmnop", "of […]"),
            (
                "see https://x.example/help?code=secret1",
                "see https://x.example/help?…",
            ),
            (
                "redirect 'http://localhost:1455/callback' differs",
                "redirect 'http://localhost:1455/callback' differs",
            ),
            (
                "Authentifizierungsfehlermeldung",
                "Authentifizierungsfehlermeldung",
            ),
        ];
        for (text, clean) in cases {
            assert_eq!(scrub(text), clean);
        }
    }

    #[test]
    fn excerpts_are_of_messages_titles_or_prose() {
        assert_eq!(
            excerpt(b"  Invalid   client\r\n").as_deref(),
            Some("Invalid client")
        );
        assert_eq!(
            excerpt(br#"{"message":"Bad credentials","token":"canary"}"#).as_deref(),
            Some("Bad credentials")
        );
        assert_eq!(
            excerpt(b"<!DOCTYPE html><html><head><TITLE lang=en>401 Unauthorized</TITLE>x")
                .as_deref(),
            Some("401 Unauthorized")
        );
        assert_eq!(excerpt(b"<html>no title</html>"), None);
        assert_eq!(excerpt(b""), None);
        assert_eq!(
            excerpt(b"bad code ab12cd34ef56ab12 given").as_deref(),
            Some("bad code […] given")
        );
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_short(body in prop::collection::vec(any::<u8>(), 0..400), text in ".*|<title.*|[a-z0-9=:?/<> ]*") {
            if let Some(excerpt) = excerpt(&body).or_else(|| excerpt(text.as_bytes())) {
                prop_assert!(excerpt.chars().count() <= EXCERPT);
            }
            scrub(&text);
        }

        #[test]
        fn a_canary_is_never_echoed(canary in "[A-Za-z0-9_-]{10,30}[0-9][A-Za-z0-9_-]{20}", before in "[a-z ]{0,20}[ =:'\"(]", after in "[ '\")]?") {
            let text = format!("{before}{canary}{after}");
            prop_assert!(!scrub(&text).contains(&canary));
            prop_assert!(excerpt(text.as_bytes()).is_none_or(|excerpt| !excerpt.contains(&canary)));
        }
    }
}
