//! What a name stands for.

use std::{fs, os::unix::fs::PermissionsExt as _};

use oarlock::config::Document;
use oarlock_io::{Environment, private};
use oarlock_oauth::profile::ProviderProfile;
use oarlock_server::config::broker::{UpstreamConfig, UpstreamKind};

use super::{super::Plan, broker, file, line, refused, variables};
use crate::{
    arguments::ServeArguments,
    commands::serve::{plan::Passed, sources::Sources},
    failure::Failure,
};

const COMPANY: &str =
    "[upstreams.company]\nissuer = \"https://login.example.com\"\nclient_id = \"abc\"\n";

fn profile(upstream: &UpstreamConfig) -> &ProviderProfile {
    match &upstream.kind {
        UpstreamKind::Provider(profile) => profile,
        UpstreamKind::Dev(_) => panic!("{upstream:?}"),
    }
}

/// A home with files in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new(server: &str, config: &str) -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::set_permissions(home.0.path(), fs::Permissions::from_mode(0o700)).unwrap();
        home.write("server.toml", server);
        home.write("config.toml", config);
        home
    }

    fn write(&self, name: &str, text: &str) {
        private::write(&self.0.path().join(name), text.as_bytes()).unwrap();
    }

    fn plan(&self, variables: &[(&str, &str)]) -> Result<Plan, Failure> {
        let home = ("OARLOCK_HOME", self.0.path().to_str().unwrap());
        let environment = Environment::from_pairs(variables.iter().copied().chain([home]));
        let path = self.0.path().join("server.toml");
        let document = Document::read_trusted(&path)?;
        let arguments = ServeArguments::default();
        let sources = Sources {
            arguments: &arguments,
            verbose: 0,
            environment: &environment,
            document: document.as_ref(),
        };
        Plan::read(&sources, Passed::default())
    }

    #[track_caller]
    fn upstreams(&self, variables: &[(&str, &str)]) -> Vec<UpstreamConfig> {
        self.plan(variables)
            .unwrap()
            .config
            .broker
            .unwrap()
            .upstreams
    }

    #[track_caller]
    fn refused(&self) -> String {
        let failure = self.plan(&[]).unwrap_err();
        format!(
            "{}\n{}",
            failure.message(),
            failure.hint().unwrap_or_default()
        )
    }
}

#[test]
fn an_entry_of_the_file_has_the_keys_of_a_provider_and_more() {
    let text = format!(
        "{COMPANY}title = \"Example Inc.\"\nscopes = [\"openid\", \"email\"]\nallow = [\"*@example.com\", \"sub:17\"]\ndeadline = 5\n"
    );
    let upstreams = file(&text).broker().upstreams;
    let [company] = &upstreams[..] else {
        panic!("{upstreams:?}");
    };
    assert_eq!(company.name, "company");
    assert_eq!(company.allow, ["*@example.com", "sub:17"]);
    assert_eq!(company.deadline.as_secs(), 5);
    let profile = profile(company);
    assert_eq!(profile.name, "company");
    assert_eq!(profile.display_name(), "Example Inc.");
    assert_eq!(
        profile.issuer.as_ref().unwrap().as_str(),
        "https://login.example.com"
    );
    assert_eq!(profile.client_id.as_deref(), Some("abc"));
}

#[test]
fn the_list_chooses_and_orders_and_a_flag_wins() {
    let text = format!(
        "upstream = [\"company\", \"dev\"]\n{COMPANY}[upstreams.other]\nissuer = \"https://o.example\"\n"
    );
    let names = |upstreams: &[UpstreamConfig]| -> Vec<String> {
        upstreams
            .iter()
            .map(|upstream| upstream.name.clone())
            .collect()
    };
    assert_eq!(names(&file(&text).broker().upstreams), ["company", "dev"]);
    let mut given = file(&text);
    given.line = &["--upstream", "dev"];
    assert_eq!(names(&given.broker().upstreams), ["dev"]);
    // Without a list all of them, which `other` cannot be without a client id.
    let all = file(COMPANY).broker();
    assert_eq!(names(&all.upstreams), ["company"]);
    let said = file("upstream = [\"dev\", \"dev\"]").refused();
    assert!(said.contains("is there twice"), "{said}");
    let said = file("upstreams = [\"dev\"]").refused();
    assert!(said.contains("write [upstreams.NAME]"), "{said}");
}

