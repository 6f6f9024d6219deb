//! `cargo xtask gen`: references that are made from the program itself, so that they cannot lie.

use crate::failure::{Doing, Failure};
use crate::process;
use crate::workspace::Workspace;

const CLI_REFERENCE: &str = "docs/reference/cli.md";

pub(crate) fn run(workspace: &Workspace, arguments: &[&str]) -> Result<(), Failure> {
    let check = match arguments {
        [] => false,
        ["--check"] => true,
        _ => return Err(Failure::new("usage: cargo xtask gen [--check]")),
    };
    process::run(workspace.cargo().args([
        "build",
        "--locked",
        "--quiet",
        "--package",
        "oarlock-cli",
    ]))?;
    for (path, text) in [(CLI_REFERENCE, cli(workspace)?)] {
        if check {
            compare(workspace, path, &text)?
        } else {
            write(workspace, path, &text)?
        }
    }
    Ok(())
}

fn compare(workspace: &Workspace, path: &str, text: &str) -> Result<(), Failure> {
    if std::fs::read_to_string(workspace.root.join(path)).is_ok_and(|found| found == text) {
        println!("{path} is up to date");
        return Ok(());
    }
    Err(Failure::new(format!(
        "{path} is not what the program says; run: cargo xtask gen"
    )))
}

fn write(workspace: &Workspace, path: &str, text: &str) -> Result<(), Failure> {
    let file = workspace.root.join(path);
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).doing(format_args!("make {}", folder.display()))?;
    }
    std::fs::write(&file, text).doing(format_args!("write {path}"))?;
    println!("wrote {path}");
    Ok(())
}

/// The help of every command, found by walking through the help of its parents.
fn cli(workspace: &Workspace) -> Result<String, Failure> {
    let mut text = String::from(
        "# Commands\n\n<!-- Written by `cargo xtask gen` from the program's own help. -->\n",
    );
    let mut waiting = vec![Vec::<String>::new()];
    while let Some(command) = waiting.pop() {
        let help = help(workspace, &command)?;
        let title = std::iter::once("oarlock")
            .chain(command.iter().map(String::as_str))
            .collect::<Vec<_>>()
            .join(" ");
        text.push_str(&format!(
            "\n{} `{title}`\n\n```text\n{}\n```\n",
            "#".repeat(command.len() + 2),
            help.trim_end()
        ));
        let mut below: Vec<_> = commands_in(&help)
            .into_iter()
            .map(|name| [command.clone(), vec![name]].concat())
            .collect();
        below.reverse();
        waiting.append(&mut below);
    }
    Ok(text)
}

fn help(workspace: &Workspace, command: &[String]) -> Result<String, Failure> {
    let mut program = workspace.program(workspace.target.join("debug/oarlock"));
    program
        .args(command)
        .arg("--help")
        .env_clear()
        .env("NO_COLOR", "1")
        .env("COLUMNS", "100");
    process::output(&mut program).map(|help| without_trailing_space(&help))
}

fn without_trailing_space(text: &str) -> String {
    text.lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n")
}

/// Names under `Commands:` in a help text; `help` is left out, because it only repeats the others.
fn commands_in(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| line.trim_end() != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_from_a_help_text() {
        let help = "Log in.\n\nUsage: oarlock <COMMAND>\n\nCommands:\n  login   Log in\n          and stay so\n  logout  Revoke\n  help    Print this\n\nOptions:\n  -h  Help\n";
        assert_eq!(commands_in(help), ["login", "logout"]);
        assert_eq!(
            commands_in("Usage: oarlock login\n\nOptions:\n  -h  Help\n"),
            Vec::<String>::new()
        );
    }
}
