-- The journal's first shape. Instants are Unix milliseconds, money minor units, flags 0/1.
-- The same columns stand in migrations/sqlite, where UUID and BYTEA are BLOB.
-- Tables whose rows are updated at every turn leave room in their pages, so that an update touches no index.

CREATE TABLE heartbeat (
    id         BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    beat_at    BIGINT NOT NULL,
    -- When every live deadline was last moved because the clock had stood still.
    shifted_at BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE TABLE users (
    id            UUID   NOT NULL PRIMARY KEY,
    email         TEXT   NOT NULL UNIQUE,
    name          TEXT   NOT NULL,
    password_hash TEXT   NOT NULL,
    role          TEXT   NOT NULL CHECK (role IN ('buyer', 'staff')),
    language      TEXT   NOT NULL DEFAULT 'en',
    created_at    BIGINT NOT NULL
);

-- Refresh tokens, hashed. One family per sign-in; a rotated token seen again revokes its family.
CREATE TABLE session (
    token_hash BYTEA  NOT NULL PRIMARY KEY,
    family_id  UUID   NOT NULL,
    user_id    UUID   NOT NULL REFERENCES users (id),
    expires_at BIGINT NOT NULL,
    rotated_at BIGINT,
    revoked_at BIGINT
);
CREATE INDEX session_family ON session (family_id);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE product (
    id          UUID   NOT NULL PRIMARY KEY,
    name        TEXT   NOT NULL,
    description TEXT   NOT NULL,
    image_url   TEXT   NOT NULL,
    created_at  BIGINT NOT NULL
);

CREATE TABLE sale (
    id                    UUID   NOT NULL PRIMARY KEY,
    title                 TEXT   NOT NULL,
    stage                 TEXT   NOT NULL CHECK (stage IN ('draft', 'published', 'closed', 'reconciled')),
    row_version           BIGINT NOT NULL,
    waiting_room_opens_at BIGINT NOT NULL,
    opens_at              BIGINT NOT NULL,
    closes_at             BIGINT NOT NULL,
    paused_at             BIGINT,
    created_at            BIGINT NOT NULL,
    CHECK (waiting_room_opens_at <= opens_at AND opens_at < closes_at)
);

CREATE TABLE sale_item (
    id               UUID   NOT NULL PRIMARY KEY,
    sale_id          UUID   NOT NULL REFERENCES sale (id),
    -- Order of display inside the sale.
    place            BIGINT NOT NULL,
    product_id       UUID   NOT NULL REFERENCES product (id),
    price_minor      BIGINT NOT NULL CHECK (price_minor >= 0),
    list_price_minor BIGINT,
    currency         TEXT   NOT NULL,
    purchase_limit   BIGINT NOT NULL CHECK (purchase_limit > 0),
    hold_s           BIGINT NOT NULL CHECK (hold_s > 0),
    question         TEXT,

    allotment        BIGINT NOT NULL,
    -- Units held, paying or allocated: oversell is this constraint's violation.
    taken            BIGINT NOT NULL,
    standby_limit    BIGINT NOT NULL,
    -- Units that people stand by for.
    waiting          BIGINT NOT NULL,
    next_ticket      BIGINT NOT NULL,
    stock_version    BIGINT NOT NULL,
    -- No commit on this item judges by an earlier clock than the one before it.
    last_at          BIGINT NOT NULL,

    -- What the ledger must show; each only grows. ratified is the journal's side of the ledger's granted.
    epoch            BIGINT NOT NULL,
    unit_ratified    BIGINT NOT NULL,
    unit_limit       BIGINT NOT NULL,
    unit_drawn       BIGINT NOT NULL,
    place_ratified   BIGINT NOT NULL,
    place_limit      BIGINT NOT NULL,
    place_drawn      BIGINT NOT NULL,

    CHECK (taken >= 0 AND taken <= allotment),
    CHECK (waiting >= 0 AND waiting <= standby_limit),
    CHECK (unit_limit - unit_ratified - unit_drawn = allotment - taken),
    CHECK (place_limit - place_ratified - place_drawn = standby_limit - waiting)
) WITH (fillfactor = 50);
CREATE INDEX sale_item_sale ON sale_item (sale_id, place);

CREATE TABLE claim (
    id           UUID   NOT NULL PRIMARY KEY,
    sale_item_id UUID   NOT NULL REFERENCES sale_item (id),
    buyer_id     UUID   NOT NULL,
    attempt      BIGINT NOT NULL,
    quantity     BIGINT NOT NULL,
    outcome      TEXT   NOT NULL CHECK (outcome IN ('hold', 'standby', 'refused', 'withdrawn')),
    reason       TEXT,
    version      BIGINT NOT NULL,
    -- The grant that this claim brought to its decision, if any: a redelivery is known by it.
    epoch        BIGINT NOT NULL,
    grant_kind   TEXT,
    grant_first  BIGINT,
    received_at  BIGINT NOT NULL,
    decided_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    UNIQUE (sale_item_id, buyer_id, attempt)
);
CREATE INDEX claim_buyer ON claim (buyer_id, decided_at);
CREATE INDEX claim_changed ON claim (changed_at);

-- Units kept for a buyer. At most one per claim, so the claim's id is its id.
CREATE TABLE hold (
    claim_id         UUID   NOT NULL PRIMARY KEY REFERENCES claim (id),
    sale_item_id     UUID   NOT NULL REFERENCES sale_item (id),
    buyer_id         UUID   NOT NULL,
    quantity         BIGINT NOT NULL,
    state            TEXT   NOT NULL CHECK (state IN ('held', 'paying', 'allocated', 'released', 'expired')),
    version          BIGINT NOT NULL,
    -- Bumped whenever the deadline moves.
    generation       BIGINT NOT NULL,
    deadline         BIGINT NOT NULL,
    -- Tries to pay so far: part of the provider's key.
    payment_attempt  BIGINT NOT NULL,
    -- When it got more time because the payment provider was silent; once in its life.
    extended_at      BIGINT,
    changed_at       BIGINT NOT NULL
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX hold_live_once ON hold (sale_item_id, buyer_id) WHERE state IN ('held', 'paying');
CREATE INDEX hold_due ON hold (state, deadline) WHERE state IN ('held', 'paying');
CREATE INDEX hold_item ON hold (sale_item_id, state, quantity, deadline);
CREATE INDEX hold_changed ON hold (changed_at);

CREATE TABLE standby (
    claim_id     UUID   NOT NULL PRIMARY KEY REFERENCES claim (id),
    sale_item_id UUID   NOT NULL REFERENCES sale_item (id),
    buyer_id     UUID   NOT NULL,
    ticket       BIGINT NOT NULL,
    quantity     BIGINT NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('waiting', 'promoted', 'refused', 'withdrawn')),
    UNIQUE (sale_item_id, ticket)
);
CREATE UNIQUE INDEX standby_live_once ON standby (sale_item_id, buyer_id) WHERE state = 'waiting';
CREATE INDEX standby_line ON standby (sale_item_id, ticket) WHERE state = 'waiting';

CREATE TABLE orders (
    id           UUID   NOT NULL PRIMARY KEY,
    number       TEXT   NOT NULL UNIQUE,
    claim_id     UUID   NOT NULL UNIQUE REFERENCES hold (claim_id),
    sale_item_id UUID   NOT NULL,
    buyer_id     UUID   NOT NULL,
    product_name TEXT   NOT NULL,
    image_url    TEXT   NOT NULL,
    quantity     BIGINT NOT NULL,
    total_minor  BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    ship_name    TEXT   NOT NULL,
    ship_phone   TEXT   NOT NULL,
    ship_address TEXT   NOT NULL,
    mail_to      TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('paid', 'shipped', 'completed', 'cancelled', 'refunded')),
    created_at   BIGINT NOT NULL
);
CREATE INDEX orders_buyer ON orders (buyer_id, created_at);

