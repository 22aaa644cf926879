//! What a forger, a thief and a muddler may try with tokens.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{EncodingKey, Header, encode};
use sale::ids::claim_id;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::clock::SeedChance;

const NOW: UnixMs = UnixMs(1_795_219_200_123);
const TTL: Duration = Duration::from_secs(1800);

fn keys() -> Keys {
    Keys::random(&SeedChance::new(1))
}

fn buyer() -> UserId {
    UserId(Uuid::from_u128(7))
}

fn pass() -> Pass {
    let item = SaleItemId(Uuid::from_u128(9));
    Pass {
        buyer_id: buyer(),
        claim_id: claim_id(item, buyer(), 1),
        sale_item_id: item,
        quantity: 2,
        amount: Money { amount_minor: 400_000, currency: "TWD".parse().unwrap() },
        generation: 3,
        deadline: NOW + 600_000,
    }
}

/// The token with header and claims changed and, as a thief without the key would, the old signature kept.
fn reworded(token: &str, header: impl Fn(&mut Value), claims: impl Fn(&mut Value)) -> String {
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let change = |part: &mut String, f: &dyn Fn(&mut Value)| {
        let mut json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(&*part).unwrap()).unwrap();
        f(&mut json);
        *part = URL_SAFE_NO_PAD.encode(json.to_string());
    };
    change(&mut parts[0], &header);
    change(&mut parts[1], &claims);
    parts.join(".")
}

/// Signed with our own current key, but with this header and these claims.
fn signed(keys: &Keys, change: impl Fn(&mut Header), claims: &Value) -> String {
    let key = keys.current();
    let mut header = Header::new(Algorithm::HS256);
    header.typ = Some(AccessClaims::TYP.into());
    header.kid = Some(key.kid.clone());
    change(&mut header);
    encode(&header, claims, &key.sign).unwrap()
}

fn access_claims() -> Value {
    json!({"aud": "miaosha/access", "sub": buyer(), "role": "staff", "iat": 0, "exp": 9_999_999_999_i64})
}

#[test]
fn an_access_token_says_who_until_its_second_and_not_longer() {
    let keys = keys();
    let token = keys.access(buyer(), Role::Staff, NOW, TTL);
    let exp = UnixMs(1_795_221_000_000);
    assert_eq!(keys.verify_access(&token, NOW), Ok(Access { user_id: buyer(), role: Role::Staff, exp }));
    assert!(keys.verify_access(&token, exp + (-1)).is_ok());
    assert_eq!(keys.verify_access(&token, exp), Err(TokenError::Expired));
}

#[test]
fn a_pass_and_a_receipt_come_back_as_they_went() {
    let keys = keys();
    assert_eq!(keys.verify_pass(&keys.pass(pass(), NOW)), Ok(pass()));
    let receipt = Receipt { claim_id: pass().claim_id, buyer_id: buyer(), received_at: NOW };
    assert_eq!(keys.verify_receipt(&keys.receipt(receipt)), Ok(receipt));
    assert_eq!(keys.receipt(receipt), keys.receipt(receipt), "a repeat gets the same receipt");
}

#[test]
fn a_pass_past_its_deadline_is_still_readable_because_the_row_judges() {
    let keys = keys();
    let late = Pass { deadline: UnixMs(1_500), ..pass() };
    let token = keys.pass(late.clone(), NOW);
    assert_eq!(keys.verify_pass(&token), Ok(late));
    let claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap()).unwrap();
    assert_eq!(claims["exp"], 1, "never later than the deadline");
}

#[test]
fn no_kind_passes_for_another() {
    let keys = keys();
    let receipt = Receipt { claim_id: pass().claim_id, buyer_id: buyer(), received_at: NOW };
    let (access, pass, receipt) =
        (keys.access(buyer(), Role::Staff, NOW, TTL), keys.pass(pass(), NOW), keys.receipt(receipt));
    for token in [&pass, &receipt] {
        assert_eq!(keys.verify_access(token, NOW), Err(TokenError::Invalid));
    }
    for token in [&access, &receipt] {
        assert_eq!(keys.verify_pass(token), Err(TokenError::Invalid));
    }
    for token in [&access, &pass] {
        assert_eq!(keys.verify_receipt(token), Err(TokenError::Invalid));
    }
}

