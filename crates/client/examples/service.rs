//! A service that is its own account (client credentials): `service ISSUER CLIENT_ID SECRET_FILE`.

use std::sync::Arc;

use oarlock::{
    Client, Flow, LoginOptions,
    oauth::{endpoint::Issuer, profile::ProviderProfile, secret::ClientSecret},
    terminal::Silent,
};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let [issuer, id, file] = std::env::args()
        .skip(1)
        .collect::<Vec<_>>()
        .try_into()
        .map_err(|_| "usage: service ISSUER CLIENT_ID SECRET_FILE")?;
    let mut profile = ProviderProfile::named("backend");
    profile.issuer = Some(Issuer::parse(&issuer)?);
    profile.client_id = Some(id);
    profile.client_secret = Some(ClientSecret::new(std::fs::read_to_string(file)?.trim_end()));

    let client = Client::builder("my-service")
        .provider(profile)
        .interaction(Arc::new(Silent))
        .build()?;
    let mut options = LoginOptions::default();
    options.flow = Flow::ClientCredentials;
    client.login("backend", &options).await?;
    // From here on, for as long as the service runs: renewed when needed.
    let token = client.token("backend").await?;
    drop(token);
    Ok(())
}
