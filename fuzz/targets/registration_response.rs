#![no_main]
//! Answers to a dynamic client registration.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{answer, assert_hidden, assert_inert};
use oarlock_oauth::registration::response;

fuzz_target!(|data: &[u8]| {
    let Some(answer) = answer(data) else { return };
    match response(&answer) {
        Ok(registration) => {
            assert!(!registration.client_id.is_empty());
            if let Some(secret) = &registration.client_secret {
                // Not of the whole: its other fields are the server's words, and may repeat the secret.
                assert_hidden(secret.expose(), &format!("{secret:?}"));
            }
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
