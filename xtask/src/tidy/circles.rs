//! Modules inside a crate form no circles. Only the modules directly below the root count: a module and its
//! own children are one concept.

use std::collections::{BTreeMap, BTreeSet};

use super::Finding;
use super::rust_text::{is_test_file, rust, shipped_lines};
use crate::workspace::Source;

/// Who uses whom, and the first place where it does.
type Uses = BTreeMap<String, BTreeMap<String, (String, usize)>>;

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let roots: BTreeSet<&str> = rust(sources)
        .filter_map(|source| Some(source.path.split_once("/src/")?.0))
        .collect();
    roots
        .into_iter()
        .flat_map(|root| check_crate(root, sources))
        .collect()
}

fn check_crate(root: &str, sources: &[Source]) -> Vec<Finding> {
    let uses = uses(root, sources);
    let mut circles: Vec<Vec<String>> = uses
        .keys()
        .filter_map(|start| circle_from(start, &uses))
        .collect();
    circles.sort_by_key(Vec::len);
    let mut reported: Vec<Vec<String>> = Vec::new();
    let mut findings = Vec::new();
    for circle in circles {
        // A larger circle around a reported one is gone, or a smaller one, when that is broken.
        if reported
            .iter()
            .any(|smaller| smaller.iter().all(|module| circle.contains(module)))
        {
            continue;
        }
        findings.extend(describe(&circle, &uses));
        reported.push(circle);
    }
    findings
}

fn describe(circle: &[String], uses: &Uses) -> Option<Finding> {
    let mut places = circle
        .iter()
        .zip(circle.iter().cycle().skip(1))
        .filter_map(|(from, to)| {
            let (path, line) = uses.get(from)?.get(to)?;
            Some((format!("{from} uses {to} ({path}:{line})"), path, *line))
        });
    let (first, path, line) = places.next()?;
    let all = std::iter::once(first)
        .chain(places.map(|place| place.0))
        .collect::<Vec<_>>()
        .join(", ");
    let what = format!("modules form a circle: {all}");
    Some(Finding::error(
        path,
        Some(line),
        what,
        "move what both need into a module below them",
    ))
}

fn uses(root: &str, sources: &[Source]) -> Uses {
    let prefix = format!("{root}/src/");
    let files: Vec<(&str, &Source)> = rust(sources)
        .filter_map(|source| Some((source.path.strip_prefix(&prefix)?, source)))
        .collect();
    let modules: BTreeSet<&str> = files
        .iter()
        .filter_map(|(inside, _)| module_of(inside))
        .collect();
    let mut uses = Uses::new();
    for (inside, source) in files {
        let Some(module) = module_of(inside).filter(|_| !is_test_file(&source.path)) else {
            continue;
        };
        let depth = depth_of(inside);
        let code: Vec<(usize, String)> = shipped_lines(&source.text).collect();
        for (line, used) in used_modules(&code, depth) {
            if used != module && modules.contains(used.as_str()) {
                let of_module = uses.entry(module.to_owned()).or_default();
                of_module
                    .entry(used)
                    .or_insert_with(|| (source.path.clone(), line));
            }
        }
    }
    uses
}

/// The module below the root that a file belongs to.
fn module_of(inside: &str) -> Option<&str> {
    let module = match inside.split_once('/') {
        Some((folder, _)) => folder,
        None => inside.strip_suffix(".rs")?,
    };
    (!["lib", "main", "bin"].contains(&module)).then_some(module)
}

/// How many modules lie between the root and the inside of this file.
fn depth_of(inside: &str) -> usize {
    inside
        .strip_suffix("/mod.rs")
        .unwrap_or(inside)
        .split('/')
        .count()
}

