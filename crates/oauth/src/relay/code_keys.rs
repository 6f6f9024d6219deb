//! Which parameters may hold the code.

use crate::text::Untrusted;

/// Parameters that mean something else.
const RESERVED: &[&str] = &["state", "error", "iss"];

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
    /// It begins with `[` and is no JSON list of strings.
    #[error(
        "the code keys are no JSON list of strings; write code,authorization_code or [\"code\", \"authorization_code\"]"
    )]
    NotAList,
}

impl Default for CodeKeys {
    fn default() -> Self {
        Self(vec!["code".to_owned(), "authorization_code".to_owned()])
    }
}

impl CodeKeys {
    /// Reads `code,authorization_code`; white space around the names is ignored. A JSON list of strings
    /// (`["code"]`) is read too, because poast-relay's settings take it.
    ///
    /// # Errors
    /// No name; `state`, `error`, `iss` or a name with control characters among them; a broken JSON list.
    pub fn parse(text: &str) -> Result<Self, CodeKeysError> {
        let text = text.trim();
        let names: Vec<String> = if text.starts_with('[') {
            serde_json::from_str(text).map_err(|_| CodeKeysError::NotAList)?
        } else {
            text.split(',').map(str::to_owned).collect()
        };
        let mut keys: Vec<String> = Vec::new();
        for name in names.iter().map(|name| name.trim()) {
            let is_reserved = RESERVED.iter().any(|word| word.eq_ignore_ascii_case(name));
            if is_reserved || name.contains(char::is_control) {
                return Err(CodeKeysError::Reserved(Untrusted::new(name)));
            }
            let is_known = keys.iter().any(|key| key.eq_ignore_ascii_case(name));
            if !name.is_empty() && !is_known {
                keys.push(name.to_owned());
            }
        }
        if keys.is_empty() {
            return Err(CodeKeysError::Empty);
        }
        Ok(Self(keys))
    }

    /// The names, the preferred one first.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> Vec<String> {
        CodeKeys::parse(text)
            .unwrap()
            .iter()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn lists_with_commas_and_json_lists_are_read() {
        assert_eq!(
            keys("code,authorization_code"),
            ["code", "authorization_code"]
        );
        assert_eq!(keys(" Code , , code,auth code "), ["Code", "auth code"]);
        assert_eq!(keys(r#" ["code", " authCode "] "#), ["code", "authCode"]);
        assert_eq!(
            CodeKeys::parse("code,authorization_code").unwrap(),
            CodeKeys::default()
        );
    }

    #[test]
    fn lists_that_cannot_work_are_refused() {
        for text in ["", " , ", "[]", r#"[""]"#] {
            assert_eq!(CodeKeys::parse(text), Err(CodeKeysError::Empty), "{text}");
        }
        for text in [
            "code,State",
            "error",
            r#"["ISS"]"#,
            "a\u{7}b",
            r#"["a\nb"]"#,
        ] {
            assert!(
                matches!(CodeKeys::parse(text), Err(CodeKeysError::Reserved(_))),
                "{text}"
            );
        }
        for text in ["[", "[code]", "[1]", r#"["code"],x"#] {
            assert_eq!(
                CodeKeys::parse(text),
                Err(CodeKeysError::NotAList),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_what_is_read_is_read_again(text in ".*|[\\[\\]\",a-z ]*") {
            if let Ok(keys) = CodeKeys::parse(&text) {
                let names: Vec<&str> = keys.iter().collect();
                let list = serde_json::to_string(&names).unwrap();
                prop_assert_eq!(CodeKeys::parse(&list), Ok(keys.clone()));
            }
        }
    }
}
