// The paths are those of Unix.
#![cfg(unix)]

mod broker;
mod relay;

use std::{path::Path, time::Duration};

use clap::Parser as _;
use oarlock::config::Document;
use oarlock_io::{Environment, telemetry::Format};
use oarlock_server::config::{ListenAddress, LocalAddress, RelayConfig};

use super::{Passed, Plan};
use crate::{
    arguments::{Arguments, Command},
    commands::serve::{descriptors, sources::Sources},
    failure::Failure,
    settings::SETTINGS,
};

const HOME: (&str, &str) = ("OARLOCK_HOME", "/d");

/// A place where settings come from, one for each test.
#[derive(Default)]
struct Given<'a> {
    line: &'a [&'a str],
    variables: &'a [(&'a str, &'a str)],
    file: Option<&'a str>,
    passed: Passed,
}

impl Given<'_> {
    fn plan(&self) -> Result<Plan, Failure> {
        let pairs = self.variables.iter().copied().chain([HOME]);
        self.plan_in(&Environment::from_pairs(pairs))
    }

    fn plan_in(&self, environment: &Environment) -> Result<Plan, Failure> {
        let words = ["oarlock", "serve"].iter().chain(self.line);
        let arguments = Arguments::try_parse_from(words).unwrap();
        let Command::Serve(serve) = arguments.command else {
            panic!("not serve");
        };
        let document = self
            .file
            .map(|text| Document::parse(Path::new("/d/server.toml"), text).unwrap());
        let sources = Sources {
            arguments: &serve,
            verbose: arguments.verbose,
            environment,
            document: document.as_ref(),
        };
        Plan::read(&sources, self.passed)
    }

    #[track_caller]
    fn relay(&self) -> RelayConfig {
        self.plan().unwrap().config.relay.unwrap()
    }

    #[track_caller]
    fn refused(&self) -> String {
        let failure = self.plan().unwrap_err();
        assert_eq!(
            format!("{:?}", failure.exit_code()),
            format!("{:?}", std::process::ExitCode::from(2))
        );
        format!(
            "{}\n{}",
            failure.message(),
            failure.hint().unwrap_or_default()
        )
    }
}

fn line<'a>(line: &'a [&'a str]) -> Given<'a> {
    Given {
        line,
        ..Given::default()
    }
}

fn variables<'a>(variables: &'a [(&'a str, &'a str)]) -> Given<'a> {
    Given {
        variables,
        ..Given::default()
    }
}

fn file(text: &str) -> Given<'_> {
    Given {
        file: Some(text),
        ..Given::default()
    }
}

#[test]
fn with_nothing_configured_it_says_what_it_needs() {
    for given in [
        line(&[]),
        line(&["-v", "--log-format", "json"]),
        variables(&[("OARLOCK_LOG", "debug"), ("OAUTH_TCP_HOST", "relay")]),
    ] {
        let said = given.refused();
        assert!(said.contains("oarlock serve --relay"), "{said}");
        assert!(said.contains("--public-url https://"), "{said}");
    }
    let off = [
        line(&["--no-relay"]),
        variables(&[("OAUTH_ENABLED", "False")]),
        file("[relay]\nenabled = false"),
    ];
    for given in off {
        assert!(given.refused().contains("turned off"));
    }
}

#[test]
fn whatever_is_configured_is_a_relay_with_defaults() {
    for given in [
        line(&["--relay"]),
        line(&["--listen", "127.0.0.1:5001"]),
        variables(&[("OAUTH_ENABLED", "true")]),
        variables(&[("OARLOCK_RELAY_LOG_UNMATCHED", "1")]),
        file(""),
    ] {
        let plan = given.plan().unwrap();
        let config = plan.config;
        let listen = ListenAddress::Bind("127.0.0.1:5001".parse().unwrap());
        assert_eq!(config.listen, listen);
        assert_eq!(config.public_url, None);
        let relay = config.relay.unwrap();
        assert_eq!(relay.callback_path, "/oauth/callback");
        let local = LocalAddress::Unix {
            path: "/d/run/relay.sock".into(),
            shared_directory: false,
        };
        assert_eq!(relay.local, local);
        assert_eq!(relay.times.registration, Duration::from_secs(300));
        assert!(relay.log_unmatched);
        assert_eq!(plan.log, "info");
        assert_eq!(plan.log_format, Format::Text);
        assert_eq!(plan.warnings, [""; 0]);
    }
}

