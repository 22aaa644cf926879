//! The payments' contract, stamped on the sandbox provider as a server of its own, asked over HTTP.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::{
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use cluster::pay::{HttpPayments, PayConfig};
use contract::{
    certificates::{authority, certificate},
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
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    process::{Child, Command},
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    },
};

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

/// The same over TLS, where this authority alone is believed.
fn secure_payments(url: &str, ca_file: PathBuf) -> HttpPayments {
    HttpPayments::open(PayConfig { url: url.into(), ca_file, key: KEY.into(), ..PayConfig::default() }).unwrap()
}

/// A door before that provider that speaks TLS alone, with the certificate in this folder. Returns its address.
async fn tls_before(provider: &Provider, folder: &Path) -> String {
    let chain = CertificateDer::pem_file_iter(folder.join("node.pem")).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("node.key")).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).unwrap();
    let (tls, inside) = (TlsAcceptor::from(Arc::new(config)), provider.url.trim_start_matches("http://").to_owned());
    let door = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = door.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((caller, _)) = door.accept().await {
            let (tls, inside) = (tls.clone(), inside.clone());
            tokio::spawn(async move {
                let mut caller = tls.accept(caller).await?;
                copy_bidirectional(&mut caller, &mut TcpStream::connect(inside).await?).await
            });
        }
    });
    format!("https://{address}")
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

#[tokio::test]
async fn over_tls_only_whom_our_authority_vouches_for_is_told_of_a_payment() {
    let (provider, folder) = (provider().await, tempfile::tempdir().unwrap());
    for name in ["ours", "theirs"] {
        authority(folder.path(), name);
    }
    certificate(folder.path(), "ours");
    let url = tls_before(&provider, folder.path()).await;
    let (paid, never) = (key(), key());
    let ours = secure_payments(&url, folder.path().join("ours.pem"));
    assert_eq!(ours.authorise(paid, amount(), "tok_approve").await.unwrap().state, PaymentState::Authorised);
    // Of another authority, and of the machine's own list.
    for ca_file in [folder.path().join("theirs.pem"), PathBuf::new()] {
        let misled = secure_payments(&url, ca_file);
        assert_eq!(misled.authorise(never, amount(), "tok_approve").await, Err(PaymentError::Unknown));
        assert_eq!(misled.find(paid).await, Err(PaymentError::Unknown), "not: there is no such payment");
    }
    // It is not who it says it is, wherever it stands.
    let elsewhere = secure_payments(&url.replace("127.0.0.1", "localhost"), folder.path().join("ours.pem"));
    assert_eq!(elsewhere.find(paid).await, Err(PaymentError::Unknown));
    assert_eq!(ours.find(never).await, Err(PaymentError::NotFound), "the provider has heard of none of it");
}

#[test]
fn a_file_that_can_vouch_for_nobody_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "").unwrap();
    authority(folder.path(), "ours");
    for (scheme, file) in [("https", "nowhere.pem"), ("https", "empty.pem"), ("http", "ours.pem")] {
        let (url, ca_file) = (format!("{scheme}://127.0.0.1:1"), folder.path().join(file));
        let config = PayConfig { url, ca_file, key: KEY.into(), ..PayConfig::default() };
        let error = HttpPayments::open(config).err().expect("an error").to_string();
        assert!(error.contains("cluster.pay.ca_file"), "{error}");
    }
}
