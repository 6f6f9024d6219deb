#![no_main]
//! Redirect URIs, two by line: what is registered leads where a browser would go, and what matches leads to the same place but for a port of loopback.

use libfuzzer_sys::fuzz_target;
use oarlock_oauth::authorization_server::redirect_uri::RedirectUri;
use oarlock_oauth::endpoint::is_loopback;
use url::Url;

fuzz_target!(|text: &str| {
    let (known, asked) = text.split_once('\n').unwrap_or((text, text));
    let Ok(found) = RedirectUri::parse(known) else {
        return;
    };
    assert_eq!(found.as_str(), known);
    assert!(found.matches(known));
    let mut url = Url::parse(known).expect("it is a URL");
    assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
    assert!(
        url.scheme() == "https"
            || (url.scheme() == "http" && is_loopback(&url))
            || url.scheme().contains('.'),
        "{url} passed"
    );
    assert!(
        url.as_str() == known || url.as_str().strip_suffix('/') == Some(known),
        "{known} is read as {url}"
    );
    assert_eq!(found.is_loopback(), url.scheme() == "http");
    if asked != known && found.matches(asked) {
        assert!(found.is_loopback(), "{asked} matches {known}");
        let mut other = Url::parse(asked).expect("what matches is a URL");
        url.set_port(None).expect("loopback has a port");
        other.set_port(None).expect("loopback has a port");
        assert_eq!(url, other);
        // Whichever of them is registered.
        assert!(
            RedirectUri::parse(asked).is_err()
                || RedirectUri::parse(asked).is_ok_and(|asked| asked.matches(known))
        );
    }
});
