//! The place we run in: terminal, browser, proxies.

use std::path::Path;

use oarlock::{
    Browser,
    config::Config,
    relay::{RelayError, RelaySettings},
};
use oarlock_io::{Environment, terminal};

use super::report::Report;

/// As curl and others read them.
const PROXIES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];
const EXCEPTIONS: &str = "NO_PROXY";

/// Where we are, whether somebody can type, what opens an address, and how requests leave.
pub(super) fn examine(config: &Config, environment: &Environment, report: &mut Report) {
    place(environment, report);
    browser(config, environment, report);
    network(config, environment, report);
    relay(environment, report);
}

/// Where a login by relay would wait; nothing where nobody speaks of one.
fn relay(environment: &Environment, report: &mut Report) {
    const CHECK: &str = "relay";
    let found = match environment.clone().with_dotenv(Path::new("")) {
        Ok(environment) if !RelaySettings::is_named(&environment) => return,
        Ok(environment) => RelaySettings::from_environment(&environment).map_err(RelayError::from),
        Err(error) => Err(error.into()),
    };
    match found {
        Ok(settings) => report.ok(
            CHECK,
            format!(
                "`oarlock wait` and --flow relay go to {}.",
                settings.address
            ),
        ),
        Err(error) => report.error(CHECK, &error.into()),
    };
}

fn place(environment: &Environment, report: &mut Report) {
    let place = environment.place();
    let facts = [
        (place.ssh, "over SSH"),
        (place.container, "in a container"),
        (place.wsl, "in Windows Subsystem for Linux"),
        (place.ci, "in continuous integration"),
    ];
    let facts: Vec<&str> = facts
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, fact)| *fact)
        .collect();
    let place_is = if facts.is_empty() {
        "a machine of your own".to_owned()
    } else {
        facts.join(", ")
    };
    let display = if place.display {
        "with a display"
    } else {
        "without a display"
    };
    report.ok("place", format!("This is {place_is}, {display}."));
    match (terminal::input_is_terminal(), terminal::is_terminal()) {
        (true, true) => report.ok(
            "terminal",
            format!(
                "There is one, {} columns wide; a code can be pasted.",
                terminal::width()
            ),
        ),
        (true, false) => report.ok(
            "terminal",
            "Input is a terminal, standard error is not: prompts would not be seen.",
        ),
        (false, _) => report.ok(
            "terminal",
            "Input is no terminal: no code can be pasted, and nothing can be selected.",
        ),
    };
}

/// Which proxy the requests go by.
fn network(config: &Config, environment: &Environment, report: &mut Report) {
    const CHECK: &str = "proxy";
    let except = variable(environment, EXCEPTIONS)
        .map(|(name, value)| format!(", except for {value} ({name})"))
        .unwrap_or_default();
    if let Some(url) = &config.network.proxy {
        report.ok(
            CHECK,
            format!(
                "The configuration names {}{except}.",
                without_password(url.as_str())
            ),
        );
    } else {
        let set: Vec<String> = PROXIES
            .iter()
            .filter_map(|name| variable(environment, name))
            .map(|(name, value)| format!("{name} is {}", without_password(value)))
            .collect();
        if set.is_empty() {
            report.ok(CHECK, "None is set.");
        } else {
            report.ok(
                CHECK,
                format!(
                    "{}{except}. This machine itself is never reached by a proxy.",
                    set.join(", ")
                ),
            );
        }
    }
    if let Some(file) = &config.network.ca_file {
        report.ok(
            "certificates",
            format!("Those of {} count beside the system's.", file.display()),
        );
    }
}

/// A variable in capitals or small letters, as proxies are written.
fn variable<'a>(environment: &'a Environment, name: &str) -> Option<(String, &'a str)> {
    [name.to_owned(), name.to_ascii_lowercase()]
        .into_iter()
        .find_map(|name| {
            let value = environment.get(&name)?;
            Some((name, value))
        })
}

