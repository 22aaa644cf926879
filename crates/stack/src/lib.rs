//! Real servers as child processes: started, stopped, killed, paused, cut off, healed.

mod running;

pub use running::Running;
