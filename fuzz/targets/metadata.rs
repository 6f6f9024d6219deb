#![no_main]
//! Metadata of authorization servers: what is accepted is from the issuer that was asked, to the letter.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::{ISSUER, answer, assert_inert, profile};
use oarlock_oauth::endpoint::Issuer;
use oarlock_oauth::metadata::response;

fuzz_target!(|data: &[u8]| {
    let Some(answer) = answer(data) else { return };
    let expected = Issuer::parse(ISSUER).expect("this is an issuer");
    match response(&expected, &answer) {
        Ok(metadata) => {
            assert_eq!(metadata.issuer.as_str(), ISSUER);
            match profile().complete(&metadata) {
                Ok(()) => {}
                Err(error) => assert_inert(&error.to_string()),
            }
        }
        Err(error) => assert_inert(&error.to_string()),
    }
});
