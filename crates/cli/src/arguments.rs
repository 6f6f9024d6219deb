//! The command line, as clap reads it.

mod operator;
mod provider;
mod relay;

use std::{ffi::OsString, time::Duration};

use clap::{Args, Parser, Subcommand, ValueEnum, ValueHint};
use oarlock::{oauth::scope::Scopes, relay::RelayAddress};

pub use operator::{
    KeyCommand, KeyListArguments, KeyRotateArguments, SessionCommand, SessionListArguments,
    SessionRevokeArguments, StoreArguments, UserCommand, UserListArguments, UserRemoveArguments,
    UserShowArguments,
};
pub use provider::{
    ProviderAddArguments, ProviderCommand, ProviderListArguments, ProviderRemoveArguments,
    ProviderShowArguments, ProviderTestArguments,
};
pub use relay::{ServeArguments, WaitArguments};

/// OAuth for programs: log in, stay logged in, use the token.
#[derive(Debug, Parser)]
#[command(
    name = "oarlock",
    version,
    propagate_version = true,
    max_term_width = 100,
    arg_required_else_help = true
)]
#[command(
    after_help = "Start with `oarlock demo`, or `oarlock login https://your.issuer`.\nExit codes: 0 done, 1 failed, 2 usage or configuration, 3 network, 4 login required, 5 denied, 6 timed out, 7 credential store, 130 cancelled."
)]
pub struct Arguments {
    /// Log to standard error: -v info, -vv debug, -vvv trace (or OARLOCK_LOG=LEVEL)
    #[arg(short, long, action = clap::ArgAction::Count, global = true)]
    pub verbose: u8,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
#[non_exhaustive]
pub enum Command {
    /// Log in to a provider
    Login(LoginArguments),
    /// Log out: revoke the tokens at the provider, then remove them here
    Logout(LogoutArguments),
    /// Show every login, its state, and where each provider's token comes from
    Status(StatusArguments),
    /// Print a fresh access token and nothing else
    Token(TokenArguments),
    /// Make an authenticated HTTP request
    Request(RequestArguments),
    /// Run a command with the token in its environment
    Exec(ExecArguments),
    /// The catalogue of providers, and your own
    #[command(subcommand, arg_required_else_help = true)]
    Provider(ProviderCommand),
    /// Run a server: a broker, which signs people in for programs, and a relay, which hands a provider's callback to the program that waits
    Serve(Box<ServeArguments>),
    /// Sessions of a broker
    #[command(subcommand, arg_required_else_help = true)]
    Session(SessionCommand),
    /// People who signed in at a broker
    #[command(subcommand, arg_required_else_help = true)]
    User(UserCommand),
    /// Signing keys of a broker
    #[command(subcommand, arg_required_else_help = true)]
    Key(KeyCommand),
    /// Wait at a relay for a provider's callback, and print the code
    Wait(WaitArguments),
    /// Find out why a login would fail, and what to do
    Doctor(DoctorArguments),
    /// See the whole thing on this machine: server, login, refresh, request, logout
    Demo(DemoArguments),
    /// Print completions for a shell
    Completions(CompletionsArguments),
    /// Print the manual page
    Man(ManArguments),
}

/// `login`.
#[derive(Debug, Args)]
pub struct LoginArguments {
    /// Name of a provider, or an issuer's address (https://…); without it: a selection
    #[arg(value_name = "PROVIDER|ISSUER_URL")]
    pub provider: Option<String>,
    /// Name of the account, for more than one login to a provider
    #[arg(short, long, value_name = "NAME")]
    pub account: Option<String>,
    /// Which way to log in
    #[arg(long, value_enum)]
    pub flow: Option<FlowArgument>,
    /// Log in by this relay: unix:/path, tcp://host:port or https://host
    #[arg(long, value_name = "ADDRESS")]
    pub relay: Option<RelayAddress>,
    /// A scope to ask for instead of the provider's own (repeatable)
    #[arg(long, value_name = "SCOPE", value_parser = scopes)]
    pub scope: Vec<String>,
    /// Ports for the loopback redirect, tried in order
    #[arg(long, value_name = "N[,N]", value_delimiter = ',')]
    pub port: Vec<u16>,
    /// Do not open a browser, only show the address
    #[arg(long, conflicts_with = "browser")]
    pub no_browser: bool,
    /// Open the address with this command (%s stands for it; no shell is involved)
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub browser: Option<String>,
    /// Show a QR code of the device flow's address
    #[arg(long)]
    pub qr: bool,
    /// How long to wait for the person: 90s, 5m, 1h
    #[arg(long, value_name = "DURATION", value_parser = patience)]
    pub timeout: Option<Duration>,
    /// The client id, for a provider that has none configured; it is remembered with the login
    // Servers that register clients make up ids, and one in sixty-four begins so.
    #[arg(long, value_name = "ID", allow_hyphen_values = true)]
    pub client_id: Option<String>,
    /// Read the client secret from this file (- for standard input)
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub client_secret_file: Option<String>,
    /// Print the result as JSON (without any token)
    #[arg(long)]
    pub json: bool,
}

/// Ways to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FlowArgument {
    /// Whichever works here
    Auto,
    /// The browser comes back to a port of this machine
    Loopback,
    /// You paste the address the browser ends at, or the code it shows
    Paste,
    /// You enter a code on another device
    Device,
    /// The browser comes back to a relay, which hands the answer on; the one of --relay, else of OARLOCK_RELAY, else of this machine
    Relay,
    /// The program itself is the account
    ClientCredentials,
}

