INSERT INTO payment (claim_id, attempt, amount_minor, currency, state, shipping, started_at, changed_at)
VALUES ($1, $2, $3, $4, 'authorising', $5, $6, $6)
