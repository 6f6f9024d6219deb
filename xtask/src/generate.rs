//! `cargo xtask gen`: references that are made from the program itself, so that they cannot go stale.
//!
//! The program's own example writes the pages; this command puts them into `docs/reference`, or compares.

use std::collections::BTreeMap;
use std::path::Path;

use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

const FOLDER: &str = "docs/reference";

/// Pages by file name.
type Pages = BTreeMap<String, String>;

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let check = match arguments {
        [] => false,
        ["--check"] => true,
        _ => return Err(Failure::new("usage: cargo xtask gen [--check]")),
    };
    let fresh = make(workspace)?;
    let folder = workspace.root.join(FOLDER);
    let stored = if folder.exists() {
        read(&folder)?
    } else {
        Pages::new()
    };
    let stale = stale(&stored, &fresh);
    if stale.is_empty() {
        println!("{FOLDER}: {} pages are up to date", fresh.len());
        return Ok(());
    }
    if check {
        return Err(Failure::new(format!(
            "{FOLDER}: {} not as the program says; run: cargo xtask gen",
            stale.join(", ")
        )));
    }
    std::fs::create_dir_all(&folder).doing(format_args!("make {FOLDER}"))?;
    for name in stale {
        let file = folder.join(&name);
        match fresh.get(&name) {
            Some(text) => {
                std::fs::write(&file, text).doing(format_args!("write {}", file.display()))?
            }
            None => std::fs::remove_file(&file).doing(format_args!("remove {}", file.display()))?,
        }
        println!("{FOLDER}/{name}: updated");
    }
    Ok(())
}

/// Lets the program write its pages aside, and reads them.
fn make(workspace: &Workspace) -> Result<Pages, Failure> {
    let aside = workspace.target.join("reference");
    if aside.exists() {
        std::fs::remove_dir_all(&aside).doing(format_args!("remove {}", aside.display()))?;
    }
    let mut command = workspace.cargo();
    command
        .args([
            "run",
            "--locked",
            "--quiet",
            "--package",
            "oarlock-cli",
            "--example",
            "reference",
            "--",
        ])
        .arg(&aside);
    process::run(&mut command)?;
    read(&aside)
}

fn read(folder: &Path) -> Result<Pages, Failure> {
    let mut pages = Pages::new();
    for entry in std::fs::read_dir(folder).doing(format_args!("read {}", folder.display()))? {
        let path = entry
            .doing(format_args!("read {}", folder.display()))?
            .path();
        let text = std::fs::read_to_string(&path).doing(format_args!("read {}", path.display()))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        pages.insert(name, text);
    }
    Ok(pages)
}

/// Names of pages that are missing, different, or no longer made.
fn stale(stored: &Pages, fresh: &Pages) -> Vec<String> {
    let changed = fresh
        .iter()
        .filter(|(name, text)| stored.get(*name) != Some(text))
        .map(|(name, _)| name);
    let gone = stored.keys().filter(|name| !fresh.contains_key(*name));
    changed.chain(gone).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(pairs: &[(&str, &str)]) -> Pages {
        pairs
            .iter()
            .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
            .collect()
    }

    #[test]
    fn pages_that_differ_are_stale() {
        let stored = pages(&[("cli.md", "old"), ("same.md", "same"), ("gone.md", "x")]);
        let fresh = pages(&[("cli.md", "new"), ("same.md", "same"), ("added.md", "y")]);
        assert_eq!(stale(&stored, &fresh), ["added.md", "cli.md", "gone.md"]);
        assert_eq!(stale(&fresh, &fresh), Vec::<String>::new());
    }
}
