//! The way of a letter on real parts: SQS, the postman's own binary as a Lambda function, the send ledger, SMTP.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Duration;

use contract::{
    fresh::{soon, until},
    mail::Bench,
    stamp,
};
use lambda_email::{End, Turn};
use sale::port::mail::{MailError, MailQueue, MailSender};
use stack::aws::MailPlan;

mod office;

use office::{Office, Trial, job, letter};

/// A sender as the function has it, called in this process.
struct Carrier {
    bench: Bench,
    _office: std::sync::Arc<Office>,
}

impl std::ops::Deref for Carrier {
    type Target = Bench;
    fn deref(&self) -> &Bench {
        &self.bench
    }
}

impl std::ops::DerefMut for Carrier {
    fn deref_mut(&mut self) -> &mut Bench {
        &mut self.bench
    }
}

async fn carrier() -> Carrier {
    let office = Office::shared();
    let way = office.way(Trial::default());
    let sender = std::sync::Arc::new(lambda_email::open(&way.config(), &office.sdk()).unwrap());
    let read = office.clone();
    let delivered = Box::new(move |order| read.letters_of(order).len());
    Carrier { bench: Bench { sender, delivered }, _office: office }
}

stamp!(mail: super::carrier());

#[tokio::test]
async fn an_order_on_the_queue_becomes_one_letter_to_its_address() {
    let office = Office::shared();
    let way = office.way(Trial::default());
    let jobs: Vec<_> = (0..23).map(|n| job(&format!("buyer-{n}@shop.test"))).collect();
    let sent = way.queue(&office).send(jobs.clone()).await;
    assert_eq!(sent, vec![Ok(()); 23]);
    way.runs_dry().await;
    for job in jobs {
        let letters = office.letters_of(job.order_id);
        let to: Vec<&str> = letters.iter().map(|letter| letter.to.as_str()).collect();
        assert_eq!(to, [job.to.as_str()]);
        assert!(letters[0].whole.contains(&job.number), "the order's number is in it");
    }
    assert_eq!(way.dead().await, 0);
}

#[tokio::test]
async fn a_job_that_is_sent_again_stays_one_letter() {
    let office = Office::shared();
    let way = office.way(Trial::default());
    let (job, queue) = (job("ada@shop.test"), way.queue(&office));
    // Twice in one call, so that both may be in one batch, and once more when the letter is out.
    assert_eq!(queue.send(vec![job.clone(), job.clone()]).await, [Ok(()), Ok(())]);
    way.runs_dry().await;
    assert_eq!(queue.send(vec![job.clone()]).await, [Ok(())]);
    way.runs_dry().await;
    assert_eq!(office.letters_of(job.order_id).len(), 1);
    assert_eq!(way.dead().await, 0);
}

#[tokio::test]
async fn what_nobody_can_read_ends_as_a_dead_letter_and_its_neighbours_are_delivered() {
    let office = Office::shared();
    let way = office.way(Trial::DOOMED);
    let (first, last) = (job("first@shop.test"), job("last@shop.test"));
    let poison = r#"{"order_id":"none","to":"hidden-name@shop.test"}"#.to_owned();
    let body = |job| serde_json::to_string(job).unwrap();
    way.put_raw(vec![body(&first), poison, body(&last)]).await;
    until("the poison is dead", || async { way.dead().await == 1 }).await;
    way.runs_dry().await;
    for job in [first, last] {
        assert_eq!(office.letters_of(job.order_id).len(), 1);
    }
    assert!(office.log().contains("mail_unreadable"), "somebody is told");
    assert!(!office.log().contains("hidden-name"), "a log names no address");
}

#[tokio::test]
async fn a_letter_that_is_refused_ends_as_a_dead_letter_and_the_mail_server_is_asked_once() {
    let office = Office::shared();
    let way = office.way(Trial::DOOMED);
    let (job, ledger) = (job("nobody-at-home@refused.test"), way.ledger(&office));
    assert_eq!(way.queue(&office).send(vec![job.clone()]).await, [Ok(())]);
    until("the letter is dead", || async { way.dead().await == 1 }).await;
    assert_eq!(ledger.begin(job.order_id).await, Ok(Turn::Refused));
    assert!(office.log().contains("mail_refused"), "somebody is told");
    let asked = office
        .log()
        .lines()
        .filter(|line| line.contains("took no letter") && line.contains(&job.order_id.to_string()))
        .count();
    assert_eq!(asked, 1);
    assert!(!office.log().contains("nobody-at-home"), "a log names no address");
}

