//! Timers by dead-lettering.
