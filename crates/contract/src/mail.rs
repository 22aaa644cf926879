//! The mail sender's contract: what is delivered once stays so; what can never go out is told apart from what may later.

use std::sync::Arc;

use sale::{
    ids::OrderId,
    port::mail::{Mail, MailError, MailSender},
};

use crate::fresh;

/// A sender, and how often a letter of this order came out at the other end.
pub struct Bench {
    pub sender: Arc<dyn MailSender>,
    pub delivered: Box<dyn Fn(OrderId) -> usize + Send + Sync>,
}

fn letter(to: &str) -> Mail {
    Mail {
        order_id: OrderId(fresh::uuid()),
        to: to.to_owned(),
        subject: "Your kettle, 您的水壺".to_owned(),
        text: "It is on its way.".to_owned(),
        html: "<p>It is on its way.</p>".to_owned(),
    }
}

pub async fn a_letter_comes_out_at_the_other_end(bench: &mut Bench) {
    let mail = letter("ada@shop.test");
    assert_eq!(bench.sender.deliver(mail.clone()).await, Ok(()));
    assert_eq!((bench.delivered)(mail.order_id), 1);
}

pub async fn an_order_is_written_to_once(bench: &mut Bench) {
    let mail = letter("ada@shop.test");
    for _ in 0..3 {
        assert_eq!(bench.sender.deliver(mail.clone()).await, Ok(()));
    }
    assert_eq!((bench.delivered)(mail.order_id), 1);
}

pub async fn an_address_that_is_none_is_refused_for_good(bench: &mut Bench) {
    for bad in ["", "nobody", "a@b@c", "ada@shop.test\r\nBcc: eve@shop.test"] {
        let mail = letter(bad);
        assert_eq!(bench.sender.deliver(mail.clone()).await, Err(MailError::Refused), "{bad:?}");
        assert_eq!((bench.delivered)(mail.order_id), 0);
    }
}

pub async fn letters_do_not_mix(bench: &mut Bench) {
    let letters: Vec<Mail> = (0..5).map(|n| letter(&format!("buyer-{n}@shop.test"))).collect();
    let mut tasks = tokio::task::JoinSet::new();
    for mail in letters.clone() {
        let sender = bench.sender.clone();
        tasks.spawn(async move { sender.deliver(mail).await });
    }
    assert!(tasks.join_all().await.iter().all(Result::is_ok));
    assert!(letters.iter().all(|mail| (bench.delivered)(mail.order_id) == 1));
}
