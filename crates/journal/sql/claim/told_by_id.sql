SELECT t.claim_id, t.sale_id, t.sale_item_id, t.buyer_id, t.attempt, t.quantity, t.outcome, t.reason, t.version,
       t.hold_state, t.deadline, t.generation, t.standby_state, t.ticket, t.order_id
FROM claim_told t WHERE t.claim_id IN ($1)
