//! Bearer token usage and challenges (RFC 6750).

use crate::text::Untrusted;
use std::borrow::Cow;

/// A `WWW-Authenticate: Bearer` challenge (RFC 6750, section 3; RFC 9728, section 5.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BearerChallenge {
    /// `realm`.
    pub realm: Option<Untrusted>,
    /// `error`: `invalid_token`, `insufficient_scope` or `invalid_request`; none where no token was sent.
    pub error: Option<Untrusted>,
    /// `error_description`.
    pub error_description: Option<Untrusted>,
    /// `scope`: what would be enough.
    pub scope: Option<Untrusted>,
    /// `resource_metadata`, as sent: to be parsed as an endpoint before use.
    pub resource_metadata: Option<String>,
}

/// The first Bearer challenge of a header value (RFC 9110, section 11.6.1).
///
/// Several challenges may share a value; scheme and parameter names are compared without case; of a repeated
/// parameter the first counts. Header values in several lines are to be joined by commas.
pub fn challenge(header: &str) -> Option<BearerChallenge> {
    let mut found: Option<BearerChallenge> = None;
    for element in elements(header) {
        let (scheme, parameter) = split_scheme(element);
        match scheme {
            Some(_) if found.is_some() => break,
            Some(scheme) if scheme.eq_ignore_ascii_case("bearer") => {
                found = Some(BearerChallenge::default())
            }
            _ => {}
        }
        if let (Some(challenge), Some((name, value))) = (&mut found, parameter.split_once('=')) {
            challenge.set(
                name.trim_matches(is_blank),
                &unquote(value.trim_matches(is_blank)),
            );
        }
    }
    found
}

impl BearerChallenge {
    fn set(&mut self, name: &str, value: &str) {
        if name.eq_ignore_ascii_case("resource_metadata") {
            self.resource_metadata
                .get_or_insert_with(|| value.to_owned());
            return;
        }
        let fields = [
            ("realm", &mut self.realm),
            ("error", &mut self.error),
            ("error_description", &mut self.error_description),
            ("scope", &mut self.scope),
        ];
        if let Some((_, field)) = fields
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known))
        {
            field.get_or_insert_with(|| Untrusted::new(value));
        }
    }
}

/// The elements of a comma-separated list; commas inside quotes do not count (RFC 9110, section 5.6.1).
fn elements(header: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    let outside_comma = move |c: char| {
        let escape = quoted && !escaped && c == '\\';
        if c == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = escape;
        c == ',' && !quoted
    };
    header
        .split(outside_comma)
        .map(|element| element.trim_matches(is_blank))
        .filter(|element| !element.is_empty())
}

/// The scheme an element begins with, if it begins a challenge, and the rest: a parameter, a `token68`, or nothing.
///
/// `Bearer`, `Bearer a=b` and `Negotiate abc==` begin one; `a=b` and, with the blanks RFC 9110 tolerates, `a = b` do not.
fn split_scheme(element: &str) -> (Option<&str>, &str) {
    let end = element.find(|c| !is_token(c)).unwrap_or(element.len());
    let (token, rest) = element.split_at(end);
    let rest = rest.trim_start_matches(is_blank);
    if token.is_empty() || rest.starts_with('=') {
        (None, element)
    } else {
        (Some(token), rest)
    }
}

/// The inside of a quoted string, without its escapes; a token as it is (RFC 9110, section 5.6.4).
fn unquote(value: &str) -> Cow<'_, str> {
    let Some(inner) = value.strip_prefix('"') else {
        return Cow::Borrowed(value);
    };
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(c) = characters.next() {
        match c {
            '"' => break,
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    Cow::Owned(text)
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// `tchar` of RFC 9110, section 5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn text(field: &Option<Untrusted>) -> Option<&str> {
        field.as_ref().map(Untrusted::raw)
    }

    #[test]
    fn a_challenge_with_everything() {
        let header = r#"Bearer realm="example", error="invalid_token", error_description="It \"expired\", sorry", scope="a b",resource_metadata="https://r.example/.well-known/oauth-protected-resource""#;
        let challenge = challenge(header).unwrap();
        assert_eq!(text(&challenge.realm), Some("example"));
        assert_eq!(text(&challenge.error), Some("invalid_token"));
        assert_eq!(
            text(&challenge.error_description),
            Some("It \"expired\", sorry")
        );
        assert_eq!(text(&challenge.scope), Some("a b"));
        assert_eq!(
            challenge.resource_metadata.as_deref(),
            Some("https://r.example/.well-known/oauth-protected-resource")
        );
    }

    #[test]
    fn several_challenges_in_one_value() {
        let header = r#"Basic realm="Bearer error=\"no\"", Negotiate abc==, bEaReR error=insufficient_scope , SCOPE = "x,y" , Digest realm="d", error="other""#;
        let found = challenge(header).unwrap();
        assert_eq!(text(&found.error), Some("insufficient_scope"));
        assert_eq!(text(&found.scope), Some("x,y"));
        assert_eq!(found.realm, None);
        let found = challenge("Bearer, Bearer error=second").unwrap();
        assert_eq!(found, BearerChallenge::default());
    }

    #[test]
    fn bare_and_absent_challenges() {
        assert_eq!(challenge("Bearer"), Some(BearerChallenge::default()));
        assert_eq!(challenge(" , Bearer ,"), Some(BearerChallenge::default()));
        for header in [
            "",
            "Basic realm=x",
            "Bearerish a=b",
            "realm=\"Bearer\"",
            "Basic realm=\"x, Bearer error=y\"",
        ] {
            assert_eq!(challenge(header), None, "{header}");
        }
    }

    #[test]
    fn of_a_repeated_parameter_the_first_counts() {
        let found = challenge("Bearer error=invalid_token, ERROR=x").unwrap();
        assert_eq!(text(&found.error), Some("invalid_token"));
    }

    #[test]
    fn unfinished_quotes_and_escapes_end_with_the_value() {
        assert_eq!(
            text(&challenge("Bearer error=\"inval").unwrap().error),
            Some("inval")
        );
        assert_eq!(
            text(&challenge("Bearer error=\"inval\\").unwrap().error),
            Some("inval")
        );
    }

    proptest! {
        #[test]
        fn never_panics(header in ".*|(Bearer|[a-z,= \"\\\\\t])*") {
            challenge(&header);
        }

        #[test]
        fn a_quoted_value_comes_back(value in "[ -~]*") {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
            let header = format!("Basic realm=\"x\", Bearer realm=\"{quoted}\", error=e");
            let found = challenge(&header).unwrap();
            prop_assert_eq!(text(&found.realm), Some(value.as_str()));
            prop_assert_eq!(text(&found.error), Some("e"));
        }
    }
}