-- A claim as its buyer is told it.
CREATE VIEW claim_told AS
SELECT c.id AS claim_id, i.sale_id, c.sale_item_id, c.buyer_id, c.attempt, c.quantity, c.outcome, c.reason,
       c.version + COALESCE(h.version, 0) AS version,
       h.state AS hold_state, h.deadline, h.generation,
       s.state AS standby_state, s.ticket,
       o.id AS order_id
FROM claim c
JOIN sale_item i ON i.id = c.sale_item_id
LEFT JOIN hold h ON h.claim_id = c.id
LEFT JOIN standby s ON s.claim_id = c.id
LEFT JOIN orders o ON o.claim_id = c.id;

-- One row per try to pay a hold; the provider's key is (claim_id, attempt).
CREATE TABLE payment (
    claim_id     UUID   NOT NULL REFERENCES hold (claim_id),
    attempt      BIGINT NOT NULL,
    amount_minor BIGINT NOT NULL,
    currency     TEXT   NOT NULL,
    state        TEXT   NOT NULL CHECK (state IN ('authorising', 'cancelling', 'authorised', 'declined', 'in_doubt', 'captured', 'capture_failed', 'voided', 'refunded')),
    -- What the order needs once a late yes is found: shipping and language as JSON.
    shipping     TEXT   NOT NULL,
    started_at   BIGINT NOT NULL,
    changed_at   BIGINT NOT NULL,
    PRIMARY KEY (claim_id, attempt)
);
CREATE INDEX payment_open ON payment (state, changed_at) WHERE state IN ('authorising', 'cancelling', 'in_doubt');