#[test]
fn a_flag_wins_over_a_variable_over_the_file() {
    let listen = |given: &Given<'_>| given.plan().unwrap().config.listen;
    let bound = |address: &str| ListenAddress::Bind(address.parse().unwrap());
    let mut given = file("listen = \"127.0.0.1:1\"\nlog = \"warn\"");
    assert_eq!(listen(&given), bound("127.0.0.1:1"));
    assert_eq!(given.plan().unwrap().log, "warn");
    given.variables = &[("OARLOCK_LISTEN", "127.0.0.1:2"), ("OARLOCK_LOG", "error")];
    assert_eq!(listen(&given), bound("127.0.0.1:2"));
    assert_eq!(given.plan().unwrap().log, "error");
    given.line = &["--listen", "127.0.0.1:3", "-vv"];
    assert_eq!(listen(&given), bound("127.0.0.1:3"));
    assert_eq!(given.plan().unwrap().log, "debug");
    let on = Given {
        line: &["--relay"],
        variables: &[("OAUTH_ENABLED", "false")],
        ..Given::default()
    };
    assert!(on.plan().is_ok());
}

#[test]
fn the_variables_of_poast_relay_mean_what_they_meant() {
    let given = variables(&[
        ("OAUTH_ENABLED", "True"),
        ("OAUTH_CALLBACK_PATH", "/cb"),
        ("OAUTH_CODE_KEYS", "[\"ticket\", \"code\"]"),
        ("OAUTH_SOCKET_PATH", "/srv/relay.sock"),
        ("OAUTH_TCP_FALLBACK_PORT", "9998"),
        ("OAUTH_DEFAULT_TIMEOUT", "120.0"),
        ("OAUTH_LOG_UNMATCHED", "no"),
        ("OAUTH_USE_TCP", "on"),
        ("OAUTH_TCP_BIND_ADDRESS", "127.0.0.1"),
        ("OAUTH_TCP_HOST", "relay"),
    ]);
    let relay = given.relay();
    assert_eq!(relay.callback_path, "/cb");
    let local = LocalAddress::Tcp {
        address: "127.0.0.1:9998".parse().unwrap(),
        open: true,
    };
    assert_eq!(relay.local, local);
    assert_eq!(relay.times.registration, Duration::from_secs(120));
    assert!(!relay.log_unmatched);
}

#[test]
fn two_names_of_one_setting_that_differ_are_told() {
    let given = variables(&[
        ("OARLOCK_RELAY_CALLBACK_PATH", "/a"),
        ("OAUTH_CALLBACK_PATH", "/b"),
        ("OARLOCK_RELAY_LOG_UNMATCHED", "yes"),
        ("OAUTH_LOG_UNMATCHED", "yes"),
        ("OARLOCK_RELAY_CALLBCK_PATH", "/c"),
        ("OARLOCK_RELAY_TCP_HOST", "relay"),
    ]);
    let plan = given.plan().unwrap();
    assert_eq!(plan.config.relay.as_ref().unwrap().callback_path, "/a");
    assert_eq!(
        plan.warnings,
        [
            "OARLOCK_RELAY_CALLBACK_PATH and OAUTH_CALLBACK_PATH differ; OARLOCK_RELAY_CALLBACK_PATH counts",
            "nobody reads OARLOCK_RELAY_CALLBCK_PATH; did you mean OARLOCK_RELAY_CALLBACK_PATH?"
        ]
    );
}

