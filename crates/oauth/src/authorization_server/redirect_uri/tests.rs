use super::*;
use proptest::prelude::*;

fn uri(text: &str) -> RedirectUri {
    RedirectUri::parse(text).expect(text)
}

#[test]
fn what_programs_have_is_accepted_as_written() {
    for text in [
        "https://app.example.com",
        "https://app.example.com/",
        "https://app.example.com/cb?tenant=a&x=%2F",
        "https://app.example.com:8443/cb",
        "https://[2001:db8::1]/cb",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:8080",
        "http://[::1]:49152/callback",
        "http://localhost/cb",
        "com.example.tool:/callback",
        "com.example.tool://callback",
    ] {
        assert_eq!(uri(text).as_str(), text);
        assert_eq!(uri(text).to_string(), text);
        assert!(uri(text).matches(text), "{text}");
    }
}

#[test]
fn hostile_07_addresses_that_lead_elsewhere_or_read_two_ways_are_refused() {
    for text in [
        "",
        "/callback",
        "//evil.example/cb",
        "https:app.example/cb",
        "https:/app.example/cb",
        "https:///app.example/cb",
        "https://",
        "http://app.example/cb",
        "http://127.0.0.2/cb",
        "http://127.1/cb",
        "http://2130706433/cb",
        "http://0x7f.0.0.1/cb",
        "http://0/cb",
        "http://[::ffff:127.0.0.1]/cb",
        "http://[0:0:0:0:0:0:0:1]/cb",
        "http://localhost./cb",
        "http://localhost.evil.example/cb",
        "http://127.0.0.1.evil.example/cb",
        "http://127.0.0.1:80@evil.example/cb",
        "http://127.0.0.1@evil.example/cb",
        "http://evil.example\\@127.0.0.1/cb",
        "http://127.0.0.1:08080/cb",
        "http://127.0.0.1:/cb",
        "http://127.0.0.1:65536/cb",
        "http://127.0.0.1:-1/cb",
        "HTTP://127.0.0.1/cb",
        "http://LOCALHOST/cb",
        "javascript:alert(1)",
        "JavaScript://app.example/%0aalert(1)",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc/passwd",
        "ftp://app.example/cb",
        "blob:https://app.example/x",
        "tool:/callback",
        "com.example.tool:callback",
        "com.example.tool:",
        "com.example.tool://user@host/cb",
        "COM.example.tool:/callback",
        "https://user@app.example/cb",
        "https://user:secret@app.example/cb",
        "https://@app.example/cb",
        "https://app.example@evil.example/cb",
        "https://app.example\\.evil.example/cb",
        "https://app.example\\cb",
        "https://app.example/cb#fragment",
        "https://app.example/cb#",
        "https://*.app.example/cb",
        "https://app.example/*",
        "https://App.example/cb",
        "HTTPS://app.example/cb",
        "https://app.example:443/cb",
        "https://app.example:/cb",
        "https://%61pp.example/cb",
        "https://app%2eexample/cb",
        "https://app.example/a/../cb",
        "https://app.example/./cb",
        "https://app.example/%2e%2e/cb",
        "https://app.example/a/.%2E",
        "https://app.example/%zz",
        "https://app.example/%4",
        "https://app.example/%",
        "https://\u{e4}pp.example/cb",
        "https://app.example/\u{e4}",
        "https://app.example\u{ff0f}evil.example/",
        "-https://app.example/cb",
    ] {
        assert_eq!(RedirectUri::parse(text), Err(BadRedirectUri), "{text}");
    }
    assert!(RedirectUri::parse(&format!("https://a.example/{}", "x".repeat(1982))).is_ok());
    assert!(RedirectUri::parse(&format!("https://a.example/{}", "x".repeat(1983))).is_err());
}

#[test]
fn hostile_05_no_control_character_and_no_space_is_in_one() {
    for c in (0_u8..=0x20).chain([0x7f, b'"', b'<', b'>', b'^', b'`', b'{', b'|', b'}']) {
        for text in [
            format!("https://app.example/c{}b", char::from(c)),
            format!("{}https://app.example/cb", char::from(c)),
            format!("https://app.example/cb{}", char::from(c)),
            format!("https://app.{}example/cb", char::from(c)),
        ] {
            assert!(RedirectUri::parse(&text).is_err(), "{text:?}");
        }
    }
}

