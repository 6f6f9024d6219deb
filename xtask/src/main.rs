//! The project's own commands: `cargo xtask setup | ci | tidy | fuzz | bench | gen`, one file each.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a tool of the terminal; no part of the product"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "it starts programs with an extended PATH, and measures time"
)]

mod bench;
mod ci;
mod failure;
mod fuzz;
mod generate;
mod process;
mod setup;
mod steps;
mod tidy;
mod workspace;

use std::process::ExitCode;

use failure::Failure;
use steps::Steps;
use workspace::Workspace;

const HELP: &str = "\
Usage: cargo xtask COMMAND

  setup              install what the tests need; quick when everything is there
  ci [--quick]       everything CI checks, setup included; --quick leaves out fuzzing, documentation and cargo-deny
  tidy [--hostile]   the house rules that no lint knows; --hostile lists which numbered bad days have a test
  fuzz [TARGET] [--seconds N]
                     run one fuzz target, or all of them, for N seconds each (default 20)
  bench [NAME]       measure: token, race, write, relay, broker, size; without a name all of them
  bench broker --peer DIR
                     the same with FastHTML's CLI example beside it; DIR has its server.py, and venv with python-fasthtml
  gen [--check]      write the generated references, or check that they are up to date";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Result<(), Failure> {
    let (command, rest) = match arguments {
        [] | ["help" | "-h" | "--help", ..] => {
            println!("{HELP}");
            return Ok(());
        }
        [command, rest @ ..] => (*command, rest),
    };
    let workspace = Workspace::find()?;
    match command {
        "setup" => Steps::run("setup", |steps| setup::run(&workspace, steps)),
        "ci" => ci::run(&workspace, rest),
        "tidy" => tidy::run(&workspace, rest),
        "fuzz" => fuzz::run(&workspace, rest),
        "bench" => bench::run(&workspace, rest),
        "gen" => generate::run(&workspace, rest),
        other => Err(Failure::new(format!(
            "there is no command {other:?}\n\n{HELP}"
        ))),
    }
}
