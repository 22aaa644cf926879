//! The address: its one spelling, and whether mail could ever reach it.

use thiserror::Error;

/// RFC 5321: the longest path is 256 with its brackets; the longest local part 64; the longest label 63.
const EMAIL_MAX_BYTES: usize = 254;
const LOCAL_MAX_BYTES: usize = 64;
const LABEL_MAX_BYTES: usize = 63;

#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not an e-mail address, as in ann@example.com")]
pub struct BadEmail;

/// The one spelling of an address: trimmed and in lower case, so that one person is one account.
pub fn normalise(text: &str) -> Result<String, BadEmail> {
    let email = text.trim().to_ascii_lowercase();
    let (local, domain) = email.rsplit_once('@').ok_or(BadEmail)?;
    if email.len() <= EMAIL_MAX_BYTES && is_local(local) && is_domain(domain) { Ok(email) } else { Err(BadEmail) }
}

/// Atoms with dots between. Quoted local parts exist only in the standard.
fn is_local(local: &str) -> bool {
    let atom = |atom: &str| {
        !atom.is_empty() && atom.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
    };
    local.len() <= LOCAL_MAX_BYTES && local.split('.').all(atom)
}

fn is_domain(domain: &str) -> bool {
    let label = |label: &str| {
        (1..=LABEL_MAX_BYTES).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_is_one_spelling() {
        assert_eq!(normalise(" Ann.Lee+sale@Example.COM \n"), Ok("ann.lee+sale@example.com".to_owned()));
    }

    #[test]
    fn what_no_mail_could_reach_is_refused() {
        let long_local = format!("{}@example.com", "a".repeat(65));
        let long = format!("a@{}com", "abcdefghi.".repeat(26));
        let wrong = [
            "",
            "@",
            "a@",
            "@b.c",
            "ann",
            "ann@example",
            "a b@example.com",
            "ann@exa mple.com",
            "ann@@example.com",
            "ann@example..com",
            ".ann@example.com",
            "ann.@example.com",
            "a..b@example.com",
            "ann@-x.com",
            "ann@x-.com",
            "ann@example.com\r\nbcc: x@y.z",
            "\"a b\"@example.com",
            "änn@example.com",
            "ann@example.com.",
            "<ann@example.com>",
            &long_local,
            &long,
        ];
        for text in wrong {
            assert_eq!(normalise(text), Err(BadEmail), "{text}");
        }
    }
}