#[test]
fn hostile_07_loopback_may_differ_by_the_port_alone() {
    let known = uri("http://127.0.0.1/callback?a=1");
    for asked in [
        "http://127.0.0.1/callback?a=1",
        "http://127.0.0.1:1/callback?a=1",
        "http://127.0.0.1:80/callback?a=1",
        "http://127.0.0.1:65535/callback?a=1",
    ] {
        assert!(known.matches(asked), "{asked}");
        assert!(
            uri("http://127.0.0.1:4711/callback?a=1").matches(asked),
            "{asked}"
        );
    }
    for asked in [
        "",
        "http://127.0.0.1",
        "http://127.0.0.1:8080",
        "http://127.0.0.1:0/callback?a=1",
        "http://127.0.0.1:/callback?a=1",
        "http://127.0.0.1:080/callback?a=1",
        "http://127.0.0.1:+80/callback?a=1",
        "http://127.0.0.1:80 /callback?a=1",
        "http://127.0.0.1:65536/callback?a=1",
        "http://127.0.0.1:\u{661}/callback?a=1",
        "http://127.0.0.1:80@evil.example/callback?a=1",
        "http://127.0.0.1:80:80/callback?a=1",
        "http://127.0.0.1.evil.example/callback?a=1",
        "http://127.0.0.1:80evil.example/callback?a=1",
        "http://127.0.0.1\\/callback?a=1",
        "http://127.0.0.1:80/callback?a=2",
        "http://127.0.0.1:80/callback?a=1&b",
        "http://127.0.0.1:80/callback",
        "http://127.0.0.1:80/callback/?a=1",
        "http://127.0.0.1:80/./callback?a=1",
        "http://127.0.0.1:80/x/../callback?a=1",
        "http://127.0.0.1:80//callback?a=1",
        "http://127.0.0.1:80/Callback?a=1",
        "http://127.0.0.1:80/%63allback?a=1",
        "http://127.0.0.1:80/callback?a=1#x",
        "http://u@127.0.0.1:80/callback?a=1",
        "http://localhost:80/callback?a=1",
        "http://[::1]:80/callback?a=1",
        "http://127.0.0.2:80/callback?a=1",
        "HTTP://127.0.0.1:80/callback?a=1",
        "https://127.0.0.1:80/callback?a=1",
        " http://127.0.0.1:80/callback?a=1",
        "http://127.0.0.1:80/callback?a=1\r\n",
    ] {
        assert!(!known.matches(asked), "{asked}");
    }
    assert!(uri("http://localhost/cb").matches("http://localhost:3000/cb"));
    assert!(uri("http://[::1]/cb").matches("http://[::1]:3000/cb"));
    assert!(uri("http://127.0.0.1").matches("http://127.0.0.1:3000"));
    assert!(!uri("http://127.0.0.1").matches("http://127.0.0.1:3000/"));
}

#[test]
fn hostile_07_elsewhere_not_even_the_port_may_differ() {
    for known in [
        "https://app.example/cb",
        "https://localhost/cb",
        "https://127.0.0.1/cb",
    ] {
        let other = known.replace("/cb", ":8443/cb");
        assert!(!uri(known).matches(&other), "{other}");
        assert!(!uri(known).is_loopback(), "{known}");
    }
    assert!(!uri("https://app.example/cb").matches("https://app.example/cb/"));
    assert!(!uri("https://app.example").matches("https://app.example/"));
    assert!(uri("http://localhost:1/cb").is_loopback());
}

#[test]
fn serde_checks() {
    let read = serde_json::from_str::<RedirectUri>("\"https://a.example/cb\"").unwrap();
    assert_eq!(
        serde_json::to_string(&read).unwrap(),
        "\"https://a.example/cb\""
    );
    let error = serde_json::from_str::<RedirectUri>("\"javascript:canary\"").unwrap_err();
    assert!(!error.to_string().contains("canary"), "{error}");
}

/// Texts that are nearly redirect URIs.
fn nearly() -> impl Strategy<Value = String> {
    let scheme = prop::sample::select(vec!["http", "https", "com.example.tool", "javascript", ""]);
    let slashes = prop::sample::select(vec!["://", ":/", ":", ":\\\\", "//"]);
    let host = prop::sample::select(vec![
        "127.0.0.1",
        "localhost",
        "[::1]",
        "a.example",
        "A.example",
        "127.1",
        "u@a.example",
        "",
        "*",
        "a.example.",
    ]);
    let port = "(:[0-9]{0,6})?";
    let tail = "(/|\\.|%2e|%2F|\\?|#|[a-z*\\\\ ]){0,6}";
    (scheme, slashes, host, port, tail).prop_map(|(scheme, slashes, host, port, tail)| {
        format!("{scheme}{slashes}{host}{port}{tail}")
    })
}

proptest! {
    #[test]
    fn what_is_accepted_is_what_a_browser_reads(text in nearly()) {
        if let Ok(found) = RedirectUri::parse(&text) {
            let url = Url::parse(&text).unwrap();
            prop_assert!(found.matches(&text));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert!(!url.cannot_be_a_base());
            prop_assert_eq!(url.as_str().trim_end_matches('/'), text.trim_end_matches('/'));
            prop_assert!(url.scheme() != "http" || crate::endpoint::is_loopback(&url));
            prop_assert_eq!(found.is_loopback(), url.scheme() == "http");
        }
    }

    #[test]
    fn what_matches_leads_to_the_same_place_but_for_the_port(known in nearly(), asked in nearly()) {
        if let Ok(known) = RedirectUri::parse(&known) && known.matches(&asked) {
            let (mut known_url, mut asked_url) = (Url::parse(known.as_str()).unwrap(), Url::parse(&asked).unwrap());
            if known.is_loopback() {
                known_url.set_port(None).unwrap();
                asked_url.set_port(None).unwrap();
            }
            prop_assert_eq!(known_url, asked_url);
        }
    }

    #[test]
    fn any_port_of_loopback_matches(port in 1_u16.., registered in 1_u16.., host in prop::sample::select(LOOPBACK.to_vec()), path in "(/[a-z]{1,5}){0,3}") {
        let asked = format!("{host}:{port}{path}");
        let known = format!("{host}{path}");
        prop_assert!(uri(&known).matches(&asked));
        // The port that goes without saying is not written.
        if registered != 80 {
            let known = format!("{host}:{registered}{path}");
            prop_assert!(uri(&known).matches(&asked));
        }
    }

    #[test]
    fn never_panics(known in ".*", asked in ".*") {
        if let Ok(known) = RedirectUri::parse(&known) {
            prop_assert!(known.matches(known.as_str()));
            known.matches(&asked);
        }
    }
}