/// Names directly below the root that a file mentions, by `crate::` or by enough `super::`.
fn used_modules(code: &[(usize, String)], depth: usize) -> Vec<(usize, String)> {
    let (mut text, mut lines) = (String::new(), Vec::new());
    for (line, code) in code {
        text.push_str(code);
        text.push('\n');
        lines.resize(text.len(), *line);
    }
    let to_root = ["crate::".to_owned(), "super::".repeat(depth)];
    let mut found = Vec::new();
    for start in to_root
        .iter()
        .flat_map(|prefix| text.match_indices(prefix.as_str()))
    {
        let (at, prefix) = start;
        let before = text.get(..at).unwrap_or_default();
        if before.ends_with("super::")
            || before.ends_with(|character: char| {
                character.is_alphanumeric() || "_$".contains(character)
            })
        {
            continue;
        }
        let rest = text.get(at + prefix.len()..).unwrap_or_default();
        let line = lines.get(at).copied().unwrap_or(1);
        found.extend(first_names(rest).into_iter().map(|name| (line, name)));
    }
    found
}

/// The first name of a path, or of each path in a group: `a::b` is `a`, `{a::{b, c}, d}` is `a` and `d`.
fn first_names(path: &str) -> Vec<String> {
    let name = |text: &str| {
        text.trim_start()
            .chars()
            .take_while(|c| c.is_alphanumeric() || *c == '_')
            .collect::<String>()
    };
    let Some(group) = path.strip_prefix('{') else {
        return vec![name(path)];
    };
    let (mut depth, mut names, mut start) = (0_usize, Vec::new(), 0);
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            ',' | '}' if depth == 0 => {
                names.push(name(group.get(start..at).unwrap_or_default()));
                start = at + 1;
                if character == '}' {
                    break;
                }
            }
            _ => {}
        }
    }
    names
}

/// The shortest way from a module back to itself.
fn circle_from(start: &str, uses: &Uses) -> Option<Vec<String>> {
    let mut ways = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while !ways.is_empty() {
        let mut next = Vec::new();
        for way in ways {
            let Some(last) = way.last() else { continue };
            for used in uses.get(last).into_iter().flat_map(BTreeMap::keys) {
                if used == start {
                    return Some(way);
                }
                if seen.insert(used.clone()) {
                    next.push([way.clone(), vec![used.clone()]].concat());
                }
            }
        }
        ways = next;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(files: &[(&str, &str)]) -> Vec<Finding> {
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source {
                path: format!("crates/any/src/{path}"),
                text: (*text).to_owned(),
            })
            .collect();
        check(&sources)
    }

    #[test]
    fn a_line_of_modules_is_no_circle() {
        assert_eq!(
            findings(&[
                ("a.rs", "use crate::b::X;"),
                ("b.rs", "use crate::c;"),
                ("c.rs", "struct X;")
            ]),
            []
        );
    }

    #[test]
    fn a_circle_is_reported_once_with_its_places() {
        let found = findings(&[
            ("a.rs", "use crate::b::X;"),
            ("b.rs", "\nfn f() { crate::c::g() }"),
            ("c.rs", "use crate::{z, a::{Y, Z}};"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].what.contains("b uses c (crates/any/src/b.rs:2)"),
            "{}",
            found[0].what
        );
        assert!(found[0].what.contains("c uses a"), "{}", found[0].what);
    }

    #[test]
    fn two_modules_that_use_each_other_are_a_circle() {
        assert_eq!(
            findings(&[
                ("a.rs", "use super::b;"),
                ("b/inner.rs", "use super::super::a;"),
                ("b.rs", "mod inner;")
            ])
            .len(),
            1
        );
    }

    #[test]
    fn a_module_may_use_its_children_and_they_it() {
        assert_eq!(
            findings(&[
                ("a.rs", "mod inner; use crate::a::inner::X;"),
                ("a/inner.rs", "use super::Y; use crate::a::Z;")
            ]),
            []
        );
    }

    #[test]
    fn tests_and_comments_do_not_count() {
        let tested = "struct X;\n#[cfg(test)]\nmod tests { use crate::a; }";
        assert_eq!(
            findings(&[
                ("a.rs", "use crate::b;"),
                ("b.rs", tested),
                ("b/tests.rs", "use crate::a;")
            ]),
            []
        );
        assert_eq!(
            findings(&[
                ("a.rs", "use crate::b;"),
                ("b.rs", "/// See [`crate::a`].\nstruct X;")
            ]),
            []
        );
    }
}
