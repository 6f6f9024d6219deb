#![no_main]
//! Queries and forms: decoded once, strictly, and the same when written and read again.

use libfuzzer_sys::fuzz_target;
use oarlock_fuzz::assert_inert;
use oarlock_oauth::parameters::Parameters;
use url::form_urlencoded::Serializer;

fuzz_target!(|text: &str| {
    let parameters = match Parameters::parse(text) {
        Ok(parameters) => parameters,
        Err(error) => return assert_inert(&error.to_string()),
    };
    let mut names: Vec<&str> = Vec::new();
    let mut writer = Serializer::new(String::new());
    for (name, value) in parameters.iter() {
        assert!(!names.contains(&name), "{name:?} is there twice");
        assert!(
            !value.contains(['\r', '\n', '\0']),
            "{name:?} holds a character that breaks headers"
        );
        assert_eq!(
            parameters.get(name),
            Some(value).filter(|value| !value.is_empty())
        );
        names.push(name);
        writer.append_pair(name, value);
    }
    let written = writer.finish();
    // Writing can make the text longer than what is accepted; then nothing is to be compared.
    if written.len() <= 64 * 1024 {
        assert!(
            Parameters::parse(&written) == Ok(parameters),
            "reading what was written gives something else"
        );
    }
});
