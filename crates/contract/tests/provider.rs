//! The payments' contract, stamped on the sandbox provider as a server of its own, asked over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    ops::{Deref, DerefMut},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use cluster::pay::{HttpPayments, PayConfig};
use contract::{
    fresh::{self, soon, until},
    payments::Bench,
    stamp,
};
use sale::{
    money::Money,
    port::payments::{PaymentError, PaymentKey, PaymentState, Payments},
};
use stack::{apps, ports, process::Process};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const KEY: &str = "test key";

/// A provider process with a record of its own; it ends with this.
struct Provider {
    bench: Bench,
    child: Child,
    url: String,
    _dir: TempDir,
}

impl Deref for Provider {
    type Target = Bench;
    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl DerefMut for Provider {
    fn deref_mut(&mut self) -> &mut Bench {
        &mut self.bench
    }
}

fn payments(url: &str, key: &str) -> HttpPayments {
    let config =
        PayConfig { url: url.into(), key: key.into(), call_wait: Duration::from_secs(2), ..PayConfig::default() };
    HttpPayments::open(config).unwrap()
}

async fn provider() -> Provider {
    let binaries = tokio::task::spawn_blocking(|| apps::build(&["provider"])).await.unwrap().unwrap();
    let dir = tempfile::tempdir().unwrap();
    let [door, admin] = ports::Network::new().free_ports(1).unwrap();
    let child = Command::new(binaries.join("sandbox-provider"))
        .env("MIAOSHA_PROVIDER__KEY", KEY)
        .env("MIAOSHA_PROVIDER__RECORD", dir.path().join("payments.jsonl"))
        // A dead line need not hang long for a test.
        .env("MIAOSHA_PROVIDER__SILENCE", "20ms")
        .env("MIAOSHA_PROVIDER__WEBHOOK_LATE", "50ms")
        .env("MIAOSHA_SERVER__LISTEN", door.to_string())
        .env("MIAOSHA_SERVER__ADMIN_LISTEN", admin.to_string())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until("the provider is ready", || async { stack::Probe::Http(admin, "/readyz".into()).answers() }).await;
    let url = format!("http://{door}");
    let bench = Bench {
        payments: Arc::new(payments(&url, KEY)),
        approves: "tok_approve",
        declines: "tok_decline",
        unknown: "tok_unknown",
        lost: "tok_lost",
    };
    Provider { bench, child, url, _dir: dir }
}

stamp!(payments: provider());

fn key() -> PaymentKey {
    PaymentKey { claim_id: fresh::claim_id(), attempt: 1 }
}

fn amount() -> Money {
    Money { amount_minor: 700, currency: "TWD".parse().unwrap() }
}

#[tokio::test]
async fn who_cannot_prove_who_he_is_gets_no_answer_and_never_a_no() {
    let provider = provider().await;
    let stranger = payments(&provider.url, "guessed");
    assert_eq!(stranger.authorise(key(), amount(), "tok_approve").await, Err(PaymentError::Unknown));
    assert_eq!(stranger.find(key()).await, Err(PaymentError::Unknown), "not: there is no such payment");
}

#[tokio::test]
async fn each_webhook_reaches_one_of_the_nodes_that_wait() {
    let provider = provider().await;
    let (one, other) = (payments(&provider.url, KEY), payments(&provider.url, KEY));
    let hint = async {
        tokio::select! {
            hint = one.webhook() => hint,
            hint = other.webhook() => hint,
        }
    };
    let paid = async {
        // Of eight payments one loses its webhook: somebody's comes.
        for _ in 0..20 {
            provider.payments.authorise(key(), amount(), "tok_approve").await.unwrap();
        }
    };
    let (hint, ()) = tokio::join!(soon("a webhook", hint), paid);
    assert_eq!((hint.state, hint.amount), (PaymentState::Authorised, amount()));
}

#[tokio::test]
async fn a_provider_that_hangs_or_is_dead_is_unknown_and_its_record_outlives_it() {
    let mut provider = provider().await;
    let paid = key();
    provider.payments.authorise(paid, amount(), "tok_approve").await.unwrap();
    let process = Process::of(provider.child.id().unwrap().cast_signed()).unwrap();
    process.pause();
    assert_eq!(provider.payments.capture(paid).await, Err(PaymentError::Unknown));
    process.resume();
    // Perhaps it had the call in its ears: only asking tells.
    let state = provider.payments.find(paid).await.unwrap().state;
    assert!(matches!(state, PaymentState::Authorised | PaymentState::Captured), "{state:?}");
    assert_eq!(provider.payments.capture(paid).await.unwrap().state, PaymentState::Captured);
    provider.child.kill().await.unwrap();
    assert_eq!(provider.payments.find(paid).await, Err(PaymentError::Unknown));
}
