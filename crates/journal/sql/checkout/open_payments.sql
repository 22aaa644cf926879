SELECT p.claim_id, p.attempt, p.amount_minor, p.currency, p.state, p.shipping, p.changed_at, h.state AS hold_state, h.payment_attempt
FROM payment p JOIN hold h ON h.claim_id = p.claim_id
WHERE p.state IN ('authorising', 'cancelling', 'in_doubt') AND (p.state <> 'authorising' OR p.changed_at <= $1)
  AND (p.changed_at > $2 OR (p.changed_at = $2 AND p.claim_id > $3))
ORDER BY p.changed_at, p.claim_id LIMIT $4
