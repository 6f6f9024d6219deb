//! A program that draws its own prompts: `prompts ISSUER`.

use std::{io, sync::Arc};

use oarlock::{
    Client, Interaction, LoginOptions,
    interaction::{Event, PasteFuture},
};
use oarlock_io::terminal;

/// Everything in one style of its own.
struct Prompts;

impl Interaction for Prompts {
    fn notify(&self, event: &Event<'_>) {
        match event {
            Event::OpenUrl { url } => terminal::notice(&format!(">> please visit {url}")),
            Event::DeviceCode {
                user_code,
                verification_uri,
                ..
            } => {
                terminal::notice(&format!(">> enter {user_code} at {verification_uri}"));
            }
            Event::Warning { message } => terminal::notice(&format!(">> {message}")),
            _ => {}
        }
    }

    fn paste(&self) -> PasteFuture<'_> {
        Box::pin(async { Err(io::ErrorKind::UnexpectedEof.into()) })
    }

    fn can_paste(&self) -> bool {
        false
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let issuer = std::env::args().nth(1).ok_or("usage: prompts ISSUER")?;
    let client = Client::builder("mytool")
        .interaction(Arc::new(Prompts))
        .build()?;
    let credential = client.login(&issuer, &LoginOptions::default()).await?;
    terminal::notice(&format!(
        ">> welcome, {}",
        credential
            .identity
            .map_or("stranger".into(), |name| name.to_string())
    ));
    Ok(())
}