/// `logout`.
#[derive(Debug, Args)]
pub struct LogoutArguments {
    /// Name of a provider or issuer's address; without it: a selection
    pub provider: Option<String>,
    /// Account, where there are several
    #[arg(short, long, value_name = "NAME")]
    pub account: Option<String>,
    /// Every login
    #[arg(long, conflicts_with_all = ["provider", "account"])]
    pub all: bool,
    /// Only remove the login here, ask nothing of the network
    #[arg(long)]
    pub local: bool,
}

/// `status`.
#[derive(Debug, Args)]
pub struct StatusArguments {
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// Which credential a command uses.
#[derive(Debug, Args)]
pub struct Selection {
    /// Name of a provider or issuer's address; default: the one that fits, or is logged in
    #[arg(short, long, value_name = "PROVIDER")]
    pub provider: Option<String>,
    /// Account, where there are several
    #[arg(short, long, value_name = "NAME")]
    pub account: Option<String>,
}

/// `token`.
#[derive(Debug, Args)]
pub struct TokenArguments {
    /// Name of a provider or issuer's address; default: the one that is logged in
    pub provider: Option<String>,
    /// Account, where there are several
    #[arg(short, long, value_name = "NAME")]
    pub account: Option<String>,
    /// Least life the token must have left: 90s, 10m
    #[arg(long, value_name = "DURATION", value_parser = oarlock::duration::parse)]
    pub min_ttl: Option<Duration>,
    /// A new token, whatever the stored one is worth
    #[arg(long)]
    pub force_refresh: bool,
    /// Print the token with its expiry and source as JSON
    #[arg(long, conflicts_with = "header")]
    pub json: bool,
    /// Print it as a header: Authorization: Bearer …
    #[arg(long)]
    pub header: bool,
}

/// `request`.
#[derive(Debug, Args)]
pub struct RequestArguments {
    /// The address; the token goes only where the credential is meant for
    #[arg(value_hint = ValueHint::Url)]
    pub url: String,
    /// Method; default GET, or POST with --data
    #[arg(short = 'X', long, value_name = "METHOD")]
    pub method: Option<String>,
    /// A header, as `Name: value` (repeatable)
    #[arg(short = 'H', long, value_name = "HEADER")]
    pub header: Vec<String>,
    /// Body; @FILE reads a file, @- standard input
    #[arg(short, long, value_name = "DATA")]
    pub data: Option<String>,
    /// Print the answer's status and headers too
    #[arg(short, long)]
    pub include: bool,
    /// Which credential.
    #[command(flatten)]
    pub selection: Selection,
}

/// `exec`.
#[derive(Debug, Args)]
pub struct ExecArguments {
    /// Which credential.
    #[command(flatten)]
    pub selection: Selection,
    /// Put the token into this variable instead of the provider's own
    #[arg(long, value_name = "NAME")]
    pub env: Option<String>,
    /// Least life the token must have left: 90s, 10m
    #[arg(long, value_name = "DURATION", value_parser = oarlock::duration::parse)]
    pub min_ttl: Option<Duration>,
    /// The command and its arguments
    #[arg(last = true, required = true, num_args = 1.., value_name = "CMD", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<String>,
}

/// `doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Name of a provider or issuer's address; default: the one a command without a name would use
    pub provider: Option<String>,
    /// Print as JSON
    #[arg(long)]
    pub json: bool,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Log in by itself, without a browser
    #[arg(long)]
    pub no_browser: bool,
}

