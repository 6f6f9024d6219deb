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
            // Without what may rightly be shown, and could be the same text by chance.
            let mut shown = tokens.clone();
            shown.scope = None;
            shown.token_type.clear();
            let shown = format!("{shown:?}");
            assert_hidden(tokens.access_token.expose(), &shown);
            if let Some(refresh_token) = &tokens.refresh_token {
                assert_hidden(refresh_token.expose(), &shown);
            }
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
