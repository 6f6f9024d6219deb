//! `session`, `user` and `key`: what an operator does beside a running broker.

use clap::{Args, Subcommand, ValueHint};

/// Which broker's.
#[derive(Debug, Default, Args)]
pub struct StoreArguments {
    /// The server's configuration; default server.toml beside config.toml, if it is there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<std::path::PathBuf>,
    /// The server's store: sqlite:/path; default the configuration's
    #[arg(long, value_name = "STORE")]
    pub store: Option<String>,
}

/// `session …`.
#[derive(Debug, Subcommand)]
pub enum SessionCommand {
    /// Sessions, the newest first
    List(SessionListArguments),
    /// End a session: its tokens and cookies are refused from now on
    Revoke(SessionRevokeArguments),
}

/// `session list`.
#[derive(Debug, Args)]
pub struct SessionListArguments {
    /// Those of this person alone: an id of `oarlock user list`
    #[arg(long, value_name = "ID")]
    pub user: Option<String>,
    /// Those too that have ended and are still remembered
    #[arg(long)]
    pub all: bool,
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}

/// `session revoke`.
#[derive(Debug, Args)]
pub struct SessionRevokeArguments {
    /// The session, as `oarlock session list` shows it
    pub id: String,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}

/// `user …`.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// People who signed in, the last seen first
    List(UserListArguments),
    /// One person and their sessions
    Show(UserShowArguments),
    /// Remove a person with all their sessions; who may sign in can come back as somebody new
    Remove(UserRemoveArguments),
}

/// `user list`.
#[derive(Debug, Args)]
pub struct UserListArguments {
    /// So many at most
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub limit: u32,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}

/// `user show`.
#[derive(Debug, Args)]
pub struct UserShowArguments {
    /// The person, as `oarlock user list` shows them
    pub id: String,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}

/// `user remove`.
#[derive(Debug, Args)]
pub struct UserRemoveArguments {
    /// The person, as `oarlock user list` shows them
    pub id: String,
    /// Do not ask first; needed where there is no terminal to ask on
    #[arg(short, long)]
    pub yes: bool,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}

/// `key …`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// The keys that tokens are signed with
    List(KeyListArguments),
    /// Make a new key, which signs once everybody has had time to learn it
    Rotate(KeyRotateArguments),
}

/// `key list`.
#[derive(Debug, Args)]
pub struct KeyListArguments {
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}

/// `key rotate`.
#[derive(Debug, Args)]
pub struct KeyRotateArguments {
    /// It signs at once, and every other key is withdrawn: what they signed is refused from now on. For a key that leaked
    #[arg(long)]
    pub now: bool,
    /// Which broker's.
    #[command(flatten)]
    pub place: StoreArguments,
}
