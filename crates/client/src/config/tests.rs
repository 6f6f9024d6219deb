use std::path::PathBuf;

use oarlock_io::private;
use tempfile::TempDir;

use super::*;

struct File {
    _root: TempDir,
    path: PathBuf,
}

fn file(text: &str) -> File {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("home");
    private::ensure_directory(&home).unwrap();
    let path = home.join("config.toml");
    private::write(&path, text.as_bytes()).unwrap();
    File { _root: root, path }
}

fn nothing() -> Environment {
    Environment::from_pairs::<&str, &str>([])
}

fn read(text: &str) -> Result<Config, ConfigError> {
    Config::read(&file(text).path, &nothing())
}

fn refusal(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn no_file_is_an_empty_configuration() {
    let config = Config::read(Path::new("/nonexistent/config.toml"), &nothing()).unwrap();
    assert!(config.providers.is_empty());
}

#[test]
fn a_provider_is_read_whole() {
    let config = read(
        r#"
        default_provider = "work"
        [providers.work]
        issuer = "https://login.example.com"
        client_id = "abc"
        scopes = ["openid", "offline_access"]
        origins = ["https://api.example.com"]
        [providers.work.authorization_parameters]
        prompt = "consent"
        "#,
    )
    .unwrap();
    let profile = &config.providers["work"];
    assert_eq!(profile.name, "work");
    assert_eq!(profile.client_id.as_deref(), Some("abc"));
    assert_eq!(profile.scopes.join(' '), "openid offline_access");
    assert_eq!(profile.authorization_parameters["prompt"], "consent");
    assert!(
        profile.refresh_without_scope,
        "what the file leaves out has the standard's value"
    );
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_known_one() {
    let error = refusal("[providers.work]\nclient_idd = \"x\"");
    assert!(
        error.contains("providers.work.client_idd") && error.contains("\"client_id\""),
        "{error}"
    );
    let error = refusal("[netwrk]\n");
    assert!(error.contains("\"network\""), "{error}");
    let error = refusal("[network]\nprxy = \"x\"");
    assert!(
        error.contains("network.prxy") && error.contains("\"proxy\""),
        "{error}"
    );
}

#[test]
fn a_wrong_value_names_file_key_and_what_would_be_right() {
    let error = refusal("[providers.work]\nissuer = \"https://a.example\"\nscopes = 7");
    assert!(
        error.contains("config.toml") && error.contains("providers.work.scopes"),
        "{error}"
    );
    let error = refusal("[providers.work]\ntoken_endpoint = \"http://a.example/token\"");
    assert!(
        error.contains("providers.work.token_endpoint") && error.contains("https"),
        "{error}"
    );
    let error = refusal("[login]\nflow = \"magic\"");
    assert!(
        error.contains("login.flow") && error.contains("loopback"),
        "{error}"
    );
    let error = refusal("default_provider = \"No Body\"");
    assert!(
        error.contains("default_provider") && error.contains("a-z"),
        "{error}"
    );
    for section in ["login", "network"] {
        for wrong in ["0", "-1", "\"soon\"", "1.5", "\"0s\""] {
            let error = refusal(&format!("[{section}]\ntimeout = {wrong}"));
            assert!(
                error.contains(&format!("{section}.timeout")) && error.contains("5m"),
                "{error}"
            );
        }
    }
    let config = read("[login]\ntimeout = \"1h30m\"\n[network]\ntimeout = 7").unwrap();
    assert_eq!(config.login.timeout, Some(5_400));
    assert_eq!(config.network.timeout, Some(7));
    let error = read("default_provider = \"gihub\"")
        .unwrap()
        .unknown_provider("gihub")
        .to_string();
    assert!(
        error.contains("config.toml: default_provider") && error.contains("\"github\""),
        "{error}"
    );
    let error = refusal("[providers.UPPER]\n");
    assert!(error.contains("a-z"), "{error}");
}

#[test]
fn a_host_alone_is_told_as_the_address_that_it_probably_means() {
    for (name, expected) in [
        ("login.example.com", Some("https://login.example.com")),
        (
            "login.example.com:8443",
            Some("https://login.example.com:8443"),
        ),
        (
            "login.example.com-8443",
            Some("https://login.example.com:8443"),
        ),
        ("127.0.0.1:5001", Some("http://127.0.0.1:5001")),
        ("127.0.0.1-5001", Some("http://127.0.0.1:5001")),
        ("localhost:5001", Some("http://localhost:5001")),
        ("neither one", None),
        ("nobody-7", None),
    ] {
        let ConfigError::UnknownProvider { suggestion, .. } =
            Config::default().unknown_provider(name)
        else {
            panic!("{name}");
        };
        assert_eq!(suggestion.as_deref(), expected, "{name}");
    }
}

#[test]
fn hostile_23_a_syntax_error_shows_the_line_number_and_not_the_line() {
    let error = refusal("[providers.work]\nclient_secret = \"sekret\n");
    assert!(error.contains("line 2"), "{error}");
    assert!(!error.contains("sekret"), "{error}");
}

#[test]
fn extending_takes_what_is_not_said_anew() {
    let config = read(
        r#"
        [providers.ghe]
        extends = "github"
        client_id = "abc"
        token_endpoint = "https://ghe.example.com/login/oauth/access_token"
        [providers.ghe-bot]
        extends = "ghe"
        client_id = "bot"
        [providers.github]
        extends = "github"
        client_id = "mine"
        "#,
    )
    .unwrap();
    let ghe = &config.providers["ghe"];
    assert_eq!(
        ghe.token_endpoint.as_ref().unwrap().to_string(),
        "https://ghe.example.com/login/oauth/access_token"
    );
    assert_eq!(ghe.identity_claims, ["login"]);
    let bot = &config.providers["ghe-bot"];
    assert_eq!(
        (bot.client_id.as_deref(), &bot.token_endpoint),
        (Some("bot"), &ghe.token_endpoint)
    );
    assert_eq!(
        config.providers["github"].client_id.as_deref(),
        Some("mine")
    );
}

#[test]
fn extending_in_a_circle_or_nobody_is_refused() {
    assert!(
        refusal("[providers.a]\nextends = \"b\"\n[providers.b]\nextends = \"a\"")
            .contains("itself")
    );
    assert!(refusal("[providers.a]\nextends = \"githb\"").contains("\"github\""));
}

#[test]
fn a_secret_comes_from_a_variable_or_a_private_file() {
    let environment = Environment::from_pairs([("WORK_SECRET", "s3")]);
    let at = file(
        "[providers.work]\nissuer = \"https://a.example\"\nclient_secret_env = \"WORK_SECRET\"",
    );
    let config = Config::read(&at.path, &environment).unwrap();
    assert_eq!(
        config.providers["work"]
            .client_secret
            .as_ref()
            .unwrap()
            .expose(),
        "s3"
    );

    let at =
        file("[providers.work]\nissuer = \"https://a.example\"\nclient_secret_file = \"secret\"");
    private::write(&at.path.with_file_name("secret"), b"s4\n").unwrap();
    let config = Config::read(&at.path, &nothing()).unwrap();
    assert_eq!(
        config.providers["work"]
            .client_secret
            .as_ref()
            .unwrap()
            .expose(),
        "s4"
    );
    assert!(!format!("{config:?}").contains("s4"));
}

#[test]
fn the_environment_defines_a_provider_under_both_prefixes() {
    for prefix in ["OARLOCK_OAUTH_", "FMCP_OAUTH_"] {
        let pairs = [
            ("AUTH_ENDPOINT", "https://a.example/auth"),
            ("TOKEN_ENDPOINT", "https://a.example/token"),
            ("CLIENT_ID", "abc"),
        ];
        let environment =
            Environment::from_pairs(pairs.map(|(name, value)| (format!("{prefix}{name}"), value)));
        let config = Config::read(Path::new("/nonexistent"), &environment).unwrap();
        let profile = &config.providers["env"];
        assert_eq!(profile.client_id.as_deref(), Some("abc"));
        assert_eq!(profile.scopes.join(' '), "openid profile email");
        assert_eq!(
            (
                profile.redirect.host.as_str(),
                profile.redirect.ports.as_slice()
            ),
            ("localhost", &[8088_u16][..])
        );
        assert_eq!(profile.redirect.path, "/callback");
    }
}

#[test]
fn half_a_provider_in_the_environment_is_refused_by_the_missing_name() {
    let environment = Environment::from_pairs([("FMCP_OAUTH_CLIENT_ID", "abc")]);
    let error = Config::read(Path::new("/nonexistent"), &environment)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("OAuth2 is not configured") && error.contains("OARLOCK_OAUTH_AUTH_ENDPOINT"),
        "{error}"
    );
    let manual = Environment::from_pairs([("FMCP_OAUTH_ACCESS_TOKEN", "abc")]);
    let config = Config::read(Path::new("/nonexistent"), &manual).unwrap();
    assert!(config.providers["env"].manual_token.is_some());
}

#[test]
fn a_client_id_from_the_environment_does_not_take_another_clients_secret() {
    let environment = Environment::from_pairs([("OARLOCK_CLIENT_ID_MY_WORK", "two")]);
    let at = file(
        "[providers.my-work]\nissuer = \"https://a.example\"\nclient_id = \"one\"\nclient_secret = \"s\"",
    );
    let config = Config::read(&at.path, &environment).unwrap();
    let profile = &config.providers["my-work"];
    assert_eq!(
        (
            profile.client_id.as_deref(),
            profile.client_secret.is_some()
        ),
        (Some("two"), false)
    );
}

#[test]
fn an_issuer_gets_a_name_within_the_rule() {
    for (issuer, name) in [
        ("https://login.example.com", "login.example.com"),
        (
            "https://login.example.com/tenant/V2.0",
            "login.example.com-tenant-v2.0",
        ),
        ("http://127.0.0.1:3000", "127.0.0.1-3000"),
        ("http://[::1]:3000/a", "1--3000-a"),
    ] {
        let profile = Config::profile_for_issuer(issuer, &nothing()).unwrap();
        assert_eq!(profile.name, name);
        crate::account::check_provider(&profile.name).unwrap();
    }
}

#[test]
fn editing_keeps_comments_and_is_checked_before_it_is_saved() {
    let at = file("# mine\n[providers.work] # job\nissuer = \"https://a.example\"\n");
    let entries = [("client_id".to_owned(), toml_edit::value("abc"))];
    add_provider(&at.path, "work", &entries, true, &nothing()).unwrap();
    let text = std::fs::read_to_string(&at.path).unwrap();
    assert!(
        text.contains("# mine") && text.contains("# job") && text.contains("client_id = \"abc\""),
        "{text}"
    );
    assert_eq!(
        Config::read(&at.path, &nothing())
            .unwrap()
            .default_provider
            .as_deref(),
        Some("work")
    );

    let wrong = [(
        "token_endpoint".to_owned(),
        toml_edit::value("javascript:x"),
    )];
    let error = add_provider(&at.path, "work", &wrong, false, &nothing())
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("config.toml:") && error.contains("token_endpoint"),
        "{error}"
    );
    assert_eq!(
        std::fs::read_to_string(&at.path).unwrap(),
        text,
        "a refused change changes nothing"
    );

    remove_provider(&at.path, "work", &nothing()).unwrap();
    let config = Config::read(&at.path, &nothing()).unwrap();
    assert!(config.providers.is_empty() && config.default_provider.is_none());
    assert!(
        remove_provider(&at.path, "work", &nothing())
            .unwrap_err()
            .to_string()
            .contains("work")
    );
}

