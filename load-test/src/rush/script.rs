//! The script: who claims what, and the bytes with which they do.

use std::{io::Write as _, time::Duration};

use clap::ValueEnum;
use kit::{
    clock::OsChance,
    tokens::{Keys, Role},
};
use sale::{
    ids::{SaleItemId, UserId},
    port::chance::Chance,
    time::UnixMs,
};
use serde::{Deserialize, Serialize};
use uuid::Builder;

use crate::sockets::skim::masked;

/// The default life of an access token; a run is over long before.
const TOKEN_TTL: Duration = Duration::from_secs(30 * 60);

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Over {
    /// POST on kept-alive connections.
    Http,
    /// Frames on the sockets that buyers hold.
    Socket,
}

/// Somebody with a session.
#[derive(Clone, Debug)]
pub struct Minted {
    pub user_id: UserId,
    pub token: String,
}

/// Sessions that the house would have given at a sign-in, signed with its own key: a password costs it milliseconds, and no
/// claim ever looks at one.
pub fn mint(keys: &Keys, count: usize, now: UnixMs) -> Vec<Minted> {
    let one = |_| {
        let user_id = somebody();
        Minted { user_id, token: keys.access(user_id, Role::Buyer, now, TOKEN_TTL) }
    };
    (0..count).map(one).collect()
}

/// A buyer whom nobody has met.
pub fn somebody() -> UserId {
    let mut random = [0; 16];
    OsChance.fill(&mut random);
    UserId(Builder::from_random_bytes(random).into_uuid())
}

pub struct Script {
    pub over: Over,
    pub host: String,
    pub items: Vec<SaleItemId>,
    pub buyers: Vec<Minted>,
    /// Whether a buyer may ask for the same thing again: where all are refused, nothing is used up.
    pub again: bool,
    /// What everybody answers where a question is asked.
    pub answer: Option<&'static str>,
    /// All items are claimed side by side, not one after the other.
    pub side_by_side: bool,
}

impl Script {
    /// So many claims can be made.
    pub fn most(&self) -> u64 {
        if self.again { u64::MAX } else { (self.buyers.len() * self.items.len()) as u64 }
    }

    /// Buyer and item of claim `n` by HTTP: everybody claims the first item, then everybody the second; or side by side.
    pub fn nth(&self, n: u64) -> (usize, usize) {
        let (buyers, items) = (self.buyers.len().max(1) as u64, self.items.len().max(1) as u64);
        let (buyer, item) = if self.side_by_side { (n / items, n) } else { (n, n / buyers) };
        ((buyer % buyers) as usize, (item % items) as usize)
    }

    /// Writes the claim of one buyer for one item to `out`.
    pub fn claim(&self, buyer: usize, item: usize, out: &mut Vec<u8>) {
        let (Some(buyer), Some(item)) = (self.buyers.get(buyer), self.items.get(item)) else { return };
        match self.over {
            Over::Http => {
                let with_answer;
                let body = match self.answer {
                    None => r#"{"attempt":1}"#,
                    Some(answer) => {
                        with_answer = format!(r#"{{"attempt":1,"answer":"{answer}"}}"#);
                        &with_answer
                    }
                };
                // Writing to a vector has nothing to fail on.
                let _ = write!(
                    out,
                    "POST /api/v1/sale-items/{item}/claims HTTP/1.1\r\nhost: {}\r\nauthorization: Bearer {}\r\n\
                     content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    self.host,
                    buyer.token,
                    body.len()
                );
            }
            Over::Socket => {
                let answer = self.answer.map_or(String::new(), |answer| format!(r#","answer":"{answer}""#));
                out.extend(masked(1, format!(r#"{{"type":"claim","sale_item_id":"{item}"{answer}}}"#).as_bytes()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use uuid::Uuid;

    fn script(again: bool) -> Script {
        let keys = Keys::random(&OsChance);
        Script {
            over: Over::Http,
            host: "shop".into(),
            items: (1..=3).map(|n| SaleItemId(Uuid::from_u128(n))).collect(),
            buyers: mint(&keys, 10, UnixMs(0)),
            again,
            answer: None,
            side_by_side: false,
        }
    }

    #[test]
    fn nobody_claims_the_same_item_twice() {
        let one_by_one = script(false);
        let side_by_side = Script { side_by_side: true, ..script(false) };
        for script in [&one_by_one, &side_by_side] {
            let all: HashSet<_> = (0..script.most()).map(|n| script.nth(n)).collect();
            assert_eq!(all.len(), 30);
        }
        assert_eq!([0, 9, 10].map(|n| one_by_one.nth(n)), [(0, 0), (9, 0), (0, 1)]);
        assert_eq!([0, 2, 3].map(|n| side_by_side.nth(n)), [(0, 0), (0, 2), (1, 0)]);
    }

    #[test]
    fn a_minted_session_is_one_of_the_house() {
        let keys = Keys::random(&OsChance);
        let minted = mint(&keys, 2, UnixMs(1_000));
        let access = keys.verify_access(&minted[0].token, UnixMs(2_000)).unwrap();
        assert_eq!((access.user_id, access.role), (minted[0].user_id, Role::Buyer));
        assert_ne!(minted[0].user_id, minted[1].user_id);
    }

    #[test]
    fn a_claim_is_a_whole_request() {
        let mut bytes = vec![];
        script(true).claim(0, 1, &mut bytes);
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("POST /api/v1/sale-items/00000000-0000-0000-0000-000000000002/claims HTTP/1.1\r\n"));
        assert!(head.contains(&format!("content-length: {}", body.len())), "{text}");
        let mut frame = vec![];
        Script { over: Over::Socket, answer: Some("no"), ..script(true) }.claim(0, 0, &mut frame);
        assert!(frame.len() > 70, "a frame with the answer in it");
    }
}
