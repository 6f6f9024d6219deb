//! `cargo xtask tidy`: the rules of the house that no lint knows.
//!
//! Every finding names file and line and says what to do. A rule is a pure function of the files' texts.

mod architecture;
mod circles;
mod floors;
mod hostile;
mod left_open;
mod names;
mod paths;
mod rust_text;
mod sizes;

use crate::failure::Failure;
use crate::workspace::{Source, Workspace};

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: Option<usize>,
    kind: Kind,
    what: String,
    todo: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Error,
    Warning,
}

impl Finding {
    fn error(path: &str, line: Option<usize>, what: impl Into<String>, todo: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            line,
            kind: Kind::Error,
            what: what.into(),
            todo,
        }
    }

    fn warning(path: &str, what: impl Into<String>, todo: &'static str) -> Self {
        Self {
            path: path.to_owned(),
            line: None,
            kind: Kind::Warning,
            what: what.into(),
            todo,
        }
    }
}

type Rule = fn(&[Source]) -> Vec<Finding>;

const RULES: &[Rule] = &[
    floors::check,
    circles::check,
    sizes::check,
    architecture::check,
    left_open::check,
    names::check,
    paths::check,
    hostile::check,
];

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let sources = workspace.sources()?;
    match arguments {
        [] => {}
        ["--hostile"] => {
            hostile::list(&sources);
            return Ok(());
        }
        _ => return Err(Failure::new("usage: cargo xtask tidy [--hostile]")),
    }
    let mut findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&sources)).collect();
    findings.sort();
    for finding in &findings {
        print(finding);
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.kind == Kind::Error)
        .count();
    println!(
        "tidy: {} files, {errors} errors, {} warnings",
        sources.len(),
        findings.len() - errors
    );
    if errors == 0 {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "the house is not tidy ({errors} errors)"
        )))
    }
}

fn print(finding: &Finding) {
    let kind = match finding.kind {
        Kind::Error => "error",
        Kind::Warning => "warning",
    };
    let place = match finding.line {
        Some(line) => format!("{}:{line}", finding.path),
        None => finding.path.clone(),
    };
    println!("{place}: {kind}: {}\n    {}", finding.what, finding.todo);
}
