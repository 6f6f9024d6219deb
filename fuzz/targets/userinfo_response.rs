#![no_main]
//! Answers of userinfo endpoints, and the name that a person sees of them.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{answer, assert_inert, profile};
use oarlock_oauth::userinfo::{identity, response};

fuzz_target!(|data: &[u8]| {
    let Some(answer) = answer(data) else { return };
    match response(&answer) {
        Ok(claims) => {
            if let Some(name) = identity(&profile(), &claims) {
                assert_inert(&name.to_string());
            }
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
