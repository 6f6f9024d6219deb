//! Nothing is left open: no marks for later, no holes, no test that does not run, no test that is tried again.

use super::Finding;
use super::rust_text::words;
use crate::workspace::Source;

const CODE: &[&str] = &[".rs", ".toml", ".sh", ".mjs", ".js", ".html"];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let code = sources
        .iter()
        .filter(|source| CODE.iter().any(|kind| source.path.ends_with(kind)));
    code.flat_map(|source| {
        source.text.lines().enumerate().filter_map(|(index, line)| {
            let (what, todo) = check_line(&source.path, line)?;
            Some(Finding::error(&source.path, Some(index + 1), what, todo))
        })
    })
    .collect()
}

fn check_line(path: &str, line: &str) -> Option<(String, &'static str)> {
    // Put together here, so that this file does not find itself.
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("XX", "X"),
    ];
    let holes = [concat!("todo", "!("), concat!("unimplemented", "!(")];
    let skipped = [
        concat!("#[ig", "nore"),
        concat!("test.", "skip("),
        concat!("t.", "skip("),
    ];
    if let Some(mark) = words(line).find(|word| marks.contains(word)) {
        return Some((
            format!("{mark} is left"),
            "do it, or file it as an issue and delete the mark",
        ));
    }
    if let Some(hole) = holes.iter().find(|hole| line.contains(**hole)) {
        return Some((format!("{hole}) is left"), "write what belongs there"));
    }
    if let Some(skip) = skipped.iter().find(|skip| line.contains(**skip)) {
        return Some((
            format!("{skip} keeps a test from running"),
            "make the test run, or delete it",
        ));
    }
    let retries = path.ends_with("nextest.toml") && line.trim_start().starts_with("retries");
    retries.then(|| {
        (
            "tests are tried again".to_owned(),
            "find out why the test fails at times",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &str, line: &str) -> bool {
        check_line(path, line).is_some()
    }

    #[test]
    fn what_is_left_open_is_found() {
        assert!(found("a.rs", concat!("// TO", "DO: later")));
        assert!(found("a.rs", concat!("fn f() { todo", "!() }")));
        assert!(found("a.rs", concat!("#[ig", "nore = \"slow\"]")));
        assert!(found(".config/nextest.toml", "retries = 2"));
    }

    #[test]
    fn words_that_only_look_like_it_are_not() {
        assert!(!found("a.rs", "let todos = mastodon();"));
        assert!(!found("a.rs", "\"XXXX-XXXX\""));
        assert!(!found("a.rs", "/// Lines that must be ignored."));
        assert!(!found("a.rs", "let retries = 2;"));
    }
}