#[test]
fn an_unknown_key_is_an_error_with_a_suggestion() {
    for (text, key, suggestion) in [
        ("lisen = \"x\"", "lisen", "listen"),
        ("[relais]", "relais", "relay"),
        (
            "[relay]\ncallback_pth = \"/x\"",
            "relay.callback_pth",
            "callback_path",
        ),
        ("[http]\nbodi = 1", "http.bodi", "body"),
        (
            "[[relay.tokens]]\nnam = \"x\"",
            "relay.tokens[0].nam",
            "name",
        ),
    ] {
        let said = file(text).refused();
        assert!(
            said.contains("/d/server.toml")
                && said.contains(&format!("unknown key \"{key}\""))
                && said.contains(&format!("did you mean \"{suggestion}\"")),
            "{said}"
        );
    }
    assert!(file("relay = 1").refused().contains("write [relay]"));
    assert!(
        file("[relay]\ntokens = 1")
            .refused()
            .contains("[[relay.tokens]]")
    );
}

#[test]
fn a_wrong_value_names_its_place_and_what_would_be_right() {
    let of_file = [
        ("listen = 5001", "listen: write a text"),
        (
            "listen = \"5001\"",
            "listen: write an address and a port, such as 127.0.0.1:5001",
        ),
        (
            "public_url = \"login.example.com\"",
            "such as https://login.example.com",
        ),
        (
            "public_url = \"https://a.example/x\"",
            "such as https://login.example.com",
        ),
        (
            "public_url = \"https://u@a.example\"",
            "such as https://login.example.com",
        ),
        (
            "public_url = \"ftp://a.example\"",
            "such as https://login.example.com",
        ),
        (
            "public_url = \"http://0.0.0.0:5001\"",
            "no browser can call this",
        ),
        (
            "trusted_proxies = [\"nginx\"]",
            "write 127.0.0.1 or 10.0.0.0/8",
        ),
        ("trusted_proxies = [\"0.0.0.0/0\"]", "is everybody"),
        ("allowed_hosts = [\"https://x\"]", "without https://"),
        (
            "metrics_listen = \"127.0.0.1:5001\"",
            "metrics are never on the public address",
        ),
        ("log = \"loud\"", "is not a log level"),
        ("log_format = \"xml\"", "write text or json"),
        ("http.body = 1", "write a number from 1024 to 1048576"),
        ("http.connections = 0", "write a number from 1 to"),
        (
            "relay.enabled = \"maybe\"",
            "relay.enabled: write true or false",
        ),
        ("relay.grace = \"1h\"", "from 0 to 60"),
        ("relay.heartbeat = 0", "from 0.05 to 3600"),
        ("relay.tcp_fallback_port = 70000", "from 0 to 65535"),
        ("relay.tcp_bind_address = \"x:1\"", "without a port"),
        (
            "relay.socket_path = \"~/relay.sock\"",
            "write an absolute path",
        ),
        (
            "relay.code_keys = [\"state\"]",
            "relay.code_keys: \"state\" cannot be a code key",
        ),
        (
            "relay.default_timeout = 7200\nrelay.longest_timeout = 60",
            "longer than longest_timeout",
        ),
    ];
    for (text, expected) in of_file {
        let said = file(text).refused();
        let place = "/d/server.toml: ";
        assert!(
            said.starts_with(place) && said.contains(expected),
            "{text}: {said}"
        );
    }
    let said = variables(&[("OAUTH_USE_TCP", "yess")]).refused();
    assert!(
        said.contains("environment: OAUTH_USE_TCP: write true or false"),
        "{said}"
    );
    let said = line(&["--metrics-listen", "9464"]).refused();
    assert!(said.contains("command line: --metrics-listen: "), "{said}");
}

