//! The price: an amount as people write it.

use sale::money::Money;

/// `NT$2,000`, `$19.99`, `CHF 12.50`: with the currency's own decimals; Taiwan shows none where they are nought.
pub fn price(money: Money) -> String {
    let code = money.currency.as_str();
    let decimals = decimals(code);
    let unit = 10_i64.pow(decimals);
    let (whole, rest) = (money.amount_minor / unit, (money.amount_minor % unit).unsigned_abs());
    let sign = if money.amount_minor < 0 { "-" } else { "" };
    let whole = grouped(whole.unsigned_abs());
    let bare = decimals == 0 || (code == "TWD" && rest == 0);
    let number = if bare { whole } else { format!("{whole}.{rest:0width$}", width = decimals as usize) };
    match symbol(code) {
        Some(symbol) => format!("{sign}{symbol}{number}"),
        None => format!("{sign}{code} {number}"),
    }
}

fn symbol(code: &str) -> Option<&'static str> {
    match code {
        "TWD" => Some("NT$"),
        "USD" => Some("$"),
        "EUR" => Some("€"),
        "GBP" => Some("£"),
        "JPY" => Some("¥"),
        "HKD" => Some("HK$"),
        _ => None,
    }
}

/// Digits behind the point, as ISO 4217 lists them.
fn decimals(code: &str) -> u32 {
    match code {
        "JPY" | "KRW" | "VND" | "CLP" | "ISK" | "XAF" | "XOF" | "PYG" | "UGX" | "RWF" => 0,
        "BHD" | "KWD" | "OMR" | "JOD" | "TND" | "IQD" | "LYD" => 3,
        _ => 2,
    }
}

fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prices_read_as_people_write_them() {
        let of = |amount_minor, code: &str| price(Money { amount_minor, currency: code.parse().unwrap() });
        assert_eq!(of(200_000, "TWD"), "NT$2,000");
        assert_eq!(of(200_050, "TWD"), "NT$2,000.50");
        assert_eq!(of(1_999, "USD"), "$19.99");
        assert_eq!(of(1_234_567, "JPY"), "¥1,234,567");
        assert_eq!(of(5, "CHF"), "CHF 0.05");
        assert_eq!(of(12_345, "KWD"), "KWD 12.345");
    }
}
