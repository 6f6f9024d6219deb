//! Who asks, and whose word is taken for it (hostile.md, 18 and 10).

use super::{
    Nginx, QUERY, STATE,
    site::{NAME, Outside},
};
use crate::relay::{Relay, Settings};

/// What a browser would write to be somebody else.
fn forged(number: u8) -> String {
    format!(
        "X-Forwarded-For: 198.51.100.{number}\r\nForwarded: for=198.51.100.{number}\r\nX-Real-IP: 198.51.100.{number}\r\n"
    )
}

/// Three guesses from an address, each with another name on it: what they are told.
fn guesses(side: Outside, from: &str) -> [u16; 3] {
    [1, 2, 3].map(|number| {
        let target = format!("/oauth/callback?code=guess&state={from}-{number}");
        side.get(from, &target, &forged(number)).0
    })
}

fn relay(top: &str) -> Relay {
    let top = format!("public_url = \"https://{NAME}\"\n{top}\n[http]\nunmatched_per_minute = 2");
    Relay::start(Settings {
        top: &top,
        relay: "grace = 0.05",
        ..Settings::default()
    })
}

#[test]
fn hostile_18_a_trusted_nginx_is_believed_and_those_behind_it_are_told_apart() {
    let relay = relay("trusted_proxies = [\"127.0.0.1\"]");
    let nginx = Nginx::before(relay.http());
    let outside = nginx.outside();
    let throttled = [404, 404, 429];
    assert_eq!(guesses(outside, "127.0.0.2"), throttled);
    assert_eq!(
        guesses(outside, "127.0.0.3"),
        throttled,
        "another is not affected"
    );
    // Nor is who has a program waiting.
    let program = relay.waiting(STATE);
    let target = format!("/oauth/callback?{QUERY}");
    assert_eq!(outside.get("127.0.0.2", &target, "").0, 200);
    program.finish().ended_with(0);
    // Beside nginx: a stranger's word counts for nothing, the proxy's own for everything.
    assert_eq!(guesses(Outside::of(&relay), "127.0.0.4"), throttled);
    assert_eq!(guesses(Outside::of(&relay), "127.0.0.1"), [404; 3]);
}

#[test]
fn hostile_18_without_trust_nginx_is_one_address_whatever_it_says() {
    let relay = relay("");
    let nginx = Nginx::before(relay.http());
    let outside = nginx.outside();
    assert_eq!(guesses(outside, "127.0.0.2"), [404, 404, 429]);
    assert_eq!(guesses(outside, "127.0.0.3"), [429; 3]);
    assert_eq!(guesses(Outside::of(&relay), "127.0.0.1"), [429; 3]);
    let program = relay.waiting(STATE);
    assert_eq!(outside.visit(QUERY).0, 200);
    program.finish().ended_with(0);
}

#[test]
fn hostile_18_the_public_url_is_never_taken_from_a_header() {
    let relay = relay("trusted_proxies = [\"127.0.0.1\"]");
    let nginx = Nginx::before(relay.http());
    let outside = nginx.outside();
    let program = relay.sandbox().oarlock(["wait"]).spawn();
    let told = program.told(|line| line.starts_with("Waiting for").then(|| line.to_owned()));
    assert!(
        told.contains(&format!("https://{NAME}/oauth/callback")),
        "{told}"
    );
    for (header, code) in [
        (
            "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: http\r\n",
            200,
        ),
        ("Host: evil.example\r\n", 400),
    ] {
        let (answer, page) = outside.get("127.0.0.1", "/", header);
        assert_eq!(answer, code, "{page}");
        assert!(!page.contains("evil"), "{page}");
    }
    let answer = outside.exchange(
        "127.0.0.1",
        "GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert!(answer.starts_with("HTTP/1.1 421 "), "{answer}");
}
