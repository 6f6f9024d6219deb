//! The program as it is shipped: real processes, real files, an authorization server on loopback.

mod crowd;
mod dead_logins;
mod demo;
mod doctor;
mod errors;
mod full_disk;
mod help;
mod impostors;
mod killed;
mod login;
mod ownership;
mod providers;
mod requests;
mod sandbox;
mod sources;
mod status;
mod strangers;
mod terminal;
mod streams;
mod token;
