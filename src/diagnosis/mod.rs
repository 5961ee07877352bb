//! Conditions evaluated, causes chosen, fixes built for the host.
//!
//! [`diagnose`] is a pure function of catalogue, facts and probe outcomes: no file, no
//! clock, no environment. It can't fail, and gives exactly one finding for every
//! check that has `fails`.

mod advice;
mod at_rest;
mod evaluate;
mod finding;
mod fixes;
mod judge;
mod needs;
mod profiles;
mod systems;
mod tri;

// Words of the catalogue that findings speak; whoever reads findings needs no catalogue.
pub use crate::catalogue::{Area, ByHand, Needs, Severity};
pub use advice::{Advice, Possible, advise, for_want_of, is_failing, kernel_is, rules_out};
pub use at_rest::leave_to_the_host;
pub use finding::{Evidence, Finding, RenderedFix, Status};
pub use fixes::{again, quote};
pub use judge::diagnose;
pub use profiles::{Lack, ProfileFinding, assess};
