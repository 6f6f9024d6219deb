//! Choosing a provider or a login on the terminal; nothing goes to standard output.

use inquire::{InquireError, Select};
use oarlock::{Client, account::AccountKey};
use oarlock_io::terminal;

use crate::failure::Failure;

struct Choice<T> {
    value: T,
    label: String,
}

impl<T> std::fmt::Display for Choice<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.label)
    }
}

/// Whether somebody can choose here. A terminal without a cursor to move cannot show a selection.
pub(crate) fn is_possible(client: &Client) -> bool {
    terminal::input_is_terminal()
        && terminal::is_terminal()
        && client.environment().get("TERM") != Some("dumb")
}

/// A provider to log in to; who is logged in is said beside each.
pub(crate) fn choose_login(client: &Client) -> Result<String, Failure> {
    let logins = client.logins()?;
    let mut names = client.config().provider_names();
    names.extend(logins.iter().map(|(key, _)| key.provider().to_owned()));
    names.sort();
    names.dedup();
    let mut choices = Vec::new();
    for name in names {
        // Known from a file alone that cannot be read: `status` speaks of it.
        let Ok(profile) = client.profile(&name) else {
            continue;
        };
        let who: Vec<String> = logins
            .iter()
            .filter(|(key, _)| key.provider() == name)
            .map(|(key, credential)| whose(key, credential.as_ref().ok()))
            .collect();
        let state = if who.is_empty() {
            String::new()
        } else {
            format!(" – logged in as {}", who.join(", "))
        };
        choices.push(Choice {
            label: fitting(&format!("{}{state}", profile.display_name())),
            value: name,
        });
    }
    ask("Log in to", choices)
}

/// A login to end.
pub(crate) fn choose_logout(client: &Client) -> Result<AccountKey, Failure> {
    let choices = client
        .logins()?
        .into_iter()
        .map(|(key, credential)| Choice {
            label: fitting(&format!(
                "{} – {}",
                key.provider(),
                whose(&key, credential.as_ref().ok())
            )),
            value: key,
        })
        .collect();
    ask("Log out of", choices)
}

fn whose(key: &AccountKey, credential: Option<&oarlock::Credential>) -> String {
    credential
        .and_then(|credential| credential.identity.as_ref())
        .map_or_else(|| key.account().to_owned(), ToString::to_string)
}

/// One line, also on a narrow terminal: a wrapped line would break the redrawing.
fn fitting(label: &str) -> String {
    let room = terminal::width().saturating_sub(4).max(20);
    if label.chars().count() <= room {
        return label.to_owned();
    }
    label
        .chars()
        .take(room.saturating_sub(1))
        .chain(['…'])
        .collect()
}

fn ask<T>(question: &str, choices: Vec<Choice<T>>) -> Result<T, Failure> {
    let answer = Select::new(question, choices)
        .with_help_message("arrows to move, type to filter, Enter to choose, Esc to leave")
        .with_page_size(10)
        .prompt();
    match answer {
        Ok(choice) => Ok(choice.value),
        Err(InquireError::OperationCanceled | InquireError::OperationInterrupted) => {
            Err(Failure::cancelled())
        }
        Err(error) => Err(Failure::failed(format!("the selection failed: {error}"))
            .with_hint("Name the provider instead: oarlock login PROVIDER")),
    }
}