#[test]
fn hostile_23_an_extending_entry_inherits_no_secret_for_another_client_or_server() {
    let environment = Environment::from_pairs([("BASE_SECRET", "of-base")]);
    let at = file(
        r#"
        [providers.base]
        issuer = "https://a.example"
        token_endpoint = "https://a.example/token"
        client_id = "a"
        client_secret_env = "BASE_SECRET"
        token_variables = ["A_TOKEN"]
        [providers.same]
        extends = "base"
        scopes = ["more"]
        [providers.other-client]
        extends = "base"
        client_id = "b"
        [providers.other-server]
        extends = "base"
        issuer = "https://b.example"
        [providers.own-secret]
        extends = "base"
        client_secret = "own"
        "#,
    );
    let config = Config::read(&at.path, &environment).unwrap();
    let secret = |name: &str| {
        let secret = config.providers[name].client_secret.as_ref();
        secret.map(|secret| secret.expose().to_owned())
    };
    assert_eq!(secret("same").as_deref(), Some("of-base"));
    assert_eq!(secret("other-client"), None);
    assert_eq!(secret("own-secret").as_deref(), Some("own"));
    assert_eq!(secret("other-server"), None);
    let other = &config.providers["other-server"];
    // Its endpoints come from its own metadata, its tokens not from variables of the first.
    assert_eq!(other.token_endpoint, None);
    assert!(other.token_variables.is_empty());
}

