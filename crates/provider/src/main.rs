//! The sandbox payment provider as a server of its own, so that several nodes can pay at one desk.

fn main() {}