#[test]
fn a_built_in_provider_needs_a_client_id_and_the_error_says_how() {
    let said = line(&["--upstream", "github"]).refused();
    for expected in [
        "command line: --upstream: the provider github has no client id",
        "https://github.com/settings/applications/new",
        "the redirect URI http://127.0.0.1:5001/redirect",
        "[upstreams.github]",
        "OARLOCK_CLIENT_ID_GITHUB",
        "OARLOCK_OAUTH_CLIENT_ID",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    let variables = variables(&[
        ("OARLOCK_UPSTREAMS", "github"),
        ("OARLOCK_PUBLIC_URL", "https://login.example.com"),
        ("OARLOCK_CLIENT_ID_GITHUB", "abc"),
        ("OARLOCK_CLIENT_SECRET_GITHUB", "canary"),
    ]);
    let broker = variables.broker();
    let profile = profile(&broker.upstreams[0]);
    assert_eq!(profile.client_id.as_deref(), Some("abc"));
    assert!(profile.client_secret.is_some());
    assert!(!format!("{broker:?}").contains("canary"));
    // An entry that names no server adds to what is known of the name.
    let entry = file("[upstreams.github]\nclient_id = \"abc\"\nallow = [\"sub:1\"]\n").broker();
    let github = &entry.upstreams[0];
    let endpoint = super::upstreams::profile(github)
        .token_endpoint
        .clone()
        .unwrap();
    assert!(
        endpoint.to_string().starts_with("https://github.com/"),
        "{endpoint}"
    );
    assert_eq!(github.allow, ["sub:1"]);
}

#[test]
fn a_provider_of_the_users_configuration_serves_too() {
    let home = Home::new(
        "upstream = [\"work\"]\n",
        "[providers.work]\nissuer = \"https://work.example\"\nclient_id = \"w\"\nclient_secret = \"s\"\n[network]\ntimeout = 7\n",
    );
    let plan = home.plan(&[]).unwrap();
    let broker = plan.config.broker.unwrap();
    assert_eq!(
        profile(&broker.upstreams[0]).client_id.as_deref(),
        Some("w")
    );
    assert_eq!(broker.network.timeout.as_secs(), 7);
    home.write("server.toml", "upstream = [\"wrok\"]\n");
    let said = home.refused();
    assert!(
        said.contains("upstream: there is no provider \"wrok\"; did you mean \"work\"?"),
        "{said}"
    );
    // Nobody needs it: nothing of it is read.
    home.write("config.toml", "this is no configuration");
    home.write("server.toml", "upstream = [\"dev\"]\n");
    assert_eq!(home.upstreams(&[]).len(), 1);
    home.write("server.toml", "upstream = [\"work\"]\n");
    assert!(home.refused().contains("config.toml"));
}

#[test]
fn the_environment_has_a_provider_of_its_own() {
    let said = line(&["--upstream", "env"]).refused();
    assert!(said.contains("OARLOCK_OAUTH_AUTH_ENDPOINT"), "{said}");
    let mut pairs = vec![
        ("OARLOCK_UPSTREAMS", "env"),
        ("FMCP_OAUTH_AUTH_ENDPOINT", "https://a.example/authorize"),
        ("FMCP_OAUTH_TOKEN_ENDPOINT", "https://a.example/token"),
        ("FMCP_OAUTH_CLIENT_ID", "abc"),
    ];
    let said = variables(&pairs).refused();
    assert!(said.contains("does not say who a person is"), "{said}");
    pairs.push(("FMCP_OAUTH_USERINFO_ENDPOINT", "https://a.example/me"));
    let broker = variables(&pairs).broker();
    assert_eq!(broker.upstreams[0].name, "env");
    let manual = variables(&[
        ("OARLOCK_UPSTREAMS", "env"),
        ("FMCP_OAUTH_ACCESS_TOKEN", "canary"),
    ]);
    let said = manual.refused();
    assert!(
        said.contains("cannot be an upstream") && !said.contains("canary"),
        "{said}"
    );
    let said = file("[upstreams.env]\nissuer = \"https://a.example\"").refused();
    assert!(
        said.contains("upstreams.env: env is the provider that OARLOCK_OAUTH_*"),
        "{said}"
    );
}

#[test]
fn hostile_23_a_secret_goes_to_no_other_client_or_server() {
    let config = "[providers.work]\nissuer = \"https://work.example\"\ntoken_endpoint = \"https://work.example/token\"\nclient_id = \"w\"\nclient_secret = \"canary\"\n";
    let secret = |entry: &str| {
        let home = Home::new(
            &format!("[upstreams.x]\nextends = \"work\"\n{entry}"),
            config,
        );
        let upstreams = home.upstreams(&[]);
        let profile = profile(&upstreams[0]);
        let secret = profile
            .client_secret
            .as_ref()
            .map(|it| it.expose().to_owned());
        (secret, profile.token_endpoint.is_some())
    };
    assert_eq!(
        secret("scopes = [\"openid\"]"),
        (Some("canary".into()), true)
    );
    assert_eq!(secret("client_id = \"other\""), (None, true));
    assert_eq!(
        secret("client_secret = \"own\""),
        (Some("own".into()), true)
    );
    let more = "userinfo_endpoint = \"https://work.example/me\"";
    assert_eq!(secret(more), (Some("canary".into()), true));
    let revoked_elsewhere = "revocation_endpoint = \"https://other.example/revoke\"";
    assert_eq!(secret(revoked_elsewhere), (None, true));
    let elsewhere = "issuer = \"https://other.example\"\nclient_id = \"w\"";
    assert_eq!(secret(elsewhere), (None, false));
    // Another server knows nothing of the first one's client.
    let home = Home::new(
        "[upstreams.x]\nextends = \"work\"\nissuer = \"https://other.example\"",
        config,
    );
    assert!(home.refused().contains("has no client id"));
}

#[test]
fn secrets_are_found_where_the_entry_says() {
    let entry = |line: &str| format!("{COMPANY}{line}\n");
    let home = Home::new(&entry("client_secret_file = \"secret\""), "");
    let path = home.0.path().join("secret");
    let missing = format!("client_secret_file: there is no file {}", path.display());
    assert!(home.refused().contains(&missing), "{}", home.refused());
    home.write("secret", "\n");
    let empty = "client_secret_file: there is no secret in it";
    assert!(home.refused().contains(empty), "{}", home.refused());
    home.write("secret", "s4\n");
    let secret = |home: &Home, variables: &[(&str, &str)]| {
        let upstreams = home.upstreams(variables);
        let secret = profile(&upstreams[0]).client_secret.clone();
        secret.map(|secret| secret.expose().to_owned())
    };
    assert_eq!(secret(&home, &[]).as_deref(), Some("s4"));
    // As containers mount secrets: a link of root's or ours.
    let link = home.0.path().join("link");
    std::os::unix::fs::symlink("secret", &link).unwrap();
    home.write("server.toml", &entry("client_secret_file = \"link\""));
    assert_eq!(secret(&home, &[]).as_deref(), Some("s4"));
    home.write(
        "server.toml",
        &entry("client_secret_env = \"COMPANY_SECRET\""),
    );
    assert_eq!(
        secret(&home, &[("COMPANY_SECRET", "s5")]).as_deref(),
        Some("s5")
    );
    assert!(
        home.refused()
            .contains("client_secret_env: this variable is not set")
    );
    home.write("server.toml", &entry("client_secret_env = \"canary!\""));
    assert!(
        home.refused()
            .contains("write the name of an environment variable")
    );
    home.write("server.toml", &entry("client_secret = \"s6\""));
    assert_eq!(secret(&home, &[]).as_deref(), Some("s6"));
    // Others may read a file without secrets, and no other.
    let server = home.0.path().join("server.toml");
    fs::set_permissions(&server, fs::Permissions::from_mode(0o644)).unwrap();
    let said = home.refused();
    assert!(
        said.contains("client_secret: a file with a secret must be yours or root's"),
        "{said}"
    );
    assert!(!said.contains("s6"), "{said}");
    home.write(
        "server.toml",
        &entry("client_secret = \"a\"\nclient_secret_file = \"secret\""),
    );
    assert!(home.refused().contains("give one of client_secret"));
}

#[test]
fn who_forgot_the_secret_hears_of_it_before_the_first_login_does() {
    let warnings = |line: &str| {
        let home = Home::new(&format!("{COMPANY}{line}\n"), "");
        home.plan(&[]).unwrap().warnings
    };
    let warned = warnings("");
    assert!(
        warned[0].contains("upstreams.company: there is no client secret"),
        "{warned:?}"
    );
    assert_eq!(warnings("client_authentication = \"none\""), [""; 0]);
    assert_eq!(warnings("client_secret = \"s\""), [""; 0]);
}

#[test]
fn dev_is_for_loopback_alone() {
    for public in [
        &[
            "--upstream",
            "dev",
            "--public-url",
            "https://login.example.com",
        ][..],
        &[
            "--upstream",
            "dev",
            "--listen",
            "0.0.0.0:1",
            "--public-url",
            "http://localhost:1",
        ],
    ] {
        let said = line(public).refused();
        assert!(
            said.contains("--upstream: dev lets anybody sign in as anybody"),
            "{said}"
        );
    }
    assert!(
        line(&["--upstream", "dev", "--public-url", "http://localhost:5001"])
            .plan()
            .is_ok()
    );
}

#[test]
fn dev_has_the_people_of_the_file_or_two_made_up() {
    let people =
        |config: &oarlock_server::config::broker::BrokerConfig| match &config.upstreams[0].kind {
            UpstreamKind::Dev(people) => people.clone(),
            other => panic!("{other:?}"),
        };
    let usual = people(&broker(""));
    assert_eq!(usual.len(), 2);
    assert!(
        usual
            .iter()
            .all(|person| person.provider == "dev" && person.profile.email_verified)
    );
    let own = people(&broker(
        "[[upstreams.dev.users]]\nsubject = \"ada\"\nname = \"Ada\"\n",
    ));
    assert_eq!((own.len(), own[0].subject.as_str()), (1, "ada"));
    assert!(!own[0].profile.email_verified);
    for (text, expected) in [
        (
            "[[upstreams.dev.users]]\nname = \"Ada\"",
            "upstreams.dev.users[0].subject: this is missing",
        ),
        (
            "[[upstreams.dev.users]]\nsubjet = \"a\"",
            "did you mean \"subject\"",
        ),
        (
            "[[upstreams.dev.users]]\nsubject = \"a\"\n[[upstreams.dev.users]]\nsubject = \"a\"",
            "two people",
        ),
        (
            "[upstreams.dev]\nusers = 1",
            "write [[upstreams.dev.users]]",
        ),
        (
            "[upstreams.dev]\nissuer = \"x\"",
            "unknown key \"upstreams.dev.issuer\"",
        ),
    ] {
        let said = refused(text);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_wrong_entry_names_its_key() {
    for (text, expected) in [
        ("isuer = \"x\"", "did you mean \"issuer\""),
        ("scopes = 7", "upstreams.company.scopes: "),
        (
            "token_endpoint = \"http://a.example/token\"",
            "upstreams.company.token_endpoint: ",
        ),
        ("allow = []", "lets everybody in"),
        ("allow = [\"example.com\"]", "\"example.com\""),
        ("deadline = \"5m\"", "from 1 to 60"),
        ("hand_out_tokens = 3", "write true or false"),
        (
            "extends = \"nobody\"",
            "upstreams.company.extends: there is no provider",
        ),
    ] {
        let said = file(&format!("{COMPANY}{text}")).refused();
        assert!(said.contains("/d/server.toml"), "{said}");
        assert!(said.contains(expected), "{text}: {said}");
    }
    let said = file("[upstreams.company]\nclient_id = \"a\"").refused();
    assert!(said.contains("this names no server"), "{said}");
    let said = file("[upstreams.\"a.b\"]\nclent_id = \"a\"").refused();
    assert!(said.contains("did you mean \"client_id\""), "{said}");
    assert!(
        file("[upstreams]\nx = 1")
            .refused()
            .contains("write [upstreams.x]")
    );
}

#[test]
fn hostile_18_a_proxy_that_nobody_named_is_told_of() {
    let warnings = |text: &str| {
        let text = format!("{text}{COMPANY}client_authentication = \"none\"\n");
        file(&text).plan().unwrap().warnings
    };
    let public = "public_url = \"https://login.example.com\"\n";
    let told = warnings(public);
    assert!(told[0].contains("trusted_proxies"), "{told:?}");
    for told_of in [
        format!("{public}trusted_proxies = [\"127.0.0.1\"]\n"),
        format!("{public}listen = \"192.0.2.1:443\"\n"),
        String::new(),
    ] {
        assert_eq!(warnings(&told_of), [""; 0], "{told_of}");
    }
}
