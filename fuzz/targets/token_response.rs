#![no_main]
//! Answers of token endpoints, good, bad and neither.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{answer, assert_hidden, assert_inert, now, profile};
use oarlock_oauth::token::response;

fuzz_target!(|data: &[u8]| {
    let Some(answer) = answer(data) else { return };
    match response(&profile(), &answer, now()) {
        Ok(tokens) => {
            assert!(!tokens.access_token.expose().is_empty());
            assert!(
                !tokens.access_token.expose().contains(['\r', '\n']),
                "this token could split a header"
            );
            assert_hidden(tokens.access_token.expose(), &format!("{tokens:?}"));
            if let Some(refresh_token) = &tokens.refresh_token {
                assert_hidden(refresh_token.expose(), &format!("{tokens:?}"));
            }
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
