//! The relay: it takes a provider's callback on the public web and hands it to the program that waits.
//!
//! | What | Here |
//! |---|---|
//! | what is to be served, checked | [`config`] |
//! | who waits, who gets what, once | [`relay`] |
//! | what browsers and programs see | [`web`], [`page`] |
//! | numbers | [`metrics`] |
//! | all of it together | [`service`] |

#![forbid(unsafe_code)]

pub mod broker;
pub mod config;
mod hardening;
pub mod metrics;
pub mod outcome;
pub mod page;
pub mod relay;
pub mod service;
pub mod web;
