//! The broker, a small authorization server before any provider; and the relay, which takes a provider's callback on the public web and
//! hands it to the program that waits.
//!
//! | What | Here |
//! |---|---|
//! | what is to be served, checked | [`config`] |
//! | who signs in, for which program, once | [`broker`] |
//! | who waits, who gets what, once | [`relay`] |
//! | what browsers and programs see | [`web`], [`page`] |
//! | numbers | [`metrics`] |
//! | all of it together | [`service`] |

#![forbid(unsafe_code)]

pub mod broker;
pub mod config;
pub mod digest;
pub mod event;
mod hardening;
pub mod metrics;
pub mod outcome;
pub mod page;
pub mod person;
mod prefetch;
mod proxy;
pub mod relay;
pub mod service;
mod throttle;
pub mod web;
