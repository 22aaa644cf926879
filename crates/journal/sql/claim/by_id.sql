SELECT c.buyer_id, c.quantity, h.state AS hold_state, s.state AS standby_state
FROM claim c LEFT JOIN hold h ON h.claim_id = c.id LEFT JOIN standby s ON s.claim_id = c.id
WHERE c.id = $1
