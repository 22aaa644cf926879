//! Problems: every code that any route may answer, and what to do about it. The one table of them.

use axum::{Router, routing::get};

use super::html::{answer, marked, page, scrolls};

/// One kind of problem.
#[derive(Clone, Copy, Debug)]
pub struct ProblemKind {
    /// Stable; programs may rely on it.
    pub code: &'static str,
    pub status: u16,
    pub means: &'static str,
}

const fn kind(code: &'static str, status: u16, means: &'static str) -> ProblemKind {
    ProblemKind { code, status, means }
}

/// In the order of their status.
pub const PROBLEMS: [ProblemKind; 51] = [
    kind("bad_request", 400, "The request cannot be understood. Repeating it will not help."),
    kind("body_unreadable", 400, "The body did not arrive whole. Send it again."),
    kind("invalid_query", 400, "A member of the query string has a value that it cannot have; `detail` says which."),
    kind("malformed_json", 400, "The body is not JSON; `detail` says where it breaks."),
    kind("missing_idempotency_key", 400, "Checkout needs an `Idempotency-Key`: a new UUID for each try to pay."),
    kind("unknown_subprotocol", 400, "The socket speaks `miaosha.v1` and nothing else."),
    kind("bad_credentials", 401, "Address or password is wrong; which of the two is not told."),
    kind(
        "invalid_refresh_token",
        401,
        "The session is over, was signed out, or its token was used before. Sign in again.",
    ),
    kind("invalid_token", 401, "The access token is none of ours. Sign in again."),
    kind("token_expired", 401, "The access token has expired: refresh the session, then repeat the request."),
    kind("unauthorized", 401, "Sign in first: the route needs `Authorization: Bearer`."),
    kind("payment_declined", 402, "The payment was declined. The hold lives on: try again until `deadline`."),
    kind("closed", 403, "The sale is closed."),
    kind("forbidden", 403, "Signed in, but not as somebody who may do that."),
    kind("foreign_origin", 403, "The page that asks is not one of those allowed to."),
    kind("not_open", 403, "The sale has not opened. Its opening stands in `opens_at`."),
    kind("paused", 403, "The sale is paused: every clock stands still. Wait for it to go on."),
    kind("wrong_answer", 403, "The question was not answered, or wrongly."),
    kind("not_found", 404, "No such thing, or not yours to see."),
    kind("method_not_allowed", 405, "The route knows other methods; `Allow` names them."),
    kind("request_timeout", 408, "The body did not arrive in time, and nothing was done. Send it again."),
    kind(
        "all_held",
        409,
        "Every unit is held and the standby list is full. Units may come back until `may_return_by`.",
    ),
    kind("already_claimed", 409, "You have a claim on this item already; `claim` shows it as it stands."),
    kind("email_taken", 409, "Somebody has an account under this address."),
    kind("ended", 409, "The claim has ended already; `claim` shows how."),
    kind(
        "in_flight",
        409,
        "The same request is being answered at this moment. Repeat it with the same key a little later.",
    ),
    kind("paying", 409, "The hold is being paid for. Wait for the end of that."),
    kind("sold_out", 409, "Every unit is paid for. None comes back by itself."),
    kind("too_late", 409, "People rely on the present value by now, or not every door could know a new one in time."),
    kind("undecided", 409, "The claim is still on the queue. Repeat the request in a moment."),
    kind("wrong_state", 409, "The sale is in a state in which this cannot be done; `state` names it."),
    kind(
        "hold_ended",
        410,
        "The hold of this purchase pass has ended; `hold` says how. If `allocated`, it is your order.",
    ),
    kind("body_too_large", 413, "The body is larger than the route allows."),
    kind("unsupported_media_type", 415, "The body must be JSON, with `Content-Type: application/json`."),
    kind("invalid", 422, "A number of the claim is out of its bounds; `detail` says which."),
    kind(
        "invalid_body",
        422,
        "A member of the body is missing, unknown or cannot have this value; `detail` or `errors` say which.",
    ),
    kind("invalid_email", 422, "That is no e-mail address."),
    kind("invalid_name", 422, "A name has at most 64 characters, on one line."),
    kind("invalid_pass", 422, "The purchase pass is none of ours."),
    kind("key_reused", 422, "This `Idempotency-Key` belongs to another body. Use a new one."),
    kind("limit_reached", 422, "With this you would have more than one buyer may."),
    kind("weak_password", 422, "A password has 8 to 128 characters and is not the address."),
    kind("upgrade_required", 426, "This is the socket: ask for an upgrade to a WebSocket."),
    kind("too_fast", 429, "Claims come too fast. Wait for `Retry-After`; nothing is lost by it."),
    kind("too_many_requests", 429, "Too many requests. Wait for `Retry-After`; `RateLimit-*` say how much is left."),
    kind("too_many_sockets", 429, "This address holds as many sockets as it may. Close some."),
    kind("internal", 500, "Something went wrong on our side. Quote `request_id` when you ask about it."),
    kind("busy", 503, "Too many ask for the same slow work at once. Come back after `Retry-After`."),
    kind(
        "full_house",
        503,
        "As many connections as this server may hold are here already. Come back after `Retry-After`.",
    ),
    kind("timed_out", 503, "That took too long. Unknown whether it was done: repeat it with the same ids and keys."),
    kind("unavailable", 503, "Not possible at the moment. Repeat it after `Retry-After` with the same ids and keys."),
];

pub fn router() -> Router {
    Router::new().route("/docs/problems", get(|| async { answer(render()) }))
}

fn render() -> String {
    let row = |kind: &ProblemKind| {
        let (code, status, means) = (kind.code, kind.status, marked(kind.means));
        format!("<tr id=\"{code}\"><td><code>{code}</code></td><td>{status}</td><td>{means}</td></tr>\n")
    };
    let rows: String = PROBLEMS.iter().map(row).collect();
    let body = format!(
        "<p>Every error is a problem document (RFC 9457, <code>application/problem+json</code>) with <code>type</code>, \
         <code>title</code>, <code>status</code>, <code>code</code>, <code>request_id</code> and, where it helps, \
         <code>detail</code>. Programs look at <code>code</code>; it does not change.</p>\n\
         <div class=\"wide\" {}>\n<table>\n<thead><tr><th>Code</th><th>Status</th><th>Meaning</th></tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</div>\n",
        scrolls("Every problem")
    );
    page("Problems", &body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_once_in_the_order_of_status() {
        let mut codes: Vec<_> = PROBLEMS.iter().map(|kind| kind.code).collect();
        assert!(PROBLEMS.is_sorted_by_key(|kind| kind.status));
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), PROBLEMS.len());
    }

    #[test]
    fn the_page_has_an_anchor_for_each() {
        let page = render();
        assert!(PROBLEMS.iter().all(|kind| page.contains(&format!("id=\"{}\"", kind.code))));
        assert!(page.contains("<code>Retry-After</code>"));
        assert!(
            page.contains("<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Every problem\">\n<table>")
        );
    }
}
