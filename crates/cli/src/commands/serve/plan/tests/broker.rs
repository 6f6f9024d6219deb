//! The broker's own settings.

mod upstreams;

use std::time::Duration;

use oarlock_io::Environment;
use oarlock_oauth::{authorization_server::client::GrantType, client_auth::ClientAuthentication};
use oarlock_server::config::broker::{
    Algorithm, AuditConfig, BrokerConfig, KeysHome, PairingConfig, PairingReturns,
    RegistrationPolicy, StoreConfig,
};

use super::{Given, file, line, variables};

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
const DEV: &str = "upstream = [\"dev\"]\n";

impl Given<'_> {
    #[track_caller]
    fn broker(&self) -> BrokerConfig {
        self.plan().unwrap().config.broker.unwrap()
    }
}

/// A file with a broker that needs nothing else, and this.
#[track_caller]
fn broker(text: &str) -> BrokerConfig {
    file(&format!("{DEV}{text}")).broker()
}

#[track_caller]
fn refused(text: &str) -> String {
    file(&format!("{DEV}{text}")).refused()
}

#[test]
fn one_word_is_a_broker_to_try() {
    let plan = line(&["--upstream", "dev"]).plan().unwrap();
    assert_eq!(plan.warnings, [""; 0]);
    assert!(plan.config.relay.is_some());
    let broker = plan.config.broker.unwrap();
    assert_eq!(broker.upstreams.len(), 1);
    assert_eq!(broker.store, StoreConfig::Sqlite("/d/server.db".into()));
    assert_eq!(broker.keys.home, KeysHome::File("/d/server.keys".into()));
    assert_eq!(broker.keys.algorithm, Algorithm::Es256);
    assert_eq!(broker.registration, RegistrationPolicy::Off);
    assert!(broker.metadata_documents);
    let pairing = PairingConfig {
        returns: PairingReturns::Identity,
    };
    assert_eq!(broker.pairing, Some(pairing));
    assert_eq!(broker.audit, AuditConfig::Log);
    assert!(broker.scopes.is_empty() && broker.resources.is_empty() && broker.clients.is_empty());
    assert!(broker.keys.publish_after > broker.lifetimes.access_token);
    assert!(broker.keys.upstream_tokens.is_none());
}

#[test]
fn a_broker_needs_no_relay_and_nothing_else_does() {
    let alone = line(&["--upstream", "dev", "--no-relay"]).plan().unwrap();
    assert!(alone.config.relay.is_none() && alone.config.broker.is_some());
    assert!(line(&["--relay"]).plan().unwrap().config.broker.is_none());
    let said = line(&["--no-relay"]).refused();
    assert!(said.contains("oarlock serve --upstream dev"), "{said}");
    let said = file("[relay]\nenabled = false\n[pairing]\nreturns = \"identity\"").refused();
    assert!(said.contains("there is no broker"), "{said}");
}

#[test]
fn a_service_without_a_home_names_its_store_and_needs_no_relays_socket() {
    let text = format!("{DEV}store = \"sqlite:/var/lib/oarlock/server.db\"\n");
    let nowhere = Environment::from_pairs([("LANG", "C")]);
    let given = |text: &str| file(text).plan_in(&nowhere);
    let with_a_relay = given(&text).unwrap_err();
    assert!(with_a_relay.message().contains("relay.socket_path"));
    let plan = given(&format!("{text}[relay]\nenabled = false")).unwrap();
    assert!(plan.config.relay.is_none() && plan.config.broker.is_some());
    // What is written of it has to be right.
    let wrong = given(&format!("{text}[relay]\nenabled = false\ngrace = \"x\""));
    assert!(wrong.unwrap_err().message().contains("relay.grace"));
}

