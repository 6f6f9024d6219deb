//! The settings of `oarlock serve`.

use crate::settings::{SETTINGS, Setting, TOKEN_KEYS, Variable};

const EXAMPLE: &str = r#"listen = "127.0.0.1:5001"
public_url = "https://login.example.com"
trusted_proxies = ["127.0.0.1"]
metrics_listen = "127.0.0.1:9464"

[relay]
callback_path = "/oauth/callback"
default_timeout = "5m"

[[relay.tokens]]
name = "build-server"
sha256 = "eaa5a652e22ac4a1e81cc38a977ee87bcf2dd0305cb2196d54f88ff541c1dfcc"
max_registrations = 20
"#;

const TABLES: [(&str, &str); 3] = [
    ("", "Keys at the top"),
    ("http", "Keys of `[http]`"),
    ("relay", "Keys of `[relay]`"),
];

/// `docs/reference/server.md`.
pub(super) fn page() -> String {
    let mut text = String::from(
        "# Server\n\nThe settings of `oarlock serve`, from `server.toml` beside `config.toml` (in `$XDG_CONFIG_HOME/oarlock/` or `$OARLOCK_HOME`), or from the file that `--config` names. A flag wins over a variable, a variable over the file. Unknown keys are errors. The file must belong to you or to root, and nobody else may write it.\n\nDurations are `\"90s\"`, `\"5m\"` or a number of seconds. `oarlock serve --check` reads everything and says what would be served; whether ports are free and the socket's directory is safe, the start tells.\n\n```toml\n",
    );
    text.push_str(EXAMPLE);
    text.push_str("```\n");
    for (table, title) in TABLES {
        text.push_str(&format!(
            "\n## {title}\n\n| Key | Default | Flag, variables | Meaning |\n|---|---|---|---|\n"
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
    text.push_str("\n## Keys of each `[[relay.tokens]]`\n\n| Key | Meaning |\n|---|---|\n");
    for (key, meaning) in TOKEN_KEYS {
        text.push_str(&format!("| `{key}` | {meaning} |\n"));
    }
    text
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
            let (_, key) = setting.key.split_once('.').unwrap_or(("", setting.key));
            let of_tokens = TOKEN_KEYS.iter().filter(|(name, _)| *name == key).count();
            let rows = page.matches(&format!("| `{key}` |")).count();
            assert_eq!(rows, 1 + of_tokens, "{key}");
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
        for key in ["listen", "relay.callback_path"] {
            assert!(document.value(key).is_some(), "{key}");
        }
    }
}
