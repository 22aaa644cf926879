SELECT t.claim_id, t.sale_id, t.sale_item_id, t.buyer_id, t.attempt, t.quantity, t.outcome, t.reason, t.version,
       t.hold_state, t.deadline, t.generation, t.standby_state, t.ticket, t.order_id
FROM claim_told t WHERE t.buyer_id = $1 AND t.sale_item_id = $2 ORDER BY t.attempt DESC LIMIT $3
