//! What strangers send: too much, too slowly, twice, or in disguise (hostile.md, 1, 2, 4 to 7, 12, 18, 22 to 24, 38).

mod caps;
mod disguises;
mod input;
mod mix_ups;
mod redirects;
mod secrets;
mod sizes;
