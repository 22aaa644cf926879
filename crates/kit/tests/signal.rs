//! What a signal does. Alone in its process, because a signal is everybody's.

#![allow(clippy::unwrap_used)]

use std::{process::Command, time::Duration};

use kit::lifecycle::Lifecycle;
use tokio::time::timeout;

const BOUND: Duration = Duration::from_secs(10);

fn send(signal: &str) {
    let us = std::process::id().to_string();
    assert!(Command::new("kill").args([signal, &us]).status().unwrap().success());
}

#[tokio::test]
async fn the_first_signal_is_the_soft_stop_and_the_second_the_hard_one() {
    let life = Lifecycle::new();
    life.spawn("deaf", std::future::pending());
    // Joined in this order: the first is listening before the second sends.
    let (waited, ()) = tokio::join!(timeout(BOUND, life.wait_signal()), async { send("-TERM") });
    waited.unwrap().unwrap();
    let long = Duration::from_secs(3600);
    let (left, ()) = tokio::join!(timeout(BOUND, life.stop(long)), async { send("-INT") });
    assert_eq!(left.unwrap(), ["deaf"]);
    assert!(life.tasks_left().is_empty());
}
