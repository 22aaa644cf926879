//! Forging: everything a thief tries. Each try must be refused and change nothing.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sale::ids::{UserId, claim_id};
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::{
    Buyer,
    http::Call,
    line::BAD_TOKEN,
    socket::{Heard, PROTOCOL, Socket},
};

/// A socket that has not refused a forged token after this long has taken it.
const SOCKET_REFUSAL_MS: u64 = 10_000;

impl Buyer {
    /// Tries what does not belong to this buyer, one thing after the other.
    pub(super) async fn forge(&mut self) {
        self.forge_tokens().await;
        self.take_what_is_others().await;
        self.ask_for_nonsense().await;
        self.forge_on_socket().await;
    }

    async fn forge_tokens(&mut self) {
        let own = self.account.access_token.clone();
        let victim = UserId(Uuid::from_u128(0xF0F0 + u128::from(self.account.n)));
        let never = claim_id(self.head.item_id(), victim, 1);
        let as_victim = altered(&own, |claims| claims["sub"] = json!(victim));
        let as_staff = altered(&own, |claims| claims["role"] = json!("staff"));
        let path = format!("/api/v1/sale-items/{}/claims", self.head.item_id());
        let claim = Call::post(path, json!({"attempt": 1, "answer": self.head.diary.scene.facts.answer}));
        self.try_to("claim without a token", claim.clone()).await;
        for (kind, token) in [
            ("claim as somebody else by an altered token", as_victim.clone()),
            ("claim with an unsigned token", unsigned(&as_victim)),
            ("claim with a token of another kind", self.account.refresh_token.clone()),
            ("claim with an endless token", "x".repeat(9_000)),
        ] {
            self.try_never(kind, claim.clone().bearer(&token), never).await;
        }
        self.try_to("plan a sale as a buyer", Call::get("/api/v1/admin/sales").bearer(&own)).await;
        self.try_to("plan a sale by an altered role", Call::get("/api/v1/admin/sales").bearer(&as_staff)).await;
        let pause = Call::post(format!("/api/v1/admin/sales/{}/pause", self.head.diary.scene.facts.sale_id), json!({}));
        self.try_to("pause the sale as a buyer", pause.bearer(&own)).await;
    }

    async fn take_what_is_others(&mut self) {
        let (own, scene) = (self.account.access_token.clone(), self.head.diary.scene.clone());
        if let Some(loot) = scene.find_loot(self.account.n, |_| true) {
            let withdraw = Call::delete(format!("/api/v1/me/claims/{}", loot.claim_id)).bearer(&own);
            self.try_to("withdraw somebody's claim", withdraw).await;
        }
        if let Some(order) = scene.find_loot(self.account.n, |loot| loot.order_id.is_some()).and_then(|l| l.order_id) {
            self.try_to("read somebody's order", Call::get(format!("/api/v1/me/orders/{order}")).bearer(&own)).await;
        }
        let Some(pass) = scene.find_loot(self.account.n, |l| l.purchase_pass.is_some()).and_then(|l| l.purchase_pass)
        else {
            return;
        };
        let me = self.account.user_id;
        let cheap = altered(&pass, |claims| claims["amount"]["amount_minor"] = json!(1));
        let mine = altered(&pass, |claims| claims["sub"] = json!(me));
        for (kind, pass) in [
            ("pay with somebody's pass", pass.clone()),
            ("pay with a cheaper pass", cheap),
            ("pay with a pass made one's own", mine),
            ("pay with an access token as the pass", own.clone()),
        ] {
            let call = self.stolen_checkout(&pass).bearer(&own).key(&self.new_key());
            self.try_to(kind, call).await;
        }
        self.try_to("pay without a session", self.stolen_checkout(&pass).key(&self.new_key())).await;
        self.try_to("pay without a key", self.stolen_checkout(&pass).bearer(&own)).await;
        self.try_to("read claims with a pass as the token", Call::get("/api/v1/me/claims").bearer(&pass)).await;
    }

