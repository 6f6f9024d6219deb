//! Files of 100 to 300 lines usually mean health; at 500 look for the second concept, 800 is a fault.

use super::Finding;
use crate::workspace::Source;

const LOOK: usize = 500;
const FAULT: usize = 800;
const KINDS: &[&str] = &[".rs", ".mjs", ".js", ".html", ".css", ".sh"];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let code = sources
        .iter()
        .filter(|source| KINDS.iter().any(|kind| source.path.ends_with(kind)));
    code.filter_map(|source| {
        let lines = source.text.lines().count();
        let todo = "look for the second concept in it, and give it its own file";
        if lines > FAULT {
            Some(Finding::error(
                &source.path,
                None,
                format!("{lines} lines"),
                todo,
            ))
        } else if lines > LOOK {
            Some(Finding::warning(
                &source.path,
                format!("{lines} lines"),
                todo,
            ))
        } else {
            None
        }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::super::Kind;
    use super::*;

    fn kind_of(path: &str, lines: usize) -> Option<Kind> {
        let source = Source {
            path: path.to_owned(),
            text: "x\n".repeat(lines),
        };
        check(&[source]).first().map(|finding| finding.kind)
    }

    #[test]
    fn long_files_are_warned_of_and_longer_ones_refused() {
        assert_eq!(kind_of("a.rs", 500), None);
        assert_eq!(kind_of("a.rs", 501), Some(Kind::Warning));
        assert_eq!(kind_of("a.rs", 800), Some(Kind::Warning));
        assert_eq!(kind_of("a.rs", 801), Some(Kind::Error));
        assert_eq!(kind_of("Cargo.lock", 5000), None);
    }
}
