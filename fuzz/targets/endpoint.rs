#![no_main]
//! URLs of servers: https, or http on loopback, without user information; nothing else passes in any spelling.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::assert_inert;
use oarlock_oauth::endpoint::{Endpoint, Issuer, Origin, is_loopback};

fuzz_target!(|text: &str| {
    match Endpoint::parse(text) {
        Ok(endpoint) => {
            let url = endpoint.url();
            assert!(
                url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url)),
                "{url} passed"
            );
            assert!(
                url.username().is_empty() && url.password().is_none() && url.fragment().is_none(),
                "{url} passed"
            );
            let mut bare = url.clone();
            bare.set_query(None);
            let shown = endpoint.to_string();
            assert!(
                shown.trim_end_matches(['?', '…']).trim_end_matches('/')
                    == bare.as_str().trim_end_matches('/'),
                "a query is shown"
            );
            assert_eq!(Origin::of(url).as_ref(), Some(&endpoint.origin()));
            let again = Endpoint::parse(url.as_str()).expect("what was written is read");
            assert!(again == endpoint);
        }
        Err(error) => assert_inert(&error.to_string()),
    }
    if let Ok(issuer) = Issuer::parse(text) {
        assert_eq!(issuer.as_str(), text, "an issuer is kept as it was written");
        let urls = issuer.metadata_urls();
        assert!(!urls.is_empty());
        assert!(
            urls.iter()
                .all(|url| url.origin() == issuer.endpoint().origin()),
            "metadata from elsewhere"
        );
    }
    if let Ok(origin) = Origin::parse(text) {
        assert_eq!(Origin::parse(origin.as_str()).as_ref(), Ok(&origin));
    }
});
