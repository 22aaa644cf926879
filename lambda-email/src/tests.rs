use std::sync::Mutex;

use super::*;
use async_trait::async_trait;
use sale::money::Money;

fn job(n: u128, language: &str) -> MailJob {
    MailJob {
        order_id: format!("{n:032x}").parse().unwrap(),
        number: "2026112108123456".into(),
        to: format!("buyer{n}@example.com"),
        name: "小明".into(),
        product_name: "PS5 & <friends>".into(),
        quantity: 2,
        total: Money { amount_minor: 400_000, currency: "TWD".parse().unwrap() },
        ship_to: "小明, 台北市".into(),
        language: language.into(),
    }
}

/// Keeps what it is given; some addresses do not work.
#[derive(Default)]
struct Pouch(Mutex<Vec<Mail>>);

#[async_trait]
impl MailSender for Pouch {
    async fn deliver(&self, mail: Mail) -> Result<(), MailError> {
        match mail.to.as_str() {
            "buyer2@example.com" => Err(MailError::Refused),
            "buyer3@example.com" => Err(MailError::Unavailable),
            _ => {
                self.0.lock().unwrap().push(mail);
                Ok(())
            }
        }
    }
}

#[tokio::test]
async fn every_job_of_a_batch_is_tried_and_each_has_its_own_result() {
    let pouch = Pouch::default();
    let results = handle((1..=4).map(|n| job(n, "en")).collect(), &pouch).await;
    assert_eq!(results, [Ok(()), Err(MailError::Refused), Err(MailError::Unavailable), Ok(())]);
    assert_eq!(pouch.0.lock().unwrap().len(), 2);
}

#[test]
fn a_letter_speaks_the_buyers_language_in_text_and_html() {
    let english = render(&job(1, "en")).unwrap();
    assert_eq!(english.subject, "It is yours: order 2026112108123456");
    for part in [&english.text, &english.html] {
        for said in ["小明", "2026112108123456", "NT$4,000", "台北市"] {
            assert!(part.contains(said), "{said} is missing in {part}");
        }
    }
    let chinese = render(&job(1, "zh-TW")).unwrap();
    assert!(chinese.subject.starts_with("秒殺搶購通知"));
    assert!(chinese.text.contains("小明您好") && chinese.html.contains("恭喜您搶購成功"));
    assert_eq!(render(&job(1, "tlh")).unwrap(), english);
}

#[test]
fn hostile_names_stay_text() {
    let hostile = MailJob {
        name: "<img src=x onerror=alert(1)>\"'".into(),
        product_name: "</td></tr><script>steal()</script>".into(),
        ship_to: "{{ w.total }}\r\nBcc: all@example.com\n\nWe send you NT$1,000,000\u{202e}".into(),
        ..job(1, "en")
    };
    for language in ["en", "zh-TW"] {
        let mail = render(&MailJob { language: language.into(), ..hostile.clone() }).unwrap();
        for bad in ["<img", "<script", "\u{202e}"] {
            assert!(!mail.html.contains(bad), "{bad} in {}", mail.html);
        }
        assert!(mail.html.contains("&#60;script&#62;steal()"));
        // A line break in somebody's address starts no line of ours.
        assert!(mail.text.lines().all(|l| !l.starts_with("Bcc:") && !l.starts_with("We send you")));
        assert!(mail.text.contains("{{ w.total }}"), "what a buyer writes is never a template");
    }
}
