//! Orders: everybody claims and pays what they get, again and again.

use clap::Args;

use super::{Criterion, Options, Played, Scenario};
use crate::buyer::visit::{Act, Routine};

/// 100 buyers who claim and pay; then every payment is one order, and the verdict.
#[derive(Clone, Debug, Args)]
#[command(
    mut_arg("units", |arg| arg.default_value("1000")),
    mut_arg("purchase_limit", |arg| arg.default_value("10"))
)]
pub struct OrdersArgs {
    #[command(flatten)]
    pub options: Options,
}

impl Scenario for OrdersArgs {
    const NAME: &'static str = "orders";

    fn options(&self) -> &Options {
        &self.options
    }

    fn routine(&self) -> anyhow::Result<Routine> {
        let rest_ms = self.options.rest_ms()?;
        Ok(Routine { acts: vec![(Act::Claim, 1)], rest_ms, rounds: None, pays: true })
    }

    fn criteria(&self, played: &Played) -> Vec<Criterion> {
        let (orders, pay) = (played.stands.orders as u64, played.ends("pay"));
        let told = played.counts.get("became paid").copied().unwrap_or(0);
        let least = u64::from(self.options.buyers.min(self.options.units));
        vec![
            Criterion::all_answered(played),
            Criterion::of(pay.refused == 0, format!("payments that were refused: {} of exactly 0", pay.refused)),
            Criterion::of(orders == told, format!("orders in the journal: {orders} of exactly the {told} told paid")),
            Criterion::of(orders >= least, format!("orders in the journal: {orders} of at least {least}")),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{scenario::parse, verdict::Counts};

    #[test]
    fn every_payment_is_one_order_and_everybody_has_one() {
        let orders: OrdersArgs = parse(&["--buyers", "3"]);
        let broken = |orders_stand, told: u64| {
            let stands = Counts { orders: orders_stand, ..Counts::default() };
            let counts = [("became paid".to_owned(), told)].into();
            Played { stands, counts, ..Played::default() }.broken(&orders)
        };
        assert!(broken(3, 3).is_empty());
        assert_eq!(broken(4, 3), ["orders in the journal: 4 of exactly the 3 told paid"]);
        assert_eq!(broken(2, 2), ["orders in the journal: 2 of at least 3"]);
    }
}
