//! A crate imports only from lower floors (ARCHITECTURE.md), and some crates keep whole families of others out.

use super::Finding;
use crate::workspace::Source;

struct Floor {
    package: &'static str,
    /// Our own crates that its `[dependencies]` may name.
    may_import: &'static [&'static str],
    /// Outside crates that its `[dependencies]` may not name.
    kept_out: &'static [&'static str],
}

const OAUTH: &str = "oarlock-oauth";
const IO: &str = "oarlock-io";
const CLIENT: &str = "oarlock";
const SERVER: &str = "oarlock-server";
const GATEWAY: &str = "oarlock-gateway";
const CLI: &str = "oarlock-cli";
const TESTKIT: &str = "oarlock-testkit";

/// What would bring sockets, clocks, randomness or an environment into the rules of OAuth.
const WORLD: &[&str] = &[
    "tokio",
    "hyper",
    "hyper-util",
    "reqwest",
    "axum",
    "rustls",
    "getrandom",
    "rand",
    "rustix",
    "tempfile",
    "crossterm",
];
/// What only `oarlock-io` may hold.
const DOOR: &[&str] = &[
    "hyper",
    "hyper-util",
    "reqwest",
    "rustls",
    "getrandom",
    "rand",
    "rustix",
    "tempfile",
    "crossterm",
];
/// What a program that embeds the client must not carry.
const EMBEDDED: &[&str] = &[
    "hyper",
    "hyper-util",
    "reqwest",
    "rustls",
    "getrandom",
    "rand",
    "rustix",
    "tempfile",
    "crossterm",
    "axum",
    "clap",
    "inquire",
];

const FLOORS: &[Floor] = &[
    Floor {
        package: OAUTH,
        may_import: &[],
        kept_out: WORLD,
    },
    Floor {
        package: IO,
        may_import: &[OAUTH],
        kept_out: &["axum", "clap", "inquire"],
    },
    Floor {
        package: CLIENT,
        may_import: &[OAUTH, IO],
        kept_out: EMBEDDED,
    },
    Floor {
        package: SERVER,
        may_import: &[OAUTH, IO],
        kept_out: DOOR,
    },
    Floor {
        package: GATEWAY,
        may_import: &[OAUTH, IO],
        kept_out: DOOR,
    },
    // `oarlock demo` starts the testkit's authorization server, until the broker has one of its own.
    Floor {
        package: CLI,
        may_import: &[OAUTH, IO, CLIENT, SERVER, GATEWAY, TESTKIT],
        kept_out: DOOR,
    },
    Floor {
        package: TESTKIT,
        may_import: &[OAUTH, IO],
        kept_out: &[],
    },
    Floor {
        package: "oarlock-bench",
        may_import: &[OAUTH, IO, CLIENT, SERVER],
        kept_out: &[],
    },
    Floor {
        package: "xtask",
        may_import: &[],
        kept_out: WORLD,
    },
];

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    sources
        .iter()
        .filter(|source| is_manifest(&source.path))
        .flat_map(check_manifest)
        .collect()
}

fn is_manifest(path: &str) -> bool {
    path == "xtask/Cargo.toml" || (path.starts_with("crates/") && path.ends_with("/Cargo.toml"))
}

fn check_manifest(source: &Source) -> Vec<Finding> {
    let manifest: toml::Table = match source.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => {
            return vec![Finding::error(
                &source.path,
                None,
                format!("not TOML: {error}"),
                "mend the file",
            )];
        }
    };
    let package = manifest
        .get("package")
        .and_then(|package| package.get("name"))
        .and_then(toml::Value::as_str);
    let Some(floor) = FLOORS.iter().find(|floor| Some(floor.package) == package) else {
        let what = format!("package {package:?} is on no floor");
        return vec![Finding::error(
            &source.path,
            None,
            what,
            "give it a floor in ARCHITECTURE.md and in xtask/src/tidy/floors.rs",
        )];
    };
    let mut findings = Vec::new();
    for dependency in dependencies(&manifest) {
        let line = line_of(&source.text, &dependency);
        let ours = FLOORS.iter().any(|floor| floor.package == dependency);
        if ours && !floor.may_import.contains(&dependency.as_str()) {
            let what = format!("{} may not import {dependency}", floor.package);
            findings.push(Finding::error(
                &source.path,
                line,
                what,
                "move the code to the floor where it belongs, or pass it in as an argument",
            ));
        }
        if floor.kept_out.contains(&dependency.as_str()) {
            let what = format!("{} keeps {dependency} out", floor.package);
            findings.push(Finding::error(
                &source.path,
                line,
                what,
                "use what oarlock-io offers, or add it there",
            ));
        }
    }
    findings
}

/// Names under `[dependencies]` and `[target.….dependencies]`, as the packages are called.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let for_targets = manifest
        .get("target")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flat_map(toml::Table::values);
    let tables = for_targets
        .filter_map(toml::Value::as_table)
        .chain([manifest]);
    let mut names = Vec::new();
    for table in tables {
        for (name, value) in table
            .get("dependencies")
            .and_then(toml::Value::as_table)
            .into_iter()
            .flatten()
        {
            let renamed = value.get("package").and_then(toml::Value::as_str);
            names.push(renamed.unwrap_or(name).to_owned());
        }
    }
    names
}

fn line_of(text: &str, dependency: &str) -> Option<usize> {
    let found = text.lines().position(|line| {
        line.strip_prefix(dependency)
            .is_some_and(|rest| rest.starts_with(['.', ' ', '=']))
    });
    found.map(|index| index + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<Finding> {
        check(&[Source {
            path: "crates/any/Cargo.toml".to_owned(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn lower_floors_may_be_imported() {
        assert_eq!(
            findings(
                "[package]\nname = \"oarlock\"\n[dependencies]\noarlock-io.workspace = true\noarlock-oauth.workspace = true\n"
            ),
            []
        );
    }

    #[test]
    fn a_higher_floor_may_not() {
        let found = findings(
            "[package]\nname = \"oarlock-io\"\n[dependencies]\nbytes = \"1\"\noarlock = { path = \"../client\" }\n",
        );
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].line, Some(5));
        assert_eq!(found[0].what, "oarlock-io may not import oarlock");
    }

    #[test]
    fn neither_may_the_same_floor() {
        assert_eq!(
            findings(
                "[package]\nname = \"oarlock-gateway\"\n[dependencies]\noarlock.workspace = true\n"
            )
            .len(),
            1
        );
    }

    #[test]
    fn renaming_and_targets_hide_nothing() {
        let renamed = "[package]\nname = \"oarlock-oauth\"\n[target.'cfg(unix)'.dependencies]\nworld = { package = \"oarlock-io\", path = \"../io\" }\n";
        assert_eq!(findings(renamed).len(), 1);
    }

    #[test]
    fn development_dependencies_are_free() {
        assert_eq!(
            findings(
                "[package]\nname = \"oarlock-oauth\"\n[dev-dependencies]\noarlock-testkit.workspace = true\ntokio = \"1\"\n"
            ),
            []
        );
    }

    #[test]
    fn the_rules_of_oauth_stay_pure() {
        assert_eq!(
            findings("[package]\nname = \"oarlock-oauth\"\n[dependencies]\ntokio = \"1\"\n").len(),
            1
        );
    }

    #[test]
    fn an_unknown_crate_needs_a_floor() {
        assert_eq!(findings("[package]\nname = \"oarlock-new\"\n").len(), 1);
    }
}
