//! The settings of `oarlock serve`.

use crate::settings::{
    CLIENT_KEYS, DEV_USER_KEYS, SETTINGS, Setting, TOKEN_KEYS, UPSTREAM_KEYS, UPSTREAM_TOKEN_KEY,
    Variable,
};

const EXAMPLE: &str = r#"listen = "127.0.0.1:5001"
public_url = "https://login.example.com"
trusted_proxies = ["127.0.0.1"]
metrics_listen = "127.0.0.1:9464"
upstream = ["github", "company"]
store = "sqlite:/var/lib/oarlock/server.db"
scopes = ["deploy"]

[upstreams.github]
client_id = "Iv1.0123456789abcdef"
client_secret_file = "github.secret"

[upstreams.company]
issuer = "https://id.example.com"
client_id = "oarlock"
client_secret_file = "company.secret"
title = "Example Inc."
allow = ["*@example.com"]

[clients.mytool]
client_name = "My tool"
redirect_uris = ["http://127.0.0.1/callback"]
trusted = true

[audit]
file = "/var/log/oarlock/audit.jsonl"

[relay]
callback_path = "/oauth/callback"
default_timeout = "5m"

[[relay.tokens]]
name = "build-server"
sha256 = "eaa5a652e22ac4a1e81cc38a977ee87bcf2dd0305cb2196d54f88ff541c1dfcc"
max_registrations = 20
"#;

/// Tables of settings, in the order of the page.
const TABLES: [&str; 10] = [
    "",
    "http",
    "tls",
    "registration",
    "pairing",
    "keys",
    "lifetimes",
    "limits",
    "audit",
    "relay",
];

/// What an entry with a name of its own can have.
type Keys = &'static [(&'static str, &'static str)];
const ENTRIES: [(&str, &str, Keys); 4] = [
    (
        "[upstreams.NAME]",
        "The keys of `[providers.NAME]` ([configuration](configuration.md)), and those below. An entry that names no server adds to the provider of its name.",
        UPSTREAM_KEYS,
    ),
    (
        "[[upstreams.dev.users]]",
        "People to pick from, where the upstream is `dev`; without them two that are made up.",
        DEV_USER_KEYS,
    ),
    (
        "[clients.ID]",
        "Programs that may ask here, beside the one that is built in (`oarlock`).",
        CLIENT_KEYS,
    ),
    (
        "[[relay.tokens]]",
        "Programs on other machines that may wait at the relay.",
        TOKEN_KEYS,
    ),
];

/// `docs/reference/server.md`.
pub(super) fn page() -> String {
    let mut text = String::from(
        "# Server\n\nThe settings of `oarlock serve`, from `server.toml` beside `config.toml` (in `$XDG_CONFIG_HOME/oarlock/` or `$OARLOCK_HOME`), or from the file that `--config` names. A flag wins over a variable, a variable over the file. Unknown keys are errors. The file must belong to you or to root, and nobody else may write it.\n\nDurations are `\"90s\"`, `\"5m\"` or a number of seconds. `oarlock serve --check` reads everything and says what would be served; whether ports are free and the socket's directory is safe, the start tells.\n\n```toml\n",
    );
    text.push_str(EXAMPLE);
    text.push_str("```\n");
    for table in TABLES {
        text.push_str(&format!(
            "\n{}\n\n| Key | Default | Flag, variables | Meaning |\n|---|---|---|---|\n",
            heading(table)
        ));
        for setting in SETTINGS {
            let (of, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            if of == table {
                text.push_str(&format!(
                    "| `{key}` | {} | {} | {} |\n",
                    setting.default,
                    names(setting),
                    setting.meaning
                ));
            }
        }
    }
    for (table, introduction, keys) in ENTRIES {
        text.push_str(&format!(
            "\n## Keys of each `{table}`\n\n{introduction}\n\n| Key | Meaning |\n|---|---|\n"
        ));
        for (key, meaning) in keys {
            text.push_str(&format!("| `{key}` | {meaning} |\n"));
        }
    }
    text
}

fn heading(table: &str) -> String {
    match table {
        "" => "## Keys at the top".into(),
        table => format!("## Keys of `[{table}]`"),
    }
}

/// For the page of variables.
pub(super) fn variables() -> String {
    let mut text = String::from(
        "\n## `oarlock serve`\n\nWhere there are two names, the first wins. The variables of the relay can also be in a file `.env` in the working directory, where the process has neither name. More in [server](server.md).\n\n| Variable | Meaning |\n|---|---|\n",
    );
    for setting in SETTINGS {
        let names = setting.variable.names();
        if !names.is_empty() {
            text.push_str(&format!("| {} | {} |\n", quoted(&names), setting.meaning));
        }
    }
    text.push_str(&format!(
        "| `{UPSTREAM_TOKEN_KEY}` | The key that providers' tokens are sealed with, itself: 32 random bytes in base64 or hexadecimal. It wins over `keys.upstream_token_key_file`. |\n"
    ));
    let host = Variable::Relay("TCP_HOST").names();
    text.push_str(&format!(
        "| {} | For programs that wait: where the relay's TCP is. The relay itself makes nothing of it. |\n",
        quoted(&host)
    ));
    text
}

fn names(setting: &Setting) -> String {
    let mut names: Vec<String> = setting
        .flag
        .into_iter()
        .flat_map(|flags| flags.split(", "))
        .map(String::from)
        .collect();
    names.extend(setting.variable.names());
    quoted(&names)
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_described_once() {
        let page = page();
        for setting in SETTINGS {
            let (table, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            let section = page.split_once(&heading(table)).unwrap().1;
            let section = section.split("\n## ").next().unwrap();
            let rows = section.matches(&format!("| `{key}` |")).count();
            assert_eq!(rows, 1, "{}", setting.key);
            for name in setting.variable.names() {
                assert!(
                    page.contains(&name) && variables().contains(&name),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn the_example_is_a_configuration() {
        let path = std::path::Path::new("server.toml");
        let document = oarlock::config::Document::parse(path, EXAMPLE).unwrap();
        for key in ["listen", "relay.callback_path", "clients.mytool.trusted"] {
            assert!(document.value(key).is_some(), "{key}");
        }
    }
}
