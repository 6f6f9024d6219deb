//! No file names a place on somebody's machine.

use super::Finding;
use crate::workspace::Source;

/// The example user of tests and documentation.
const EXAMPLE: &str = "ada";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in sources {
        for (index, line) in source.text.lines().enumerate() {
            if let Some(path) = machine_path(line) {
                let what = format!("{path} is a path of some machine");
                findings.push(Finding::error(
                    &source.path,
                    Some(index + 1),
                    what,
                    "use a relative path, or the home of the example user ada",
                ));
            }
        }
    }
    findings
}

fn machine_path(line: &str) -> Option<&'static str> {
    // Put together here, so that this file does not find itself.
    let places = [
        concat!("/ho", "me/"),
        concat!("/wo", "rk/"),
        concat!("/tmp/", "bash"),
        concat!("/Us", "ers/"),
    ];
    places.into_iter().find(|place| {
        line.match_indices(place).any(|(at, _)| {
            let before = line.get(..at).and_then(|before| before.chars().next_back());
            let after = line.get(at + place.len()..).unwrap_or_default();
            // Inside a longer path or URL it is a folder of that name, not the root's.
            let is_root = before.is_none_or(|character| {
                !character.is_alphanumeric() && !"._-~}*]".contains(character)
            });
            is_root && !after.starts_with(EXAMPLE)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_a_machine_are_found() {
        assert!(machine_path(concat!("cd /ho", "me/joe/src")).is_some());
        assert!(machine_path(concat!("path = \"/wo", "rk/main\"")).is_some());
    }

    #[test]
    fn urls_and_the_example_user_are_not() {
        assert_eq!(
            machine_path(concat!("https://example.com/ho", "me/page")),
            None
        );
        assert_eq!(machine_path(concat!("HOME=/ho", "me/ada")), None);
    }
}
