#![no_main]
//! Access tokens from strangers against keys whose private halves nobody has: none may pass.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{ISSUER, assert_inert, now};
use oarlock_oauth::authorization_server::access_token::check;
use oarlock_oauth::endpoint::Issuer;
use oarlock_oauth::jwks::KeySet;
use oarlock_oauth::secret::AccessToken;

const KEYS: &[u8] = include_bytes!("../seeds/jwks/three_kinds.json");

fuzz_target!(|token: &str| {
    let keys = KeySet::parse(KEYS).expect("these keys are well-formed");
    let issuer = Issuer::parse(ISSUER).expect("this issuer is one");
    match check(&AccessToken::new(token), &issuer, &[], &keys, now()) {
        Ok(_) => panic!("a token was accepted that nobody can have signed"),
        Err(error) => assert_inert(&error.to_string()),
    }
});
