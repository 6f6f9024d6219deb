//! A generator that keeps something waiting while somebody looks at the server, and goes on when its input ends.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use super::figures::Figures;
use crate::failure::{Doing, Failure};

/// Starts it, looks once it has said so many lines, and lets it go on to its end.
pub(super) fn look<T>(
    command: &mut Command,
    lines: usize,
    look: impl FnOnce() -> Result<T, Failure>,
) -> Result<(T, Figures), Failure> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .doing("start the generator")?;
    let output = child
        .stdout
        .take()
        .ok_or_else(|| Failure::new("the generator has no output"))?;
    let mut output = BufReader::new(output);
    let mut said = String::new();
    for _ in 0..lines {
        output
            .read_line(&mut said)
            .doing("read from the generator")?;
    }
    let seen = look();
    drop(child.stdin.take());
    output
        .read_to_string(&mut said)
        .doing("read from the generator")?;
    let status = child.wait().doing("wait for the generator")?;
    if !status.success() {
        return Err(Failure::new(format!("the generator failed ({status})")));
    }
    Ok((seen?, Figures(said)))
}