#[test]
fn a_store_is_a_file_of_sqlite_for_now() {
    let store = line(&["--upstream", "dev", "--store", "sqlite:/var/x.sqlite"]).broker();
    assert_eq!(store.store, StoreConfig::Sqlite("/var/x.sqlite".into()));
    assert_eq!(store.keys.home, KeysHome::File("/var/x.keys".into()));
    let variable = variables(&[
        ("OARLOCK_UPSTREAMS", "dev"),
        ("OARLOCK_STORE", "sqlite:/v/s.db"),
    ]);
    assert_eq!(
        variable.broker().store,
        StoreConfig::Sqlite("/v/s.db".into())
    );
    for wrong in [
        "",
        "/var/x.db",
        "sqlite:",
        "sqlite:x.db",
        "sqlite:/",
        "redis:x",
        "mysql://canary@h/d",
    ] {
        let said = line(&["--upstream", "dev", "--store", wrong]).refused();
        assert!(
            said.contains("--store: write sqlite:") && !said.contains("canary"),
            "{wrong}: {said}"
        );
    }
    let said = refused("store = \"sqlite:/var/server.keys\"");
    assert!(said.contains("that of the keys"), "{said}");
    let said = refused("store = \"postgres://u:canary@h/d\"");
    assert!(
        said.contains("PostgreSQL cannot be used yet") && said.contains("sqlite:/var/lib"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");
}

#[test]
fn the_older_face_is_off_on_a_public_address_unless_it_is_asked_for() {
    let public = "public_url = \"https://login.example.com\"\n[upstreams.x]\nissuer = \"https://x.example\"\nclient_id = \"a\"\n";
    assert_eq!(file(public).broker().pairing, None);
    let on = format!("{public}[pairing]\npaircode = true");
    assert!(file(&on).broker().pairing.is_some());
    assert_eq!(broker("pairing.paircode = false").pairing, None);
}

#[test]
fn who_is_promised_a_providers_token_gets_one() {
    let company = "[upstreams.x]\nissuer = \"https://x.example\"\nclient_id = \"a\"\nclient_authentication = \"none\"\n";
    let wants = "[pairing]\nreturns = \"access_token\"\n";
    let said = file(&format!("{company}{wants}")).refused();
    assert!(
        said.contains("pairing.returns: the tokens of x") && said.contains("[upstreams.x]"),
        "{said}"
    );
    let handed = format!("{company}hand_out_tokens = true\n{wants}");
    let plan = file(&handed).plan().unwrap();
    assert!(plan.config.broker.unwrap().upstreams[0].hand_out_tokens);
    assert_eq!(plan.warnings, [""; 0]);
    let said = refused(wants);
    assert!(said.contains("dev has no access tokens"), "{said}");
    // What nobody gets is not kept.
    let plan = file(&format!("{company}hand_out_tokens = true\n"))
        .plan()
        .unwrap();
    assert!(!plan.config.broker.unwrap().upstreams[0].hand_out_tokens);
    assert!(
        plan.warnings[0].contains("none are kept"),
        "{:?}",
        plan.warnings
    );
    // A seal whose key lies beside it is none.
    let plan = file(&format!("{handed}[keys]\nhome = \"store\""))
        .plan()
        .unwrap();
    assert!(
        plan.warnings[0].contains("upstream_token_key_file"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn tokens_of_a_broker_are_made_for_an_address_nobody_can_read_along() {
    let entry = "[upstreams.x]\nissuer = \"https://x.example\"\nclient_id = \"a\"\n";
    let said = file(&format!(
        "public_url = \"http://login.example.com\"\n{entry}"
    ))
    .refused();
    assert!(
        said.contains("public_url: a broker is called by https"),
        "{said}"
    );
}

#[test]
fn a_relays_callback_is_no_path_of_the_broker() {
    for path in ["/redirect", "/token", "/authorize"] {
        let text = format!("relay.callback_path = \"{path}\"");
        let said = refused(&text);
        assert!(
            said.contains(&format!("the broker serves {path}")),
            "{said}"
        );
        assert!(file(&text).plan().is_ok(), "a relay alone may have it");
    }
}

#[test]
fn clients_are_what_rfc_7591_calls_them() {
    let text = format!(
        "[clients.mytool]\nclient_name = \"My tool\"\nredirect_uris = [\"http://127.0.0.1/callback\"]\nscope = \"openid deploy\"\ntrusted = true\n\
         [clients.site]\nredirect_uris = [\"https://site.example/back\"]\nclient_secret_sha256 = \"{DIGEST}\"\n\
         [clients.tv]\nclient_uri = \"https://tv.example\"\n\
         [clients.\"https://api.example/v1\"]\ngrant_types = []\nclient_secret_sha256 = \"{DIGEST}\"\n"
    );
    let clients = broker(&text).clients;
    let client = |id: &str| clients.iter().find(|client| client.id == id).unwrap();
    let mytool = client("mytool");
    assert!(mytool.trusted && mytool.secret.is_none());
    assert!(mytool.metadata.uses(GrantType::AuthorizationCode));
    assert!(!mytool.metadata.uses(GrantType::DeviceCode));
    assert_eq!(
        mytool.metadata.scope.as_ref().unwrap().join(' '),
        "openid deploy"
    );
    assert_eq!(
        mytool.metadata.token_endpoint_auth_method,
        ClientAuthentication::None
    );
    let site = client("site");
    assert!(site.secret.is_some() && !site.trusted);
    assert_eq!(
        site.metadata.token_endpoint_auth_method,
        ClientAuthentication::Basic
    );
    let tv = client("tv");
    assert!(tv.metadata.uses(GrantType::DeviceCode) && tv.metadata.uses(GrantType::RefreshToken));
    assert!(!tv.metadata.uses(GrantType::AuthorizationCode));
    let api = client("https://api.example/v1");
    assert!(api.secret.is_some() && api.metadata.grant_types.is_empty());
}

#[test]
fn a_client_that_cannot_be_one_is_refused_with_what_would_be_right() {
    let of_mytool = [
        (
            "redirect_uris = [\"javascript:canary\"]",
            "mytool.redirect_uris: a redirect URI must be https",
        ),
        ("redirect_uri = [\"x\"]", "did you mean \"redirect_uris\""),
        (
            "client_secret = \"canary\"",
            "unknown key \"clients.mytool.client_secret\"",
        ),
        ("client_secret_sha256 = \"canary\"", "64 hexadecimal digits"),
        (
            "client_uri = \"tool\"",
            "mytool.client_uri: write an address",
        ),
        ("scope = \"a\\\"b\"", "is no scope"),
        ("trusted = \"maybe\"", "mytool.trusted: write true or false"),
        (
            "grant_types = [\"password\"]",
            "\"authorization_code\", \"refresh_token\"",
        ),
        (
            "grant_types = [\"authorization_code\"]",
            "mytool.redirect_uris: authorization_code needs",
        ),
        (
            "token_endpoint_auth_method = \"private_key_jwt\"",
            "\"client_secret_basic\"",
        ),
        (
            "token_endpoint_auth_method = \"client_secret_post\"",
            "--new-client-secret",
        ),
    ];
    for (text, expected) in of_mytool {
        let said = refused(&format!("[clients.mytool]\n{text}"));
        assert!(said.contains("/d/server.toml"), "{said}");
        assert!(said.contains(expected), "{text}: {said}");
        assert!(!said.contains("\"canary"), "{said}");
    }
    let text = format!(
        "[clients.mytool]\nclient_secret_sha256 = \"{DIGEST}\"\ntoken_endpoint_auth_method = \"none\""
    );
    assert!(refused(&text).contains("has a secret"));
    for (id, expected) in [
        ("oarlock", "built in"),
        ("\"https://tool.example/meta\"", "write a client id"),
        ("\"a b\"", "write a client id"),
        ("\"\"", "write a client id"),
    ] {
        let said = refused(&format!("[clients.{id}]\n"));
        assert!(said.contains(expected), "{id}: {said}");
    }
    assert!(refused("[clients]\nmytool = 1").contains("write [clients.mytool]"));
    // They are checked although nobody serves them.
    let said = file("[clients.mytool]\ntrustd = true").refused();
    assert!(said.contains("did you mean \"trusted\""), "{said}");
}

#[test]
fn programs_may_register_themselves_if_the_operator_says_so() {
    let policy = |text: &str| broker(&format!("[registration]\n{text}")).registration;
    let token = format!("initial_access_tokens_sha256 = [\"{DIGEST}\"]");
    assert_eq!(policy(""), RegistrationPolicy::Off);
    assert_eq!(policy("policy = \"open\""), RegistrationPolicy::Open);
    assert!(matches!(policy(&token), RegistrationPolicy::Token(tokens) if tokens.len() == 1));
    assert_eq!(
        policy(&format!("policy = \"off\"\n{token}")),
        RegistrationPolicy::Off
    );
    assert!(!broker("registration.metadata_documents = false").metadata_documents);
    let said = refused("registration.policy = \"token\"");
    assert!(said.contains("--new-registration-token"), "{said}");
    let said = refused("registration.policy = \"on\"");
    assert!(
        said.contains("write \"off\", \"open\" or \"token\""),
        "{said}"
    );
    let said = refused("registration.initial_access_tokens_sha256 = [\"canary\"]");
    assert!(
        said.contains("64 hexadecimal") && !said.contains("canary"),
        "{said}"
    );
}

#[test]
fn keys_have_a_home_an_algorithm_and_an_age() {
    let keys =
        broker("[keys]\nhome = \"store\"\nalgorithm = \"eddsa\"\nrotate_every = \"30d\"").keys;
    assert_eq!(
        (keys.home, keys.algorithm),
        (KeysHome::Store, Algorithm::EdDsa)
    );
    assert_eq!(keys.rotate_every, Duration::from_secs(30 * 86_400));
    for (text, expected) in [
        ("home = \"vault\"", "keys.home: write \"file\" or \"store\""),
        ("algorithm = \"RS256\"", "keys.algorithm: write \"ES256\""),
        ("rotate_every = \"1h\"", "from 2 days"),
        (
            "upstream_token_key_file = \"key\"",
            "write an absolute path",
        ),
        (
            "upstream_token_key_file = \"/no/such/key\"",
            "openssl rand -base64 32",
        ),
    ] {
        let said = refused(&format!("[keys]\n{text}"));
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn the_key_of_providers_tokens_is_bytes_in_any_writing() {
    let key = |text: &str| {
        let pairs = [
            ("OARLOCK_UPSTREAM_TOKEN_KEY", text),
            ("OARLOCK_UPSTREAMS", "dev"),
        ];
        variables(&pairs).broker().keys.upstream_tokens.unwrap()[0]
    };
    assert_eq!(key(&"ab".repeat(32)), 0xab);
    assert_eq!(key("//////////////////////////////////////////8="), 0xff);
    assert_eq!(key("__________________________________________8"), 0xff);
    for wrong in ["canary", &"ab".repeat(31), &"zz".repeat(32)] {
        let pairs = [
            ("OARLOCK_UPSTREAM_TOKEN_KEY", wrong),
            ("OARLOCK_UPSTREAMS", "dev"),
        ];
        let said = variables(&pairs).refused();
        assert!(
            said.contains("environment: OARLOCK_UPSTREAM_TOKEN_KEY: 32 random bytes"),
            "{said}"
        );
        assert!(!said.contains(wrong), "{said}");
    }
    let mistyped = [
        ("OARLOCK_UPSTREAM_TOKN_KEY", "x"),
        ("OARLOCK_UPSTREAMS", "dev"),
    ];
    let plan = variables(&mistyped).plan().unwrap();
    assert!(
        plan.warnings[0].contains("OARLOCK_UPSTREAM_TOKEN_KEY?"),
        "{:?}",
        plan.warnings
    );
}

#[test]
fn numbers_have_bounds() {
    let lifetimes =
        broker("[lifetimes]\nlogin = \"5m\"\naccess_token = 120\nsession = \"7d\"").lifetimes;
    assert_eq!(lifetimes.login, Duration::from_secs(300));
    assert_eq!(lifetimes.access_token, Duration::from_secs(120));
    assert_eq!(lifetimes.session, Duration::from_secs(7 * 86_400));
    let limits = broker("[limits]\nlogins = 5\nexchanges = 2\nuser_code_tries = 3").limits;
    assert_eq!(
        (limits.logins, limits.exchanges, limits.user_code_tries),
        (5, 2, 3)
    );
    for (text, expected) in [
        ("lifetimes.code = \"11m\"", "lifetimes.code: write"),
        ("lifetimes.login = 1", "from 60 to 3600"),
        (
            "lifetimes.access_token = \"2d\"",
            "lifetimes.access_token: write",
        ),
        ("limits.logins = 0", "limits.logins: write a number from 1"),
        ("limits.exchanges = \"many\"", "limits.exchanges: write"),
        (
            "audit.file = \"audit.log\"",
            "audit.file: write an absolute path",
        ),
        ("scopes = [\"a b\"]", "scopes: \"a b\" is no scope"),
        ("resources = [\"api\"]", "is no resource"),
        ("resources = [\"https://a.example/#x\"]", "is no resource"),
        ("tls.certificate = \"/c.pem\"", "tls.key: the certificate"),
    ] {
        let said = refused(text);
        assert!(said.contains(expected), "{text}: {said}");
        // What is of no use yet is checked all the same.
        assert!(file(text).refused().contains(expected), "{text}");
    }
    let config = broker(
        "scopes = [\"deploy\", \"a:b\"]\nresources = [\"https://api.example.com\", \"urn:x:y\"]\naudit.file = \"/a\"",
    );
    assert_eq!(config.scopes.join(' '), "deploy a:b");
    assert_eq!(config.audit, AuditConfig::File("/a".into()));
}

#[test]
fn certificate_and_key_make_the_address_https() {
    let config = file("[tls]\ncertificate = \"/c.pem\"\nkey = \"/k.pem\"")
        .plan()
        .unwrap()
        .config;
    assert_eq!(config.tls.unwrap().key, std::path::Path::new("/k.pem"));
}

#[test]
fn hostile_37_providers_are_asked_with_files_that_are_kept_free() {
    let mut config = line(&["--upstream", "dev", "--no-relay"])
        .plan()
        .unwrap()
        .config;
    let warning = super::descriptors::fit(&mut config, 1_024).unwrap();
    assert!(warning.contains("LimitNOFILE="), "{warning}");
    assert!(
        config.http.connections <= 1_024 - 256 - 64,
        "{}",
        config.http.connections
    );
    assert_eq!(super::descriptors::fit(&mut config, 1_024), None);
}
