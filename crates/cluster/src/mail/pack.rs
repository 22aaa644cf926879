//! Packing: which jobs go into one call, so that none is refused for the others' sake.

use sale::port::mail::MailJob;

/// SQS takes so many messages in one call.
const CALL_JOBS_MAX: usize = 10;
/// SQS takes 1 MiB in one call; where its endpoints are older, a quarter of that.
const CALL_BYTES_MAX: usize = 256 * 1024;

/// A job as it goes over the line, and its place among all that were asked for.
#[derive(Debug)]
pub(super) struct Packed {
    pub place: usize,
    pub body: String,
}

/// Fills calls in order. A job too large for a call of its own is left out.
pub(super) fn pack(jobs: &[MailJob]) -> Vec<Vec<Packed>> {
    let mut calls: Vec<Vec<Packed>> = vec![];
    let mut room = 0;
    for (place, job) in jobs.iter().enumerate() {
        let Ok(body) = serde_json::to_string(job) else { continue };
        let size = body.len();
        if size > CALL_BYTES_MAX {
            tracing::error!(order_id = %job.order_id, bytes = size, "a letter's job is too large for the mail queue");
            continue;
        }
        match calls.last_mut().filter(|call| call.len() < CALL_JOBS_MAX && size <= room) {
            Some(call) => call.push(Packed { place, body }),
            None => {
                room = CALL_BYTES_MAX;
                calls.push(vec![Packed { place, body }]);
            }
        }
        room -= size;
    }
    calls
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use sale::money::Money;

    pub fn job(n: u128, bytes: usize) -> MailJob {
        MailJob {
            order_id: uuid::Uuid::from_u128(n).into(),
            number: "1".into(),
            to: "ada@shop.test".into(),
            name: "Ada".into(),
            product_name: "x".repeat(bytes),
            quantity: 1,
            total: Money { amount_minor: 1, currency: "EUR".parse().unwrap() },
            ship_to: "here".into(),
            language: "en".into(),
        }
    }

    fn places(sizes: &[usize]) -> Vec<Vec<usize>> {
        let jobs: Vec<MailJob> = sizes.iter().map(|bytes| job(1, *bytes)).collect();
        pack(&jobs).iter().map(|call| call.iter().map(|job| job.place).collect()).collect()
    }

    #[test]
    fn ten_jobs_go_into_a_call_and_the_rest_into_the_next() {
        let calls = places(&[10; 23]);
        assert_eq!(calls.iter().map(Vec::len).collect::<Vec<_>>(), [10, 10, 3]);
        assert_eq!(calls.concat(), (0..23).collect::<Vec<_>>());
    }

    #[test]
    fn a_call_is_closed_before_it_is_too_large_and_a_giant_takes_nobody_along() {
        assert_eq!(places(&[150_000, 100_000, 100_000, 300_000, 10]), [vec![0, 1], vec![2, 4]]);
    }
}
