#![no_main]
//! Scopes: whatever is read consists of scope tokens (RFC 6749, section 3.3), each once, and reads the same again.

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use oarlock_oauth::scope::Scopes;

fuzz_target!(|text: &str| {
    let scopes = Scopes::parse(text);
    let mut seen = BTreeSet::new();
    for scope in scopes.iter() {
        let allowed = |byte: u8| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e);
        assert!(
            !scope.is_empty() && scope.bytes().all(allowed),
            "{scope:?} is no scope token"
        );
        assert!(seen.insert(scope), "{scope:?} is there twice");
    }
    assert_eq!(seen.is_empty(), scopes.is_empty());
    assert!(seen.iter().take(8).all(|scope| scopes.contains(scope)));
    assert_eq!(Scopes::parse(&scopes.join(' ')), scopes);
    assert_eq!(Scopes::parse(&scopes.join(',')), scopes);
});
