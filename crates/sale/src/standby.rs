//! Standby: what a place on the list is worth.

/// The estimated chance, in whole percent, that the entry behind `ahead` waiting units gets its own `quantity`.
///
/// Shape: `returnable` live units may still come back; of the units that ended so far, `returned` came back and `paid` stayed.
/// Method: each returnable unit comes back with the observed rate, smoothed by a prior of one in five over five units; the
/// chance is the binomial tail P(back >= ahead + quantity). An estimate for people, never used to decide.
pub fn odds(ahead: u32, quantity: u32, returnable: u32, returned: u32, paid: u32) -> u8 {
    let need = ahead.saturating_add(quantity);
    if need > returnable {
        return 0;
    }
    let rate = (f64::from(returned) + 1.0) / (f64::from(returned) + f64::from(paid) + 5.0);
    (binomial_tail(returnable, need, rate) * 100.0).round().clamp(1.0, 99.0) as u8
}

/// P(X >= k) for X ~ Binomial(n, p); above 200 units by the normal approximation with continuity correction.
fn binomial_tail(n: u32, k: u32, p: f64) -> f64 {
    let (n_f, mean) = (f64::from(n), f64::from(n) * p);
    if n > 200 {
        let deviation = (mean * (1.0 - p)).sqrt();
        return 1.0 - normal_cdf((f64::from(k) - 0.5 - mean) / deviation);
    }
    let mut term = (1.0 - p).powf(n_f);
    let mut below = 0.0;
    for i in 0..k {
        below += term;
        term *= (n_f - f64::from(i)) / f64::from(i + 1) * p / (1.0 - p);
    }
    1.0 - below
}

/// The logistic approximation of the normal distribution: within 0.02, plenty for a whole percent shown to people.
fn normal_cdf(z: f64) -> f64 {
    1.0 / (1.0 + (-1.702 * z).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_further_back_has_better_odds() {
        for returnable in [1, 10, 100, 1000] {
            let mut last = 100;
            for ahead in 0..returnable {
                let now = odds(ahead, 1, returnable, 3, 10);
                assert!(now <= last, "{ahead} of {returnable}: {now} > {last}");
                last = now;
            }
        }
    }

    #[test]
    fn nothing_can_come_back_means_no_chance() {
        assert_eq!(odds(0, 1, 0, 9, 1), 0);
        assert_eq!(odds(5, 1, 5, 9, 1), 0);
    }
}
