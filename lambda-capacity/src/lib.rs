//! Who keeps the fleet's size: it grows before a sale's waiting room opens, and shrinks when the last sale is reconciled.
//!
//! [`demand`] and [`deeds`](deeds()) decide, purely; [`Keeper`] asks AWS what stands and does what is missing. It keeps nothing between two
//! calls but the newest plan, and that lies in AWS too: it is the input of the schedule that calls it when the fleet must grow.

mod aws;
mod config;
mod deeds;
mod demand;
mod group;
mod keeper;
#[cfg(test)]
mod tests;

pub use aws::{aws, open};
pub use config::{Config, MANUAL, Size};
pub use deeds::deeds;
pub use demand::{Demand, Pace, demand};
pub use group::{Action, Deed, Group, Node};
pub use keeper::{Balancer, Groups, Keeper, Memory, Refused, Report};
