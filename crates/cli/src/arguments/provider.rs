//! `provider …`.

use clap::{Args, Subcommand, ValueHint};

use super::scopes;

/// `provider …`.
#[derive(Debug, Subcommand)]
pub enum ProviderCommand {
    /// Every provider that can be logged in to
    List(ProviderListArguments),
    /// One provider in full, as it would be used
    Show(ProviderShowArguments),
    /// Add a provider to your configuration, or change one
    Add(Box<ProviderAddArguments>),
    /// Remove a provider from your configuration
    Remove(ProviderRemoveArguments),
    /// Ask a provider's addresses what they can do; logs nobody in
    Test(ProviderTestArguments),
}

/// `provider list`.
#[derive(Debug, Args)]
pub struct ProviderListArguments {
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `provider show`.
#[derive(Debug, Args)]
pub struct ProviderShowArguments {
    /// Name of the provider
    pub name: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `provider add`.
#[derive(Debug, Args)]
pub struct ProviderAddArguments {
    /// Name: a-z, 0-9, dot, dash, underscore. The name of a built-in provider changes that one for you
    pub name: String,
    /// Start from this provider instead
    #[arg(long, value_name = "PROVIDER")]
    pub extends: Option<String>,
    /// Issuer's address: everything else is found there
    #[arg(long, value_name = "URL")]
    pub issuer: Option<String>,
    /// Client id
    // Servers that register clients make up ids, and one in sixty-four begins so.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: Option<String>,
    /// Name of the environment variable that holds the client secret
    #[arg(long, value_name = "VARIABLE", conflicts_with = "client_secret_file")]
    pub client_secret_env: Option<String>,
    /// File that holds the client secret (it must be yours alone)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub client_secret_file: Option<String>,
    /// A scope (repeatable)
    #[arg(long, value_name = "SCOPE", value_parser = scopes)]
    pub scope: Vec<String>,
    /// An origin that may receive the token (repeatable)
    #[arg(long, value_name = "ORIGIN")]
    pub origin: Vec<String>,
    /// Authorization endpoint, without an issuer
    #[arg(long, value_name = "URL")]
    pub authorization_endpoint: Option<String>,
    /// Token endpoint, without an issuer
    #[arg(long, value_name = "URL")]
    pub token_endpoint: Option<String>,
    /// Device authorization endpoint
    #[arg(long, value_name = "URL")]
    pub device_authorization_endpoint: Option<String>,
    /// Userinfo endpoint
    #[arg(long, value_name = "URL")]
    pub userinfo_endpoint: Option<String>,
    /// Revocation endpoint
    #[arg(long, value_name = "URL")]
    pub revocation_endpoint: Option<String>,
    /// Any other key of the profile, as TOML: KEY=VALUE (repeatable)
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub set: Vec<String>,
    /// Use it when a command names no provider
    #[arg(long)]
    pub default: bool,
}

/// `provider remove`.
#[derive(Debug, Args)]
pub struct ProviderRemoveArguments {
    /// Name of the provider
    pub name: String,
}

/// `provider test`.
#[derive(Debug, Args)]
pub struct ProviderTestArguments {
    /// Name of the provider or issuer's address
    pub name: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}