#[tokio::test]
async fn letters_wait_while_the_mail_server_is_down() {
    let office = Office::open();
    let way = office.way(Trial { receives_max: MailPlan::RECEIVES_MAX, ..Trial::default() });
    office.sink.kill().unwrap();
    let job = job("ada@shop.test");
    assert_eq!(way.queue(&office).send(vec![job.clone()]).await, [Ok(())]);
    until("the postman came in vain", || async { office.log().contains("a letter must come again") }).await;
    office.sink.start().unwrap();
    way.runs_dry().await;
    assert_eq!(office.letters_of(job.order_id).len(), 1);
}

#[tokio::test]
async fn a_postman_who_dies_between_sending_and_marking_repeats_the_same_message() {
    let office = Office::open();
    let trial = Trial { carry: "4s", lease: "5s", visibility_s: 6, ..Trial::default() };
    let way = office.way(trial);
    let job = job("ada@slow.test");
    assert_eq!(way.queue(&office).send(vec![job.clone()]).await, [Ok(())]);
    until("the letter is out", || async { office.letters_of(job.order_id).len() == 1 }).await;
    office.kill_postmen();
    until("the letter is out again", || async { office.letters_of(job.order_id).len() == 2 }).await;
    way.runs_dry().await;
    let letters = office.letters_of(job.order_id);
    assert_eq!(letters.len(), 2);
    assert_eq!(letters[0].message_id, letters[1].message_id);
    assert_eq!(way.ledger(&office).begin(job.order_id).await, Ok(Turn::Sent));
    assert_eq!(way.dead().await, 0);
}

#[tokio::test]
async fn a_lease_keeps_others_away_until_it_is_over() {
    let office = Office::shared();
    let way = office.way(Trial { carry: "100ms", lease: "1s", ..Trial::default() });
    let (ledger, order) = (way.ledger(&office), letter("ada@shop.test").order_id);
    assert_eq!(ledger.begin(order).await, Ok(Turn::Yours));
    assert_eq!(ledger.begin(order).await, Ok(Turn::Taken));
    until("the lease is over", || async { ledger.begin(order).await == Ok(Turn::Yours) }).await;
    ledger.end(order, End::Sent).await.unwrap();
    assert_eq!(ledger.begin(order).await, Ok(Turn::Sent));
}

#[tokio::test]
async fn a_queue_that_hangs_or_died_is_in_doubt_and_works_when_it_is_back() {
    let office = Office::open();
    let way = office.way(Trial::default());
    let (queue, sender) = (way.queue(&office), lambda_email::open(&way.config(), &office.sdk()).unwrap());
    let in_doubt = [Err(MailError::Unavailable)];

    office.aws.pause().unwrap();
    assert_eq!(soon("an answer", queue.send(vec![job("a@shop.test")])).await, in_doubt);
    let unmarked = letter("b@shop.test");
    assert_eq!(soon("an answer", sender.deliver(unmarked.clone())).await, in_doubt[0]);
    assert!(office.letters_of(unmarked.order_id).is_empty(), "no letter without the ledger's word");
    office.aws.resume().unwrap();
    assert_eq!(queue.send(vec![job("c@shop.test")]).await, [Ok(())]);

    office.aws.kill().unwrap();
    assert_eq!(soon("an answer", queue.send(vec![job("d@shop.test")])).await, in_doubt);
    office.aws.start().unwrap();
    office.aws.wait_ready().unwrap();
    let (way, job) = (office.rebuild(&way), job("e@shop.test"));
    assert_eq!(queue.send(vec![job.clone()]).await, [Ok(())], "the same queue, found again without a restart of ours");
    way.runs_dry().await;
    assert_eq!(office.letters_of(job.order_id).len(), 1);
}

#[tokio::test]
async fn ses_takes_a_letter_and_an_address_that_is_none_is_refused() {
    let office = Office::shared();
    let way = office.way(Trial { carrier: "ses", ..Trial::default() });
    let sender = lambda_email::open(&way.config(), &office.sdk()).unwrap();
    let to = format!("{}@shop.test", contract::fresh::uuid());
    assert_eq!(sender.deliver(letter(&to)).await, Ok(()));
    assert!(office.ses_messages().contains(&to), "SES has it");
    assert_eq!(sender.deliver(letter("nobody")).await, Err(MailError::Refused));
}

/// How long a test's calls may hang before they are in doubt.
const CALL_MAX: Duration = Duration::from_secs(2);
