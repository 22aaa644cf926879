INSERT INTO hold (claim_id, sale_item_id, buyer_id, quantity, state, version, generation, deadline, payment_attempt, changed_at)
VALUES ($1, $2, $3, $4, 'held', 1, 1, $5, 0, $6)
