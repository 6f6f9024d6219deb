#![no_main]
//! What a person pastes: whatever it is, the answer is a usable code or a sentence.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{assert_hidden, assert_inert, request};
use oarlock_oauth::pasted::read;

fuzz_target!(|text: &str| {
    match read(&request(), text) {
        Ok(grant) => {
            let code = grant.code.expose();
            assert!(!code.is_empty() && !code.contains(char::is_control));
            assert_hidden(code, &format!("{grant:?}"));
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
