//! Sentences on standard output: broken between words where it is a terminal, left whole where it is not.

use std::io::IsTerminal as _;

use oarlock_io::terminal;

/// Lines are broken at this width even where the terminal is wider: longer ones are hard to read.
const WIDEST: usize = 78;

/// The columns to write in; `None` where lines are not broken (a file, a pipe).
pub(crate) fn columns() -> Option<usize> {
    std::io::stdout()
        .is_terminal()
        .then(|| terminal::width().min(WIDEST))
}

/// Breaks between words; lines after the first begin with `indent`. A word that is too long stays whole.
pub(crate) fn wrapped(text: &str, indent: &str, columns: Option<usize>) -> Vec<String> {
    let Some(columns) = columns else {
        return vec![text.to_owned()];
    };
    let mut lines: Vec<String> = Vec::new();
    let leading: String = text
        .chars()
        .take_while(|character| *character == ' ')
        .collect();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            None => lines.push(format!("{leading}{word}")),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= columns => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(format!("{indent}{word}")),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_not_broken_and_further_lines_are_indented() {
        assert_eq!(
            wrapped("1. aaa bbb ccc", "   ", Some(10)),
            ["1. aaa bbb", "   ccc"]
        );
        assert_eq!(
            wrapped("  a longer-than-all word", "  ", Some(8)),
            ["  a", "  longer-than-all", "  word"]
        );
        assert_eq!(wrapped("as it is", "  ", None), ["as it is"]);
        assert!(wrapped("", "  ", Some(8)).is_empty());
    }
}
