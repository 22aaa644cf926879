//! The demo: on the first start a small catalogue, a sale that opens in a minute, and three that come later.

use journal::{
    Journal,
    staff::{Plan, PlannedItem, PlannedProduct, StaffError},
};
use sale::{
    ids::{ProductId, SaleId, SaleItemId, UserId},
    money::{Currency, Money},
    sale::{Product, Question},
    stores::Stores,
    time::UnixMs,
};

/// One demo product on sale: its words, prices in whole dollars, units, and what is asked.
struct Offer {
    title: &'static str,
    name: &'static str,
    description: &'static str,
    image: &'static str,
    list: i64,
    price: i64,
    units: u32,
    hold_s: u32,
    opens_in_s: i64,
    lasts_s: i64,
    question: Option<(&'static str, [&'static str; 4], &'static str)>,
}

const OFFERS: &[Offer] = &[
    Offer {
        title: "Game night at 90% off",
        name: "Arcadia game console",
        description: "The new console with one controller. One for each buyer; the box comes within three days.",
        image: "/static/img/console.svg",
        list: 17_000,
        price: 1_700,
        units: 10,
        hold_s: 180,
        opens_in_s: 60,
        lasts_s: 3600,
        question: Some((
            "Which of these plugs into a television?",
            ["A chair", "A game console", "A teapot", "A bicycle"],
            "A game console",
        )),
    },
    Offer {
        title: "Sit well for less",
        name: "Mesh office chair",
        description: "Breathes, tilts and holds your back.",
        image: "/static/img/chair.svg",
        list: 8_600,
        price: 7_740,
        units: 10,
        hold_s: 600,
        opens_in_s: 3 * 3600,
        lasts_s: 2 * 3600,
        question: None,
    },
    Offer {
        title: "A watch for every wrist",
        name: "Smart watch SE",
        description: "Pulse, steps, and who is calling.",
        image: "/static/img/watch.svg",
        list: 9_400,
        price: 6_990,
        units: 20,
        hold_s: 600,
        opens_in_s: 6 * 3600,
        lasts_s: 2 * 3600,
        question: None,
    },
    Offer {
        title: "Back to school",
        name: "Light laptop 14\"",
        description: "A long day on one charge.",
        image: "/static/img/laptop.svg",
        list: 6_999,
        price: 3_999,
        units: 15,
        hold_s: 600,
        opens_in_s: 24 * 3600,
        lasts_s: 4 * 3600,
        question: None,
    },
];

/// Plans the demo sales where the journal has no sale at all.
pub async fn plan_once(stores: &Stores, journal: &Journal, staff: UserId) -> Result<(), StaffError> {
    if !journal.sales(None, None, 1).await?.is_empty() {
        return Ok(());
    }
    let now = journal.clock().await?;
    let Ok(currency) = "TWD".parse() else { unreachable!("TWD is three upper-case letters") };
    for offer in OFFERS {
        journal.plan(staff, plan(stores, offer, currency, now)).await?;
    }
    Ok(())
}

fn plan(stores: &Stores, offer: &Offer, currency: Currency, now: UnixMs) -> Plan {
    let id = || stores.chance.v7(now);
    let dollars = |whole: i64| Money { amount_minor: whole * 100, currency };
    let opens_at = now.plus_s(offer.opens_in_s);
    let product = Product {
        id: ProductId(id()),
        name: offer.name.into(),
        description: offer.description.into(),
        image_url: offer.image.into(),
    };
    let item = PlannedItem {
        id: SaleItemId(id()),
        product: PlannedProduct::New(product),
        price: dollars(offer.price),
        list_price: Some(dollars(offer.list)),
        allotment: offer.units,
        purchase_limit: 1,
        hold_s: offer.hold_s,
        standby_limit: offer.units * 2,
        question: offer.question.map(|(text, options, answer)| Question {
            text: text.into(),
            options: options.map(String::from).into(),
            answer: answer.into(),
        }),
    };
    Plan {
        id: SaleId(id()),
        title: offer.title.into(),
        draft: false,
        waiting_room_opens_at: None,
        opens_at,
        closes_at: opens_at.plus_s(offer.lasts_s),
        items: vec![item],
        repeats: None,
    }
}
