use super::*;
use proptest::prelude::*;

fn refusal(text: &str) -> EndpointError {
    Endpoint::parse(text).expect_err(text)
}

#[test]
fn https_and_loopback_are_taken() {
    let good = [
        "https://login.example.com",
        "https://login.example.com:8443/a/b?tenant=x",
        "HTTPS://LOGIN.example.com/",
        "http://127.0.0.1:8080/x",
        "http://127.9.9.9/",
        "http://[::1]:1/x",
        "http://localhost:3000/x",
        "https://xn--bcher-kva.example/",
        "https://example.com/path/@user",
    ];
    for text in good {
        assert!(Endpoint::parse(text).is_ok(), "{text}");
    }
}

#[test]
fn hostile_07_urls_that_parsers_read_differently_are_refused() {
    assert!(matches!(
        refusal("https:\\\\evil.example\\"),
        EndpointError::Backslash(_)
    ));
    assert!(matches!(
        refusal("https://good.example\\@evil.example/"),
        EndpointError::Backslash(_)
    ));
    assert!(matches!(
        refusal("https://good.example@evil.example/"),
        EndpointError::UserInformation(_)
    ));
    assert!(matches!(
        refusal("https://u:p@evil.example/"),
        EndpointError::UserInformation(_)
    ));
    assert!(matches!(
        refusal("https://@evil.example/"),
        EndpointError::UserInformation(_)
    ));
    // One slash: parsers of URLs take what follows for the authority all the same.
    assert!(matches!(
        refusal("https:/u@evil.example://x"),
        EndpointError::Invalid(_)
    ));
    assert!(matches!(
        refusal("https:///evil.example/"),
        EndpointError::Invalid(_)
    ));
    assert!(matches!(
        refusal("https:evil.example/"),
        EndpointError::Invalid(_)
    ));
    assert!(matches!(
        refusal("//evil.example/"),
        EndpointError::Invalid(_)
    ));
    assert!(matches!(
        refusal("https://good.example/#x"),
        EndpointError::Fragment(_)
    ));
    assert!(matches!(
        refusal("https://good.example/#"),
        EndpointError::Fragment(_)
    ));
    for text in [
        "javascript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "http://example.com/",
        "ftp://127.0.0.1/",
    ] {
        assert!(matches!(refusal(text), EndpointError::Scheme(_)), "{text}");
    }
    for text in [
        "http://localhost.evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://foo.localhost/",
        "http://[::ffff:127.0.0.1]/",
    ] {
        assert!(matches!(refusal(text), EndpointError::Scheme(_)), "{text}");
    }
}

#[test]
fn hostile_26_no_endpoint_looks_like_an_option_or_a_shell_word() {
    assert!(matches!(
        refusal("--proxy-server=http://evil.example"),
        EndpointError::LeadingDash(_)
    ));
    assert!(matches!(
        refusal("-https://example.com"),
        EndpointError::LeadingDash(_)
    ));
    for text in [
        "https://example.com/ -x",
        " https://example.com",
        "https://example.com\n",
        "https://exa\tmple.com",
        "https://example.com/\0",
        "https://example.com/\u{1b}[2J",
    ] {
        assert!(
            matches!(refusal(text), EndpointError::Control(_)),
            "{text:?}"
        );
    }
    assert!(Endpoint::parse("").is_err());
    assert!(Endpoint::parse("example.com").is_err());
}

#[test]
fn secrets_of_a_url_are_in_no_message() {
    for text in [
        "https://u:canary@x.example/",
        "ftp://x.example/?key=canary",
        "https://x.example/#canary",
        "canary@x y",
        "https://canary@[bad",
    ] {
        let error = refusal(text);
        assert!(
            !format!("{error} {error:?}").contains("canary"),
            "{error:?}"
        );
    }
    let endpoint = Endpoint::parse("https://x.example/token?key=canary").unwrap();
    assert_eq!(endpoint.to_string(), "https://x.example/token?…");
    assert_eq!(
        format!("{endpoint:?}"),
        "Endpoint(https://x.example/token?…)"
    );
    assert!(
        refusal(&format!("ftp://{}", "x".repeat(5000)))
            .to_string()
            .len()
            < 300
    );
}

