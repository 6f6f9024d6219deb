//! The least that printing a stored token can cost: read the file, print the field.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "that is what it is for")]

use std::error::Error;

#[derive(serde::Deserialize)]
struct Credential {
    access_token: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .ok_or("usage: floor_token FILE")?;
    let credential: Credential = serde_json::from_slice(&std::fs::read(path)?)?;
    println!("{}", credential.access_token);
    Ok(())
}