#[test]
fn another_issuer_of_a_built_in_provider_keeps_none_of_its_endpoints() {
    let config = read("[providers.corp]\nextends = \"gitlab\"\nissuer = \"https://gitlab.corp.example\"\nclient_id = \"c\"").unwrap();
    let corp = &config.providers["corp"];
    assert_eq!(corp.authorization_endpoint, None);
    assert_eq!(
        corp.allowed_origins()
            .iter()
            .map(|origin| origin.as_str())
            .collect::<Vec<_>>(),
        ["https://gitlab.corp.example"]
    );
    assert_eq!(corp.identity_claims[0], "nickname");
    // A tenant of the same host keeps where its tokens go.
    let config = read("[providers.tenant]\nextends = \"microsoft\"\nissuer = \"https://login.microsoftonline.com/x/v2.0\"").unwrap();
    let tenant = &config.providers["tenant"];
    assert_eq!(tenant.token_endpoint, None);
    assert_eq!(tenant.origins[0].as_str(), "https://graph.microsoft.com");
}

#[test]
fn an_entry_is_not_turned_to_another_server_with_the_secret_of_the_first() {
    let at = file(
        "[providers.work]\nissuer = \"https://a.example\"\nclient_id = \"a\"\nclient_secret = \"sekret\"\n",
    );
    let issuer = ("issuer".to_owned(), toml_edit::value("https://b.example"));
    let error = add_provider(
        &at.path,
        "work",
        std::slice::from_ref(&issuer),
        false,
        &nothing(),
    )
    .unwrap_err()
    .to_string();
    assert!(
        error.contains("client_secret") && error.contains("provider remove work"),
        "{error}"
    );
    assert!(!error.contains("sekret"), "{error}");
    let secret = ("client_secret".to_owned(), toml_edit::value("new"));
    add_provider(&at.path, "work", &[issuer, secret], false, &nothing()).unwrap();
}

