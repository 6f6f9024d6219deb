//! Names that say nothing are not used: a file, module or type is named after its concept.

use super::Finding;
use super::rust_text::{code_lines, rust, words};
use crate::workspace::Source;

const EMPTY: &[&str] = &[
    "util", "utils", "common", "helper", "helpers", "manager", "misc",
];
const EMPTY_ENDS: &[&str] = &["Util", "Utils", "Helper", "Helpers", "Manager"];
const RENAME: &str = "name it after what it is or does";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        let parts = source
            .path
            .split('/')
            .map(|part| part.split_once('.').map_or(part, |(stem, _)| stem));
        // `tests/common` is what cargo's own book calls the folder that tests share.
        for part in
            parts.filter(|part| EMPTY.contains(part) && !source.path.contains("tests/common"))
        {
            findings.push(Finding::error(
                &source.path,
                None,
                format!("the name {part:?} says nothing"),
                RENAME,
            ));
        }
    }
    for source in rust(sources) {
        for (line, code) in code_lines(&source.text) {
            let name = definition(&code).filter(|(keyword, name)| says_nothing(keyword, name));
            if let Some((_, name)) =
                name.filter(|(_, name)| *name != "common" || !source.path.contains("/tests/"))
            {
                findings.push(Finding::error(
                    &source.path,
                    Some(line),
                    format!("the name {name:?} says nothing"),
                    RENAME,
                ));
            }
        }
    }
    findings
}

/// The keyword and name of what a line defines.
fn definition(code: &str) -> Option<(&str, &str)> {
    let mut before = words(code).zip(words(code).skip(1));
    before.find(|(keyword, _)| ["fn", "struct", "enum", "trait", "mod", "type"].contains(keyword))
}

fn says_nothing(keyword: &str, name: &str) -> bool {
    match keyword {
        "fn" => name.starts_with("get_"),
        "mod" => EMPTY.contains(&name),
        _ => EMPTY_ENDS.iter().any(|end| name.ends_with(end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        check(&[Source {
            path: path.to_owned(),
            text: text.to_owned(),
        }])
        .len()
    }

    #[test]
    fn empty_names_are_found() {
        assert_eq!(count("crates/a/src/utils.rs", ""), 1);
        assert_eq!(count("crates/a/src/helpers/token.rs", ""), 1);
        assert_eq!(
            count("crates/a/src/a.rs", "pub(crate) struct TokenManager;"),
            1
        );
        assert_eq!(count("crates/a/src/a.rs", "pub async fn get_token() {}"), 1);
        assert_eq!(count("crates/a/src/a.rs", "mod common;"), 1);
    }

    #[test]
    fn others_are_not() {
        assert_eq!(count("crates/a/tests/common/mod.rs", ""), 0);
        assert_eq!(count("crates/a/tests/login.rs", "mod common;"), 0);
        assert_eq!(
            count(
                "crates/a/src/a.rs",
                "pub fn get(&self) {}\nfn target_of() {}\nlet utils = 1;"
            ),
            0
        );
    }
}
