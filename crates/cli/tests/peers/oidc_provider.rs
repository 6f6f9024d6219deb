//! Everything a person does, against npm's certified OpenID provider.

mod client_credentials;
mod device;
mod library;
mod login;
mod logout;
mod paste;
mod refusals;
mod registration;
mod renewal;
