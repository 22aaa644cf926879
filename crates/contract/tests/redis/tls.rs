//! Redis over TLS: a node that a private authority vouches for; who trusts another one gets no answer, and is told why.

use std::{
    path::{Path, PathBuf},
    process::{Child, Stdio},
};

use cluster::{
    bus::RedisBus,
    ledger::RedisLedger,
    redis::{Redis, RedisConfig},
};
use contract::{
    certificates::{authority, certificate, command},
    fresh::{self, soon, until},
};
use kit::testing::Log;
use sale::{
    port::{
        bus::{Bus, Heard},
        ledger::{Ask, Counters, Grant, Kind, Ledger, LedgerError, Levels},
    },
    told::Told,
};
use stack::ports::free_ports;
use tempfile::TempDir;

/// A cluster of one node that speaks nothing but TLS.
struct Secure {
    node: Child,
    port: u16,
    folder: TempDir,
}

impl Secure {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path();
        authority(dir, "ours");
        authority(dir, "theirs");
        certificate(dir, "ours");
        let [at] = free_ports("127.0.0.1".parse().unwrap()).unwrap();
        let port = at.port();
        let said = format!(
            "redis-server --port 0 --tls-port {port} --bind 127.0.0.1 --tls-cluster yes --tls-auth-clients no
            --tls-cert-file node.pem --tls-key-file node.key --tls-ca-cert-file ours.pem
            --cluster-enabled yes --appendonly no"
        );
        let node = command(dir, &said).args(["--save", ""]).stdout(Stdio::null()).spawn().unwrap();
        let secure = Self { node, port, folder };
        until("the node", || async { secure.says("cluster addslotsrange 0 16383").contains("OK") }).await;
        until("the cluster", || async { secure.says("cluster info").contains("cluster_state:ok") }).await;
        secure
    }

    fn says(&self, words: &str) -> String {
        let said = format!("redis-cli --tls --cacert ours.pem -h 127.0.0.1 -p {} {words}", self.port);
        let output = command(self.folder.path(), &said).stderr(Stdio::null()).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self, scheme: &str, ca_file: PathBuf) -> RedisConfig {
        let urls = vec![format!("{scheme}://127.0.0.1:{}", self.port)];
        RedisConfig { urls, ca_file, ..RedisConfig::default() }
    }
}

impl Drop for Secure {
    fn drop(&mut self) {
        let _ = self.node.kill();
        let _ = self.node.wait();
    }
}

fn five_units() -> Levels {
    Levels { epoch: 1, units: Counters { granted: 0, limit: 5, drawn: 0 }, places: Counters::default() }
}

fn ask_one() -> Ask {
    Ask { claim_id: fresh::claim_id(), quantity: 1 }
}

#[tokio::test]
async fn over_tls_the_ledger_grants_and_the_bus_is_heard() {
    let node = Secure::start().await;
    let redis = Redis::open(node.config("rediss", node.file("ours.pem"))).unwrap();
    let (ledger, item) = (RedisLedger::new(redis.clone()), fresh::item());
    until("an answer", || async { ledger.rebuild(item, five_units()).await.is_ok() }).await;
    let granted = Grant::Granted { kind: Kind::Units, first: 1, quantity: 1 };
    assert_eq!(ledger.take(item, &[ask_one()]).await, Ok((1, vec![granted])));
    let bus = RedisBus::new(redis).unwrap();
    let (mut listener, told) = (bus.listen().await, Told::Sale { sale_id: fresh::sale() });
    bus.tell(vec![told.clone()]).await;
    assert_eq!(soon("the news", listener.next()).await, Some(Heard::Told(told)));
}

#[tokio::test]
async fn a_node_that_nobody_trusted_vouches_for_gets_no_word_from_us() {
    let log = Log::listen();
    let node = Secure::start().await;
    // Of another authority, of the machine's own list, and without any TLS.
    let configs = [("rediss", node.file("theirs.pem")), ("rediss", PathBuf::new()), ("redis", PathBuf::new())];
    let [theirs, anybodys, plain] = configs.map(|(scheme, ca_file)| hears_nothing(node.config(scheme, ca_file)));
    tokio::join!(theirs, anybodys, plain);
    let errors: Vec<String> = log.lines().iter().filter_map(|line| line["error"].as_str().map(str::to_owned)).collect();
    let untrusted = errors.iter().filter(|error| error.contains("UnknownIssuer")).count();
    assert!(untrusted == 2, "who starts is told that the certificate is not trusted: {errors:?}");
}

async fn hears_nothing(config: RedisConfig) {
    let redis = Redis::open(config).unwrap();
    assert!(redis.ping().await.is_err());
    let (ledger, item) = (RedisLedger::new(redis.clone()), fresh::item());
    assert_eq!(ledger.rebuild(item, five_units()).await, Err(LedgerError::Unavailable));
    assert_eq!(ledger.take(item, &[ask_one()]).await, Err(LedgerError::Unavailable));
    let mut listener = RedisBus::new(redis).unwrap().listen().await;
    assert_eq!(soon("a gap", listener.next()).await, Some(Heard::Gap));
}

#[tokio::test]
async fn a_file_that_can_vouch_for_nobody_is_refused_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    authority(folder.path(), "ours");
    let config = |scheme: &str, ca_file: &Path| RedisConfig {
        urls: vec![format!("{scheme}://127.0.0.1:1")],
        ca_file: ca_file.to_owned(),
        ..RedisConfig::default()
    };
    for (scheme, file) in [
        ("rediss", &*folder.path().join("nowhere.pem")),
        ("rediss", &*empty),
        ("redis", &*folder.path().join("ours.pem")),
    ] {
        let error = Redis::open(config(scheme, file)).err().expect("an error").to_string();
        assert!(error.contains("ca_file"), "{error}");
    }
}
