//! The endpoints, over the store, the keys and the rules as they are; a browser's part is played by the store's verbs.

mod bad_days;
mod code;
mod device;
mod discovery;
mod guesses;
mod pairing;
mod refresh;
mod registration;
mod scene;
mod tokens;
