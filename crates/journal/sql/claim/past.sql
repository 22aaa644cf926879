SELECT c.buyer_id, c.id, c.attempt, c.quantity, c.epoch, c.grant_kind, c.grant_first,
       h.state AS hold_state, s.state AS standby_state, o.state AS order_state
FROM claim c
LEFT JOIN hold h ON h.claim_id = c.id
LEFT JOIN standby s ON s.claim_id = c.id
LEFT JOIN orders o ON o.claim_id = c.id
WHERE COALESCE(c.sale_item_id, c.id) = $1 AND c.buyer_id IN ($2)
