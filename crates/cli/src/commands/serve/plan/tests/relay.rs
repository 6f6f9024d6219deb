//! The relay's own settings.

use std::time::Duration;

use oarlock_server::config::LocalAddress;

use super::{file, variables};

const DIGEST: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

#[test]
fn tcp_beyond_loopback_needs_a_token_or_the_explicit_word() {
    let tcp = "relay.use_tcp = true\nrelay.tcp_bind_address = \"0.0.0.0\"\n";
    let said = file(tcp).refused();
    assert!(
        said.contains("--new-token") && said.contains("insecure_tcp"),
        "{said}"
    );
    let open = |text: &str| match file(text).relay().local {
        LocalAddress::Tcp { open, .. } => open,
        other => panic!("{other:?}"),
    };
    assert!(open(&format!("{tcp}relay.insecure_tcp = true")));
    let token = format!("{tcp}[[relay.tokens]]\nname = \"ci\"\nsha256 = \"{DIGEST}\"\n");
    assert!(!open(&token));
    assert!(open("relay.use_tcp = true\n"));
    // poast-relay has no such word, so that its variables cannot say it.
    let alias = variables(&[
        ("OAUTH_USE_TCP", "1"),
        ("OAUTH_TCP_BIND_ADDRESS", "0.0.0.0"),
        ("OAUTH_INSECURE_TCP", "1"),
    ]);
    assert!(alias.refused().contains("insecure_tcp"));
}

#[test]
fn a_callback_path_is_read_in_one_way_by_everybody() {
    for right in [
        "/cb",
        "/oauth/callback/",
        "/a.b/c-d_e~f",
        "/relays",
        "/healthzz",
    ] {
        let text = format!("relay.callback_path = \"{right}\"");
        assert_eq!(file(&text).relay().callback_path, right);
    }
    for wrong in [
        "",
        "/",
        "cb",
        "//evil.example/cb",
        "/a//b",
        "/a/../b",
        "/a/.",
        "/..",
        "/cb?x=1",
        "/cb#x",
        "/%63b",
        "/c b",
        "/{x}",
        "/ö",
        "/a\\\\b",
        "/healthz",
        "/health",
        "/readyz",
        "/relay",
        "/relay/registrations/x",
    ] {
        let said = file(&format!("relay.callback_path = \"{wrong}\"")).refused();
        assert!(said.contains("such as /oauth/callback"), "{wrong}: {said}");
    }
}

#[test]
fn tokens_are_digests_each_once() {
    let entry = |name: &str, sha256: &str| {
        format!("[[relay.tokens]]\nname = \"{name}\"\nsha256 = \"{sha256}\"\n")
    };
    let text = entry("ci", DIGEST)
        + "max_registrations = 5\n"
        + &entry("b", &"ab".repeat(32).to_uppercase());
    let tokens = file(&text).relay().tokens;
    assert_eq!(
        (tokens[0].name.as_str(), tokens[0].registrations),
        ("ci", 5)
    );
    assert_eq!(
        (tokens[1].sha256, tokens[1].registrations),
        ([0xab; 32], 100)
    );
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    for (text, expected) in [
        (entry("ci", "canary-token"), "64 hexadecimal digits"),
        (entry("ci", &DIGEST[2..]), "64 hexadecimal digits"),
        (entry("ci", &format!("{DIGEST}00")), "64 hexadecimal digits"),
        (entry("ci", empty), "no token at all"),
        (entry("C I", DIGEST), "write a name"),
        (
            entry("ci", DIGEST) + &entry("ci", &"ab".repeat(32)),
            "another token has this name",
        ),
        (
            entry("ci", DIGEST) + &entry("b", DIGEST),
            "another entry has this token",
        ),
        (entry("ci", DIGEST) + "max_registrations = 0", "from 1 to"),
        (
            "[[relay.tokens]]\nname = \"ci\"".into(),
            "sha256: this is missing",
        ),
    ] {
        let said = file(&text).refused();
        assert!(
            said.contains("relay.tokens[") && said.contains(expected),
            "{said}"
        );
        assert!(!said.contains("canary"), "{said}");
    }
}

#[test]
fn who_wants_long_registrations_and_names_no_cap_gets_them() {
    let relay = variables(&[("OAUTH_DEFAULT_TIMEOUT", "7200")]).relay();
    assert_eq!(relay.times.longest, Duration::from_secs(7_200));
}
