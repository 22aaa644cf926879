//! Accounts at two generals at once: an address is one account, a refresh token is used once.

use contract::fresh;
use journal::account::{Account, NewSession, Role, RotateError, SignUpError};
use sale::{ids::UserId, time::UnixMs};

use crate::house::{House, session, token};

const ROUNDS: usize = 20;
const NEVER: UnixMs = UnixMs(i64::MAX);

async fn signed_in(house: &House) -> (UserId, NewSession) {
    let user = house.buyer().await;
    let session = session();
    house.a.open_session(user, session).await.unwrap();
    (user, session)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_sign_up_with_one_address_are_one_account() {
    let house = House::new().await;
    for round in 0..ROUNDS {
        let account = || Account {
            id: fresh::buyer(),
            email: format!("{round}@buyers.test"),
            name: "Buyer".into(),
            role: Role::Buyer,
        };
        let (one, two) = (account(), account());
        let (a, b) = tokio::join!(house.a.sign_up(&one, "hash", session()), house.b.sign_up(&two, "hash", session()));
        let taken = [&a, &b].into_iter().filter(|end| matches!(end, Err(SignUpError::EmailTaken))).count();
        assert_eq!((taken, [&a, &b].into_iter().filter(|end| end.is_ok()).count()), (1, 1), "{a:?} {b:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_token_that_comes_twice_at_once_ends_its_family() {
    let house = House::new().await;
    for _ in 0..ROUNDS {
        let (_, first) = signed_in(&house).await;
        let (one, two) = (token(), token());
        let (a, b) = tokio::join!(
            house.a.rotate_session(first.token_hash, one, NEVER),
            house.b.rotate_session(first.token_hash, two, NEVER)
        );
        let new = match (a, b) {
            (Ok(_), Err(RotateError::Reused)) => one,
            (Err(RotateError::Reused), Ok(_)) => two,
            other => panic!("{other:?}"),
        };
        let after = house.a.rotate_session(new, token(), NEVER).await;
        assert!(matches!(after, Err(RotateError::Unknown)), "{after:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_family_does_not_miss_the_token_that_is_just_being_issued() {
    let house = House::new().await;
    for round in 0..2 * ROUNDS {
        let (_, used) = signed_in(&house).await;
        let (present, next) = (token(), token());
        house.a.rotate_session(used.token_hash, present, NEVER).await.unwrap();
        // Somebody has the used token; the owner rotates the present one, or signs out with it.
        let (thief, owner) = match round % 2 {
            0 => {
                let (thief, owner) = tokio::join!(
                    house.a.rotate_session(used.token_hash, token(), NEVER),
                    house.b.rotate_session(present, next, NEVER)
                );
                (thief.is_err(), owner.is_ok())
            }
            _ => {
                let (end, owner) =
                    tokio::join!(house.a.end_session(present), house.b.rotate_session(present, next, NEVER));
                (end.is_ok(), owner.is_ok())
            }
        };
        assert!(thief);
        let after = house.a.rotate_session(next, token(), NEVER).await;
        assert!(matches!(after, Err(RotateError::Unknown)), "issued: {owner}, then {after:?}");
    }
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_operator_makes_one_staff_account_from_every_node() {
    let house = House::new().await;
    let wanted =
        || Account { id: fresh::buyer(), email: "staff@shop.test".into(), name: "Staff".into(), role: Role::Staff };
    let (one, two) = (wanted(), wanted());
    let (a, b) = tokio::join!(house.a.ensure_staff(&one, "hash"), house.b.ensure_staff(&two, "hash"));
    assert_eq!(a.unwrap(), b.unwrap());
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_prune_remove_what_is_over_and_nothing_else() {
    let house = House::new().await;
    let user = house.buyer().await;
    for n in 0..200 {
        let expires_at = if n % 2 == 0 { UnixMs(1) } else { NEVER };
        house.a.open_session(user, NewSession { expires_at, ..session() }).await.unwrap();
    }
    let (a, b) = tokio::join!(house.a.prune_sessions(1_000), house.b.prune_sessions(1_000));
    assert_eq!(a.unwrap() + b.unwrap(), 100);
    house.close().await;
}