/// A proxy's address for showing; what cannot be read as one is not shown at all.
fn without_password(address: &str) -> String {
    let with_scheme = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    match url::Url::parse(&with_scheme) {
        Ok(url) if url.host_str().is_some() => {
            let port = url
                .port()
                .map(|port| format!(":{port}"))
                .unwrap_or_default();
            format!(
                "{}://{}{port}",
                url.scheme(),
                url.host_str().unwrap_or_default()
            )
        }
        _ => "an address that cannot be read".into(),
    }
}

/// Whether a browser can be opened.
fn browser(config: &Config, environment: &Environment, report: &mut Report) {
    const CHECK: &str = "browser";
    const SHOWN: &str = "The address is always shown too, so that you can open it yourself.";
    match config.browser() {
        Browser::Never => {
            report.ok(
                CHECK,
                format!("The configuration says that none is opened. {SHOWN}"),
            );
        }
        Browser::Command(command) => named(&command, "The configuration", environment, report),
        Browser::Auto => match environment.get("BROWSER") {
            Some(command) => named(command, "The variable BROWSER", environment, report),
            None if environment.has_browser() => {
                report.ok(CHECK, "One can be expected here.");
            }
            None => {
                report.ok(CHECK, format!("None can be expected here. {SHOWN}"));
            }
        },
    }
}

fn named(command: &str, who: &str, environment: &Environment, report: &mut Report) {
    const CHECK: &str = "browser";
    // BROWSER may name several; the first word of each is a program.
    let programs: Vec<&str> = command
        .split(':')
        .filter_map(|one| one.split_whitespace().next())
        .collect();
    if programs
        .iter()
        .any(|program| is_program(program.trim_matches(['"', '\'']), environment))
    {
        report.ok(CHECK, format!("{who} names {}.", programs.join(", ")));
    } else {
        report
            .warning(CHECK, format!("{who} names {}, which is not found.", programs.join(", ")))
            .advice("Log in with --no-browser and open the address yourself, or name another program with --browser.");
    }
}

fn is_program(name: &str, environment: &Environment) -> bool {
    if name.contains(std::path::is_separator) {
        return is_executable(Path::new(name));
    }
    let path = environment.get("PATH").unwrap_or_default();
    std::env::split_paths(path).any(|directory| {
        let program = directory.join(name);
        is_executable(&program) || (cfg!(windows) && is_executable(&program.with_extension("exe")))
    })
}

#[cfg(unix)]
fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path)
        .is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_executable(path: &Path) -> bool {
    path.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_23_a_proxys_password_is_not_shown() {
        for address in [
            "http://ada:canary@proxy.example:3128/",
            "ada:canary@proxy.example:3128",
            "socks5h://ada:canary@127.0.0.1:9050",
        ] {
            let shown = without_password(address);
            assert!(
                !shown.contains("canary") && !shown.contains("ada"),
                "{shown}"
            );
        }
        assert_eq!(
            without_password("http://ada:canary@proxy.example:3128/"),
            "http://proxy.example:3128"
        );
        assert_eq!(
            without_password("ada:canary@:"),
            "an address that cannot be read"
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_program_is_found_on_the_path_or_by_its_own() {
        let environment = Environment::from_pairs([("PATH", "/nonexistent:/usr/bin:/bin")]);
        assert!(is_program("sh", &environment));
        assert!(is_program("/bin/sh", &environment));
        assert!(!is_program("no-such-browser", &environment));
        assert!(!is_program("/etc/passwd", &environment), "not executable");
        assert!(!is_program("/bin", &environment), "a directory");
    }

    #[test]
    fn small_letters_count_too() {
        let environment = Environment::from_pairs([("https_proxy", "http://p.example")]);
        assert_eq!(
            variable(&environment, "HTTPS_PROXY"),
            Some(("https_proxy".into(), "http://p.example"))
        );
    }
}
