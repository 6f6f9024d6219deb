#![no_main]
//! ID tokens from strangers against keys whose private halves nobody has: none may pass.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_inert, now, profile};
use oarlock_oauth::id_token::check;
use oarlock_oauth::jwks::KeySet;
use oarlock_oauth::secret::{IdToken, Nonce};

const KEYS: &[u8] = include_bytes!("../seeds/jwks/three_kinds.json");

fuzz_target!(|token: &str| {
    let keys = KeySet::parse(KEYS).expect("these keys are well-formed");
    match check(
        &IdToken::new(token),
        &profile(),
        &keys,
        Some(&Nonce::new("n")),
        now(),
    ) {
        Ok(_) => panic!("a token was accepted that nobody can have signed"),
        Err(error) => assert_inert(&error.to_string()),
    }
});
