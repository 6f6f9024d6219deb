//! Tests for the forty numbered hostile inputs and bad days are named `hostile_NN_what_it_shows`, so that one finds
//! them by the number.

use std::collections::BTreeMap;

use super::Finding;
use super::rust_text::{code_lines, rust, words};
use crate::workspace::Source;

const LAST: u32 = 40;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    tests(sources)
        .filter(|(_, _, name)| number(name).is_none())
        .map(|(source, line, name)| {
            let what = format!("{name} does not name its number");
            Finding::error(
                &source.path,
                Some(line),
                what,
                "call it hostile_NN_what_it_shows, with two digits from 01 to 40",
            )
        })
        .collect()
}

/// Prints which numbers have a test, and where.
pub(super) fn list(sources: &[Source]) {
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for (source, line, name) in tests(sources) {
        if let Some(number) = number(&name) {
            found
                .entry(number)
                .or_default()
                .push(format!("{name} ({}:{line})", source.path));
        }
    }
    for number in 1..=LAST {
        match found.get(&number) {
            None => println!("{number:02}  -"),
            Some(tests) => tests
                .iter()
                .for_each(|test| println!("{number:02}  {test}")),
        }
    }
}

fn tests(sources: &[Source]) -> impl Iterator<Item = (&Source, usize, String)> {
    rust(sources).flat_map(|source| {
        code_lines(&source.text).filter_map(move |(line, code)| {
            let mut pairs = words(&code).zip(words(&code).skip(1));
            let (_, name) =
                pairs.find(|(keyword, name)| *keyword == "fn" && name.starts_with("hostile"))?;
            Some((source, line, name.to_owned()))
        })
    })
}

fn number(name: &str) -> Option<u32> {
    let (digits, says) = name.strip_prefix("hostile_")?.split_once('_')?;
    let number = digits.parse().ok().filter(|_| digits.len() == 2)?;
    ((1..=LAST).contains(&number) && !says.is_empty()).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_number_is_read() {
        assert_eq!(number("hostile_07_open_redirect"), Some(7));
        assert_eq!(number("hostile_40_child_group_is_gone"), Some(40));
    }

    #[test]
    fn a_name_without_a_right_number_is_found() {
        for name in [
            "hostile_7_open_redirect",
            "hostile_41_more",
            "hostile_00_none",
            "hostile_07",
            "hostile_open",
            "hostile_07_",
        ] {
            let source = Source {
                path: "a.rs".to_owned(),
                text: format!("#[test]\nfn {name}() {{}}"),
            };
            assert_eq!(check(&[source]).len(), 1, "{name}");
        }
    }
}
