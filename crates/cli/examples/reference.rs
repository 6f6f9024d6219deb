//! Writes the generated references into a directory: `cargo run -p oarlock-cli --example reference -- docs/reference`.

use std::{error::Error, path::PathBuf};

#[expect(
    clippy::disallowed_methods,
    reason = "a development tool that writes documentation, not secrets"
)]
fn main() -> Result<(), Box<dyn Error>> {
    let directory = PathBuf::from(
        std::env::args()
            .nth(1)
            .ok_or("name the directory to write to")?,
    );
    std::fs::create_dir_all(&directory)?;
    for page in oarlock_cli::reference::pages() {
        std::fs::write(directory.join(page.name), page.text)?;
    }
    Ok(())
}