#[test]
fn wrong_audience_type_key_name_or_a_critical_extension_is_refused_though_we_signed_it() {
    let keys = keys();
    assert!(keys.verify_access(&signed(&keys, |_| {}, &access_claims()), NOW).is_ok());
    for aud in [json!("miaosha/pass"), json!(null), json!(["x"])] {
        let mut claims = access_claims();
        claims["aud"] = aud;
        assert_eq!(keys.verify_access(&signed(&keys, |_| {}, &claims), NOW), Err(TokenError::Invalid));
    }
    let mut no_aud = access_claims();
    no_aud.as_object_mut().unwrap().remove("aud");
    assert_eq!(keys.verify_access(&signed(&keys, |_| {}, &no_aud), NOW), Err(TokenError::Invalid));
    let headers: [fn(&mut Header); 4] =
        [|h| h.typ = Some("JWT".into()), |h| h.typ = None, |h| h.kid = None, |h| h.crit = Some(vec!["b64".into()])];
    for change in headers {
        assert_eq!(keys.verify_access(&signed(&keys, change, &access_claims()), NOW), Err(TokenError::Invalid));
    }
}

#[test]
fn alg_none_and_other_algorithms_are_refused() {
    let keys = keys();
    let token = keys.access(buyer(), Role::Buyer, NOW, TTL);
    for alg in ["none", "None", "NONE", "HS384", "HS512", "RS256", "ES256", "EdDSA"] {
        let forged = reworded(&token, |h| h["alg"] = json!(alg), |c| c["role"] = json!("staff"));
        assert_eq!(keys.verify_access(&forged, NOW), Err(TokenError::Invalid), "{alg}");
        let unsigned = format!("{}.", forged.rsplit_once('.').unwrap().0);
        assert_eq!(keys.verify_access(&unsigned, NOW), Err(TokenError::Invalid), "{alg}");
    }
    let hs512 = signed(&keys, |h| h.alg = Algorithm::HS512, &access_claims());
    assert_eq!(keys.verify_access(&hs512, NOW), Err(TokenError::Invalid), "even under our own key");
}

#[test]
fn one_changed_letter_breaks_it() {
    let keys = keys();
    let token = keys.access(buyer(), Role::Buyer, NOW, TTL);
    let forged = reworded(&token, |_| {}, |c| c["role"] = json!("staff"));
    assert_eq!(keys.verify_access(&forged, NOW), Err(TokenError::Invalid));
    let other = encode(&Header::new(Algorithm::HS256), &access_claims(), &EncodingKey::from_secret(b"guess")).unwrap();
    assert_eq!(keys.verify_access(&other, NOW), Err(TokenError::Invalid));
}

#[test]
fn what_is_no_token_or_too_long_is_refused() {
    let keys = keys();
    let long = signed(&keys, |_| {}, &json!({"aud": "miaosha/access", "pad": "x".repeat(TOKEN_MAX_BYTES)}));
    for token in ["", ".", "..", "...", "a.b.c", "日本", &long, &"a".repeat(100_000)] {
        assert_eq!(keys.verify_access(token, NOW), Err(TokenError::Invalid));
    }
    let mut padded = access_claims();
    padded["pad"] = json!("x".repeat(TOKEN_MAX_BYTES));
    assert_eq!(
        keys.verify_access(&signed(&keys, |_| {}, &padded), NOW),
        Err(TokenError::Invalid),
        "only its size is wrong"
    );
}

#[test]
fn a_token_outlives_one_rotation_and_not_two() {
    let chance = SeedChance::new(2);
    let first = Keys::random(&chance);
    let token = first.access(buyer(), Role::Buyer, NOW, TTL);
    let second = first.rotated(&chance);
    assert!(second.verify_access(&token, NOW).is_ok());
    assert_eq!(second.rotated(&chance).verify_access(&token, NOW), Err(TokenError::Invalid));
}
