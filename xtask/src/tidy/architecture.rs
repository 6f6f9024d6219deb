//! ARCHITECTURE.md names every crate and its folder.

use super::Finding;
use crate::workspace::Source;

const MAP: &str = "ARCHITECTURE.md";

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(map) = sources.iter().find(|source| source.path == MAP) else {
        return vec![Finding::error(
            MAP,
            None,
            "there is none",
            "write it: two pages, every crate, the floors and the laws",
        )];
    };
    let manifests = sources.iter().filter(|source| {
        source.path.starts_with("crates/") && source.path.ends_with("/Cargo.toml")
    });
    let mut findings = Vec::new();
    for manifest in manifests {
        let folder = manifest.path.trim_end_matches("/Cargo.toml");
        if !map.text.contains(folder) {
            findings.push(Finding::error(
                MAP,
                None,
                format!("it does not name {folder}"),
                "say in one line what the crate is there for",
            ));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crate_must_be_named() {
        let file = |path: &str, text: &str| Source {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        let crates = || {
            [
                file("crates/oauth/Cargo.toml", ""),
                file("crates/io/Cargo.toml", ""),
            ]
        };
        assert_eq!(check(&crates()).len(), 1, "no map at all");
        let with = |map: &str| {
            check(
                &[
                    crates()
                        .as_slice()
                        .iter()
                        .map(|c| file(&c.path, ""))
                        .collect::<Vec<_>>(),
                    vec![file(MAP, map)],
                ]
                .concat(),
            )
            .len()
        };
        assert_eq!(with("`crates/oauth`"), 1);
        assert_eq!(with("`crates/oauth` and `crates/io`"), 0);
    }
}