/// `completions`.
#[derive(Debug, Args)]
pub struct CompletionsArguments {
    /// Which shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Args)]
pub struct ManArguments {
    /// Write one page per command into this directory instead
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<std::path::PathBuf>,
}

impl Arguments {
    /// Reads `oarlock token` and `oarlock token PROVIDER`, the lines that scripts run a thousand times: building the grammar of
    /// all commands would take as long as everything else they do. Every other line is `None` and clap's.
    pub(crate) fn of_plain_token(words: impl IntoIterator<Item = OsString>) -> Option<Self> {
        let mut words = words.into_iter().skip(1);
        let is_token = words.next()? == "token";
        let provider = words.next().map(OsString::into_string).transpose().ok()?;
        let is_plain = provider
            .as_deref()
            .is_none_or(|name| !name.is_empty() && !name.starts_with('-'));
        if !is_token || !is_plain || words.next().is_some() {
            return None;
        }
        let token = TokenArguments {
            provider,
            account: None,
            min_ttl: None,
            force_refresh: false,
            json: false,
            header: false,
        };
        Some(Self {
            verbose: 0,
            command: Command::Token(token),
        })
    }
}

/// How long to wait: nobody can log in within no time.
fn patience(text: &str) -> Result<Duration, String> {
    match oarlock::duration::parse(text)? {
        Duration::ZERO => Err("nobody can log in within no time; write 90s, 5m or 1h".into()),
        duration => Ok(duration),
    }
}

/// One scope, or several with spaces or commas between; what is none is not left out in silence.
fn scopes(text: &str) -> Result<String, String> {
    let is_scope = |word: &str| Scopes::parse(word).len() == 1;
    let mut words = text
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| !word.is_empty())
        .peekable();
    if words.peek().is_some() && words.all(is_scope) {
        Ok(text.to_owned())
    } else {
        Err("a scope is made of visible ASCII characters without quotes and backslashes".into())
    }
}

impl From<FlowArgument> for oarlock::Flow {
    fn from(flow: FlowArgument) -> Self {
        match flow {
            FlowArgument::Auto => Self::Auto,
            FlowArgument::Loopback => Self::Loopback,
            FlowArgument::Paste => Self::Paste,
            FlowArgument::Device => Self::Device,
            FlowArgument::Relay => Self::Relay,
            FlowArgument::ClientCredentials => Self::ClientCredentials,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_begin_with_a_hyphen() {
        let line = [
            "oarlock",
            "login",
            "a",
            "--client-id",
            "-9x",
            "--no-browser",
        ];
        let Command::Login(login) = Arguments::try_parse_from(line).unwrap().command else {
            panic!("not a login");
        };
        assert_eq!(login.client_id.as_deref(), Some("-9x"));
        assert!(login.no_browser);
    }

    #[test]
    fn a_plain_token_line_means_what_clap_takes_it_for() {
        for line in [
            "oarlock token",
            "oarlock token github",
            "oarlock token https://a.example",
            "oarlock token -h",
            "oarlock token --json",
            "oarlock token github --json",
            "oarlock token -- github",
            "oarlock token a b",
            "oarlock status",
            "oarlock",
            "oarlock tok",
        ] {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            if let Some(plain) = Arguments::of_plain_token(words.clone()) {
                let full = Arguments::try_parse_from(words).unwrap();
                assert_eq!(format!("{plain:?}"), format!("{full:?}"), "{line}");
            } else {
                assert!(
                    !["oarlock token", "oarlock token github"].contains(&line),
                    "{line}"
                );
            }
        }
    }
}