#[test]
fn beyond_loopback_the_public_url_must_be_said() {
    let said = line(&["--listen", "0.0.0.0:5001"]).refused();
    assert!(
        said.contains("--listen") && said.contains("--public-url"),
        "{said}"
    );
    let passed = Given {
        passed: Passed {
            http: true,
            relay: true,
        },
        ..Given::default()
    };
    assert!(passed.refused().contains("public_url"));
    let public = [
        "--listen",
        "0.0.0.0:5001",
        "--public-url",
        "https://login.example.com",
    ];
    let plan = line(&public).plan().unwrap();
    assert_eq!(plan.warnings, [""; 0]);
    let named = Given {
        line: &[
            "--public-url",
            "http://relay.lan:5001",
            "--listen",
            "127.0.0.1:1",
        ],
        passed: passed.passed,
        ..Given::default()
    };
    let plan = named.plan().unwrap();
    assert_eq!(plan.config.listen, ListenAddress::Passed);
    assert_eq!(
        plan.config.relay.as_ref().unwrap().local,
        LocalAddress::Passed { open: false }
    );
    let warned = |word: &str| plan.warnings.iter().any(|warning| warning.contains(word));
    assert!(
        warned("not https") && warned("`listen` is not used"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn a_port_that_everybody_may_use_is_warned_of() {
    let plan = variables(&[
        ("OARLOCK_RELAY_USE_TCP", "true"),
        ("OARLOCK_RELAY_TCP_BIND_ADDRESS", "0.0.0.0"),
        ("OARLOCK_RELAY_INSECURE_TCP", "true"),
    ])
    .plan()
    .unwrap();
    let [warning] = &plan.warnings[..] else {
        panic!("{:?}", plan.warnings);
    };
    assert!(
        warning.contains("0.0.0.0:9999") && warning.contains("insecure_tcp"),
        "{warning}"
    );
}

#[test]
fn hostile_19_a_file_that_was_unpacked_somewhere_opens_nothing() {
    let folder = tempfile::tempdir().unwrap();
    #[expect(clippy::disallowed_methods, reason = "a file as others write it")]
    std::fs::write(
        folder.path().join(".env"),
        "OAUTH_CALLBACK_PATH=/cb\nOARLOCK_RELAY_INSECURE_SOCKET_DIRECTORY=true\n",
    )
    .unwrap();
    let environment = Environment::from_pairs([HOME])
        .with_dotenv(folder.path())
        .unwrap();
    let failure = Given::default().plan_in(&environment).unwrap_err();
    let said = failure.message();
    assert!(
        said.contains(".env: OARLOCK_RELAY_INSECURE_SOCKET_DIRECTORY"),
        "{said}"
    );
}

#[test]
fn hosts_are_names_and_addresses_with_or_without_a_port() {
    let text =
        r#"allowed_hosts = ["relay", "login.example.com:8443", "10.0.0.7", "[::1]:80", "::1"]"#;
    assert_eq!(file(text).plan().unwrap().config.allowed_hosts.len(), 5);
    for wrong in ["a b", "a/b", "a@b", "a:b", "*", ":80", "a?b"] {
        let said = file(&format!("allowed_hosts = [\"{wrong}\"]")).refused();
        assert!(said.contains("is no host"), "{wrong}: {said}");
    }
}

#[test]
fn hostile_37_connections_fit_the_open_files() {
    let mut config = line(&["--relay"]).plan().unwrap().config;
    let before = config.clone();
    assert_eq!(descriptors::fit(&mut config, 20_000), None);
    assert_eq!(
        config.relay.as_ref().unwrap().limits,
        before.relay.as_ref().unwrap().limits
    );
    for limit in [0, 64, 66, 256, 1_024, 4_096, 18_000] {
        let mut config = before.clone();
        let warning = descriptors::fit(&mut config, limit).unwrap();
        assert!(warning.contains("LimitNOFILE="), "{warning}");
        let limits = &config.relay.as_ref().unwrap().limits;
        let open = limits.connections + config.http.connections;
        assert!(open as u64 + 64 <= limit.max(66), "{limit}: {config:?}");
        assert!(limits.registrations >= 1 && limits.registrations <= limits.connections);
        assert!(config.http.connections >= 1 && limits.connections >= 1);
    }
}

#[test]
fn every_setting_has_one_key_and_the_file_takes_it() {
    for (index, setting) in SETTINGS.iter().enumerate() {
        let others = &SETTINGS[index + 1..];
        assert!(
            others.iter().all(|other| other.key != setting.key),
            "{}",
            setting.key
        );
        // A value that no setting takes: what is refused is the value, not the key.
        let said = file(&format!("{} = 1979-05-27", setting.key)).refused();
        assert!(said.contains(&format!("{}: ", setting.key)), "{said}");
    }
}