#[test]
fn hostile_23_two_prefixes_with_two_servers_are_not_mixed() {
    let own = [
        ("OARLOCK_OAUTH_AUTH_ENDPOINT", "https://a.example/authorize"),
        ("OARLOCK_OAUTH_TOKEN_ENDPOINT", "https://a.example/token"),
        ("OARLOCK_OAUTH_CLIENT_ID", "a"),
    ];
    let fluid = [
        ("FMCP_OAUTH_AUTH_ENDPOINT", "https://b.example/authorize"),
        ("FMCP_OAUTH_TOKEN_ENDPOINT", "https://b.example/token"),
        ("FMCP_OAUTH_CLIENT_ID", "b"),
        ("FMCP_OAUTH_CLIENT_SECRET", "sekret"),
        ("FMCP_OAUTH_USERINFO_ENDPOINT", "https://b.example/me"),
        ("FMCP_OAUTH_ACCESS_TOKEN", "sekret"),
    ];
    let provider = |pairs: &[(&str, &str)]| {
        let environment = Environment::from_pairs(pairs.iter().copied());
        let path = Path::new("/nonexistent/config.toml");
        let mut config = Config::read(path, &environment).unwrap();
        config.providers.remove(ENVIRONMENT_PROVIDER).unwrap()
    };
    let mixed = provider(&[&own[..], &fluid[..]].concat());
    assert_eq!(mixed.client_id.as_deref(), Some("a"));
    assert!(mixed.client_secret.is_none() && mixed.manual_token.is_none());
    assert_eq!(mixed.userinfo_endpoint, None);
    // As an alias each name serves, and what says the same is no other server.
    let alias = provider(&[&own[..], &[("FMCP_OAUTH_CLIENT_SECRET", "s")]].concat());
    assert!(alias.client_secret.is_some());
    let same = provider(
        &[
            &own[..],
            &[
                ("FMCP_OAUTH_CLIENT_ID", "a"),
                ("FMCP_OAUTH_CLIENT_SECRET", "s"),
            ],
        ]
        .concat(),
    );
    assert!(same.client_secret.is_some());
}