    async fn ask_for_nonsense(&mut self) {
        let own = self.account.access_token.clone();
        let answer = self.head.diary.scene.facts.answer.clone();
        let path = format!("/api/v1/sale-items/{}/claims", self.head.item_id());
        for (kind, body) in [
            ("claim nothing", json!({"quantity": 0, "answer": answer})),
            ("claim less than nothing", json!({"quantity": -1, "answer": answer})),
            ("claim a million", json!({"quantity": 1_000_000, "answer": answer})),
            ("claim the zeroth time", json!({"attempt": 0, "answer": answer})),
            ("claim for somebody else by the body", json!({"buyer_id": Uuid::nil(), "quantity": "1"})),
        ] {
            self.try_to(kind, Call::post(path.clone(), body).bearer(&own)).await;
        }
        let nowhere = format!("/api/v1/sale-items/{}/claims", Uuid::from_u128(1));
        self.try_to("claim what is not on sale", Call::post(nowhere, json!({"answer": answer})).bearer(&own)).await;
    }

    async fn forge_on_socket(&mut self) {
        let forged = altered(&self.account.access_token, |claims| claims["sub"] = json!(Uuid::nil()));
        let Ok(mut socket) = Socket::connect(self.account.source, self.head.diary.scene.target).await else { return };
        socket.send(&json!({"type": "auth", "access_token": forged})).await;
        let bound = std::time::Duration::from_millis(SOCKET_REFUSAL_MS);
        let until = Instant::now() + bound;
        let heard = self.head.listen_during(tokio::time::timeout_at(until, close_code(&mut socket))).await;
        match heard {
            Ok(Some(BAD_TOKEN)) => self.head.diary.attempt("sign in on a socket by an altered token", 401, None),
            // The server may be gone, which is no answer.
            Ok(None) => {}
            other => self.head.diary.complain(format!("{PROTOCOL} took a forged token: {other:?}")),
        }
    }

    fn stolen_checkout(&self, pass: &str) -> Call {
        let body = json!({
            "purchase_pass": pass,
            "payment": {"method": "sandbox", "token": "tok_approve"},
            "shipping": {"name": "Thief", "phone": "0900000001", "address": "Nowhere 1"},
        });
        Call::post("/api/v1/checkout", body)
    }

    async fn try_to(&mut self, kind: &str, call: Call) {
        if let Ok(answer) = self.call(&call).await
            && answer.status != 503
        {
            self.head.diary.attempt(kind, answer.status, None);
        }
    }

    async fn try_never(&mut self, kind: &str, call: Call, never: sale::ids::ClaimId) {
        if let Ok(answer) = self.call(&call).await
            && answer.status != 503
        {
            self.head.diary.attempt(kind, answer.status, Some(never));
        }
    }
}

/// The code a socket closes with, whatever it says before.
async fn close_code(socket: &mut Socket) -> Option<u16> {
    loop {
        if let Heard::Closed(code) = socket.next().await {
            return code;
        }
    }
}

/// The token with other claims under the old signature.
fn altered(token: &str, change: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let [head, payload, signature] = parts[..] else { return "not.a.token".into() };
    let Some(mut claims) = URL_SAFE_NO_PAD.decode(payload).ok().and_then(|p| serde_json::from_slice(&p).ok()) else {
        return "not.a.token".into();
    };
    change(&mut claims);
    format!("{head}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// The token as if it needed no signature.
fn unsigned(token: &str) -> String {
    let payload = token.split('.').nth(1).unwrap_or_default();
    format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_altered_token_keeps_its_signature_and_nothing_else() {
        let token = format!("h.{}.s", URL_SAFE_NO_PAD.encode(r#"{"sub":"a","exp":1}"#));
        let forged = altered(&token, |claims| claims["sub"] = json!("b"));
        let payload = URL_SAFE_NO_PAD.decode(forged.split('.').nth(1).unwrap()).unwrap();
        assert_eq!(serde_json::from_slice::<Value>(&payload).unwrap(), json!({"sub": "b", "exp": 1}));
        assert!(forged.starts_with("h.") && forged.ends_with(".s"));
        assert!(unsigned(&token).ends_with('.'));
        assert_eq!(altered("garbage", |_| ()), "not.a.token");
    }
}
