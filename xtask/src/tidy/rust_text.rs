//! As much reading of Rust as the rules need: lines without comments, and where the tests begin.

use crate::workspace::Source;

/// Rust files.
pub(super) fn rust(sources: &[Source]) -> impl Iterator<Item = &Source> {
    sources.iter().filter(|source| source.path.ends_with(".rs"))
}

/// Numbered lines without comments and without what stands in quotes. Strings over several lines are not seen through.
pub(super) fn code_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    text.lines()
        .enumerate()
        .map(|(index, line)| (index + 1, code_of(line)))
}

fn code_of(line: &str) -> String {
    let unquoted: Vec<&str> = line.split('"').step_by(2).collect();
    let joined = unquoted.join("\"\"");
    joined
        .split_once("//")
        .map_or(joined.as_str(), |(code, _)| code)
        .to_owned()
}

/// The same up to the tests at the end of the file.
pub(super) fn shipped_lines(text: &str) -> impl Iterator<Item = (usize, String)> {
    code_lines(text).take_while(|(_, line)| line.trim() != "#[cfg(test)]")
}

/// Identifiers and keywords of a line.
pub(super) fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !character.is_alphanumeric() && character != '_')
        .filter(|word| !word.is_empty())
}

/// Whether the file is a test as a whole.
pub(super) fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        assert_eq!(code_of("let a = \"https://x\"; // fn b"), "let a = \"\"; ");
        assert_eq!(code_of("/// fn c"), "");
    }

    #[test]
    fn shipped_lines_end_where_the_tests_begin() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {}\n";
        assert_eq!(
            shipped_lines(text).collect::<Vec<_>>(),
            [(1, "fn a() {}".to_owned())]
        );
    }
}
