//! What nobody means and what happens all the same (hostile.md, 19, 28, 32, 35 to 37).

mod child;
mod clocks;
mod descriptors;
mod disk;
mod files;
mod stopping;
mod store;
mod sweeping;
mod turned;
