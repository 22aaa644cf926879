SELECT p.claim_id, p.attempt, p.amount_minor, p.currency, p.state, p.shipping, p.changed_at, h.state AS hold_state, h.payment_attempt
FROM payment p JOIN hold h ON h.claim_id = p.claim_id
WHERE p.claim_id = $1 AND p.attempt = $2