CREATE TABLE idempotency (
    user_id    UUID   NOT NULL,
    route      TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    body_hash  BYTEA  NOT NULL,
    claim_id   UUID,
    attempt    BIGINT,
    -- NULL while in flight.
    status     BIGINT,
    answer     TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, route, key)
);
CREATE INDEX idempotency_claim ON idempotency (claim_id, attempt);
CREATE INDEX idempotency_created ON idempotency (created_at);

-- What must still be done or told elsewhere, committed with its cause.
CREATE TABLE outbox (
    id         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind       TEXT   NOT NULL,
    subject_id UUID   NOT NULL,
    body       TEXT   NOT NULL,
    tries      BIGINT NOT NULL,
    due_at     BIGINT NOT NULL,
    done_at    BIGINT,
    UNIQUE (kind, subject_id)
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE done_at IS NULL;

CREATE TABLE audit (
    id       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       BIGINT NOT NULL,
    actor_id UUID   NOT NULL,
    action   TEXT   NOT NULL,
    sale_id  UUID,
    detail   TEXT   NOT NULL
);
CREATE INDEX audit_sale ON audit (sale_id, id);

-- Every committed change of an item's units or a claim's state, in commit order: what the verdict reads.
CREATE TABLE change_log (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at           BIGINT NOT NULL,
    sale_item_id UUID   NOT NULL,
    claim_id     UUID,
    what         TEXT   NOT NULL,
    quantity     BIGINT NOT NULL,
    -- The item's counters after the change.
    taken        BIGINT,
    waiting      BIGINT,
    deadline     BIGINT
);
CREATE INDEX change_log_item ON change_log (sale_item_id, seq);

-- The claims queue of the one-process mode.
CREATE TABLE claim_queue (
    id        BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    part      BIGINT NOT NULL,
    -- How many commands the message holds: the queue's bound counts them.
    commands  BIGINT NOT NULL,
    body      TEXT   NOT NULL,
    put_at    BIGINT NOT NULL
);
CREATE INDEX claim_queue_part ON claim_queue (part, id);

-- Messages that nobody can parse, put aside for staff.
CREATE TABLE parked (
    id     BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source TEXT   NOT NULL,
    body   TEXT   NOT NULL,
    why    TEXT   NOT NULL,
    at     BIGINT NOT NULL
);
