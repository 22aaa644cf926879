use std::io::Write;

use super::*;
use sale::{ids::ClaimId, port::payments::PaymentState as S};

struct Still;
impl Clock for Still {
    fn now(&self) -> UnixMs {
        UnixMs(1_000)
    }
}

/// A folder that is gone when the test is.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("sandbox-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }

    fn open(&self) -> SandboxPayments {
        let silence = Duration::from_millis(5);
        let config = SandboxConfig { silence, ..SandboxConfig::at(self.record()) };
        SandboxPayments::open(config, Arc::new(Still)).unwrap()
    }

    fn record(&self) -> PathBuf {
        self.0.join("payments.jsonl")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key(n: u128, attempt: u32) -> PaymentKey {
    PaymentKey { claim_id: ClaimId(uuid::Uuid::from_u128(n)), attempt }
}

fn price() -> Money {
    Money { amount_minor: 200_000, currency: "TWD".parse().unwrap() }
}

#[tokio::test]
async fn the_same_call_again_has_one_effect_and_the_same_answer() {
    let folder = Folder::new("repeat");
    let bank = folder.open();
    let first = bank.authorise(key(1, 1), price(), "tok_approve").await.unwrap();
    assert_eq!(first, bank.authorise(key(1, 1), price(), "tok_decline").await.unwrap());
    let taken = bank.capture(key(1, 1)).await.unwrap();
    assert_eq!(taken, bank.capture(key(1, 1)).await.unwrap());
    assert_eq!(taken.state, S::Captured);
    assert_eq!(bank.refund(key(1, 1)).await.unwrap(), bank.refund(key(1, 1)).await.unwrap());
    assert_eq!(bank.capture(key(1, 1)).await, Err(PaymentError::WrongState(S::Refunded)));
    assert_eq!(bank.capture(key(9, 1)).await, Err(PaymentError::NotFound));
    let events: Vec<S> = read_record(&folder.record()).unwrap().iter().map(|e| e.event).collect();
    assert_eq!(events, [S::Authorised, S::Captured, S::Refunded]);
}

#[tokio::test]
async fn a_cancel_is_final() {
    let folder = Folder::new("cancel");
    let bank = folder.open();
    assert_eq!(bank.cancel(key(1, 1)).await.unwrap().state, S::Cancelled);
    let late = bank.authorise(key(1, 1), price(), "tok_approve").await;
    assert_eq!(late, Err(PaymentError::WrongState(S::Cancelled)));
    bank.authorise(key(1, 2), price(), "tok_approve").await.unwrap();
    assert_eq!(bank.cancel(key(1, 2)).await.unwrap().state, S::Voided);
    assert_eq!(bank.capture(key(1, 2)).await, Err(PaymentError::WrongState(S::Voided)));
    bank.authorise(key(1, 3), price(), "tok_approve").await.unwrap();
    bank.capture(key(1, 3)).await.unwrap();
    assert_eq!(bank.cancel(key(1, 3)).await.unwrap().state, S::Captured, "too late");
}

#[tokio::test]
async fn a_cancel_overtakes_a_slow_authorisation() {
    let folder = Folder::new("overtake");
    let bank = Arc::new(folder.open());
    let slow = tokio::spawn({
        let bank = bank.clone();
        async move { bank.authorise(key(1, 1), price(), "tok_slow_200").await }
    });
    while bank.find(key(1, 1)).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(bank.cancel(key(1, 1)).await.unwrap().state, S::Cancelled);
    assert_eq!(slow.await.unwrap(), Err(PaymentError::WrongState(S::Cancelled)));
}

#[tokio::test]
async fn a_caller_that_hangs_up_does_not_stop_the_bank() {
    let folder = Folder::new("hang-up");
    let bank = folder.open();
    let wait = Duration::from_millis(10);
    assert!(tokio::time::timeout(wait, bank.authorise(key(1, 1), price(), "tok_slow_40")).await.is_err());
    let until = std::time::Instant::now() + Duration::from_secs(5);
    while bank.find(key(1, 1)).await.unwrap().state != S::Authorised {
        assert!(std::time::Instant::now() < until, "never authorised");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn tokens_do_what_they_say() {
    let folder = Folder::new("tokens");
    let bank = folder.open();
    let state = async |n, attempt, token| bank.authorise(key(n, attempt), price(), token).await.map(|p| p.state);
    assert_eq!(state(1, 1, "tok_decline").await, Ok(S::Declined));
    assert_eq!(state(2, 1, "tok_decline_then_approve").await, Ok(S::Declined));
    assert_eq!(state(2, 2, "tok_decline_then_approve").await, Ok(S::Authorised));
    assert_eq!(state(3, 1, "tok_nonsense").await, Ok(S::Declined));
    assert_eq!(state(4, 1, "tok_unknown").await, Err(PaymentError::Unknown));
    assert_eq!(bank.find(key(4, 1)).await.unwrap().state, S::Authorised);
    assert_eq!(state(5, 1, "tok_lost").await, Err(PaymentError::Unknown));
    assert_eq!(bank.find(key(5, 1)).await, Err(PaymentError::NotFound));
}

#[tokio::test]
async fn the_record_survives_the_process_and_a_torn_last_line() {
    let folder = Folder::new("torn");
    let bank = folder.open();
    bank.authorise(key(1, 1), price(), "tok_approve").await.unwrap();
    bank.authorise(key(2, 1), price(), "tok_approve").await.unwrap();
    bank.capture(key(2, 1)).await.unwrap();
    drop(bank);
    let mut file = std::fs::OpenOptions::new().append(true).open(folder.record()).unwrap();
    file.write_all(b"{\"at\":5,\"claim_id\":\"00").unwrap();
    let bank = folder.open();
    assert_eq!(bank.find(key(1, 1)).await.unwrap().state, S::Authorised);
    assert_eq!(bank.find(key(2, 1)).await.unwrap().state, S::Captured);
    bank.capture(key(1, 1)).await.unwrap();
    assert_eq!(read_record(&folder.record()).unwrap().len(), 4);
}

#[tokio::test]
async fn a_damaged_line_in_the_middle_is_an_error() {
    let folder = Folder::new("damaged");
    drop(folder.open());
    std::fs::write(folder.record(), "nonsense\n{}\n").unwrap();
    let config = SandboxConfig::at(folder.record());
    assert!(matches!(SandboxPayments::open(config, Arc::new(Still)), Err(RecordError::Damaged { line: 1, .. })));
}

#[tokio::test]
async fn the_list_of_changes_names_each_payment_once_and_leaves_none_out() {
    let folder = Folder::new("list");
    let bank = folder.open();
    for n in 0..10 {
        bank.authorise(key(n, 1), price(), "tok_approve").await.unwrap();
    }
    bank.capture(key(3, 1)).await.unwrap();
    let (mut seen, mut since) = (Vec::new(), UnixMs(0));
    loop {
        let page = bank.changed_since(since, 3).await.unwrap();
        let Some(last) = page.last() else { break };
        since = last.changed_at + 1;
        seen.extend(page.iter().map(|p| p.key));
    }
    assert_eq!(seen.len(), 10);
    assert_eq!(seen.last(), Some(&key(3, 1)));
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_lost_doubled_and_late_always_in_the_same_way() {
    let folder = Folder::new("webhooks");
    let bank = folder.open();
    for n in 7..=9 {
        bank.authorise(key(n, 1), price(), "tok_approve").await.unwrap();
    }
    // 7 + 1 loses its webhook, 8 + 1 gets it twice, 9 + 1 late.
    let started = tokio::time::Instant::now();
    let keys = [bank.webhook().await.key, bank.webhook().await.key, bank.webhook().await.key];
    assert_eq!(keys, [key(8, 1), key(8, 1), key(9, 1)]);
    assert!(started.elapsed() >= Duration::from_secs(3));
}

#[tokio::test]
async fn a_cut_line_answers_nothing_and_changes_nothing() {
    let folder = Folder::new("cut");
    let bank = folder.open();
    bank.cut(true);
    assert_eq!(bank.authorise(key(1, 1), price(), "tok_approve").await, Err(PaymentError::Unknown));
    bank.cut(false);
    assert_eq!(bank.find(key(1, 1)).await, Err(PaymentError::NotFound));
}