#[test]
fn hostile_12_issuers_are_kept_and_compared_as_written() {
    let bare = Issuer::parse("https://login.example.com").unwrap();
    let slash = Issuer::parse("https://login.example.com/").unwrap();
    let upper = Issuer::parse("https://LOGIN.example.com").unwrap();
    assert_eq!(bare.as_str(), "https://login.example.com");
    assert_ne!(bare, slash);
    assert_ne!(bare, upper);
    assert_eq!(bare.endpoint(), slash.endpoint());
    assert!(matches!(
        Issuer::parse("https://login.example.com/?a=b"),
        Err(EndpointError::Query(_))
    ));
}

#[test]
fn metadata_urls_in_all_forms() {
    let urls = |issuer: &str| {
        Issuer::parse(issuer)
            .unwrap()
            .metadata_urls()
            .iter()
            .map(|url| url.url().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        urls("https://login.example.com/"),
        [
            "https://login.example.com/.well-known/openid-configuration",
            "https://login.example.com/.well-known/oauth-authorization-server"
        ]
    );
    assert_eq!(
        urls("https://example.com:8443/realms/one/"),
        [
            "https://example.com:8443/realms/one/.well-known/openid-configuration",
            "https://example.com:8443/.well-known/oauth-authorization-server/realms/one",
            "https://example.com:8443/.well-known/openid-configuration/realms/one",
        ]
    );
}

#[test]
fn origins() {
    assert_eq!(
        Origin::parse("https://API.example.com:443/")
            .unwrap()
            .as_str(),
        "https://api.example.com"
    );
    assert_eq!(
        Endpoint::parse("https://api.example.com/x?y")
            .unwrap()
            .origin(),
        Origin::parse("https://api.example.com").unwrap()
    );
    assert_ne!(
        Origin::parse("https://api.example.com:8443").unwrap(),
        Origin::parse("https://api.example.com").unwrap()
    );
    assert!(matches!(
        Origin::parse("https://api.example.com/v1"),
        Err(EndpointError::Path(_))
    ));
    assert!(matches!(
        Origin::parse("https://api.example.com?x"),
        Err(EndpointError::Query(_))
    ));
    assert!(Origin::of(&Url::parse("data:text/plain,x").unwrap()).is_none());
}

#[test]
fn serde_checks_when_reading() {
    let endpoint: Endpoint = serde_json::from_str("\"https://x.example/a?b=c\"").unwrap();
    assert_eq!(
        serde_json::to_string(&endpoint).unwrap(),
        "\"https://x.example/a?b=c\""
    );
    let issuer: Issuer = serde_json::from_str("\"https://x.example\"").unwrap();
    assert_eq!(
        serde_json::to_string(&issuer).unwrap(),
        "\"https://x.example\""
    );
    assert!(serde_json::from_str::<Endpoint>("\"javascript:alert(1)\"").is_err());
    assert!(serde_json::from_str::<Origin>("\"https://x.example/path\"").is_err());
}

proptest! {
    #[test]
    fn hostile_07_never_panics_and_what_is_taken_is_safe(text in ".*|(https?|javascript)?:?/{0,3}[-a-z0-9@:.\\[\\]\\\\/?#% ]*") {
        if let Ok(endpoint) = Endpoint::parse(&text) {
            let url = endpoint.url();
            prop_assert!(url.scheme() == "https" || is_loopback(url));
            prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
            prop_assert_eq!(&Endpoint::parse(url.as_str()), &Ok(endpoint.clone()));
            prop_assert!(http::Uri::try_from(url.as_str()).is_ok());
        }
        if let Ok(issuer) = Issuer::parse(&text) {
            prop_assert_eq!(issuer.as_str(), &text);
            prop_assert!(issuer.metadata_urls().iter().all(|url| url.origin() == issuer.endpoint().origin()));
        }
    }
}
