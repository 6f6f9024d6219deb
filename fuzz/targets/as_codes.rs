#![no_main]
//! What people type and older programs send: user codes and paircodes.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::assert_inert;
use oarlock_oauth::authorization_server::comparison;
use oarlock_oauth::authorization_server::paircode::PaircodeDigest;
use oarlock_oauth::authorization_server::user_code::UserCode;

fuzz_target!(|text: &str| {
    if let Some(code) = UserCode::parse(text) {
        let shown = code.to_string();
        assert_eq!((code.letters().len(), shown.len()), (8, 9));
        assert!(
            code.letters()
                .bytes()
                .all(|byte| b"BCDFGHJKLMNPQRSTVWXZ".contains(&byte))
        );
        assert!(UserCode::parse(&shown) == Some(code));
    }
    assert!(UserCode::parse(&comparison::code(text)).is_some());
    match (PaircodeDigest::announced(text), PaircodeDigest::of(text)) {
        (Ok(announced), Ok(plain)) => assert_eq!(announced, plain),
        (Ok(_), Err(_)) => assert!(text.starts_with("S256.") && text.len() == 48),
        (Err(_), Ok(_)) => panic!("a paircode that cannot be announced"),
        (Err(error), Err(other)) => {
            assert_inert(&error.to_string());
            assert_inert(&other.to_string());
        }
    }
});
