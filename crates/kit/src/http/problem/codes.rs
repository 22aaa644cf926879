//! The codes: what each problem of the process itself means to whoever gets it. Roles have their own beside these.

/// Code and explanation, in the order of their status; for the page that `type` points to.
pub const CODES: [(&str, &str); 22] = [
    ("bad_request", "The request cannot be understood. Do not repeat it unchanged."),
    ("malformed_json", "The body is not valid JSON; `detail` says where."),
    ("body_unreadable", "The body did not arrive whole. Send it again."),
    ("invalid_query", "The query string has a missing, unknown or unreadable member; `detail` names it."),
    ("unauthorized", "This needs a signed-in user: send `Authorization: Bearer` with an access token."),
    ("token_expired", "The access token is over. Get a new one with the refresh token."),
    ("invalid_token", "The access token is not one of ours. Sign in again."),
    ("forbidden", "Signed in, but not entitled to this."),
    ("foreign_origin", "A page of another origin may not ask this in its visitor's name."),
    ("not_found", "There is no such thing, or it is not yours to see."),
    ("method_not_allowed", "The thing is there, but this cannot be done with it; `Allow` says what can."),
    ("request_timeout", "The body did not arrive in time, and nothing was done. Send it again."),
    (
        "timed_out",
        "No answer in time. What was asked may still happen: ask what became of it, or repeat with the same key.",
    ),
    ("body_too_large", "The body is larger than allowed here."),
    ("unsupported_media_type", "The body's `Content-Type` is not understood here."),
    ("invalid_body", "The body is JSON, but not what is expected here; `detail` names the member."),
    ("upgrade_required", "This address is a socket."),
    ("too_many_requests", "Asked too often. `Retry-After` and `RateLimit-*` say when to ask again."),
    ("internal", "Something went wrong on our side. `request_id` finds it in our log."),
    ("unavailable", "Not possible at the moment. `Retry-After` says when to ask again."),
    ("full_house", "As many connections as this server may hold. Come back after `Retry-After`."),
    ("busy", "Too many ask for the same slow work at once. Come back after `Retry-After`."),
];
