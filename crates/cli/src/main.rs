//! The `oarlock` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    oarlock_cli::run()
}
