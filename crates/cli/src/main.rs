//! The `oarlock` program.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    oarlock_cli::run()
}
