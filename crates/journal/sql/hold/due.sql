SELECT claim_id, quantity, state, deadline FROM hold
WHERE sale_item_id = $1 AND ((state = 'held' AND deadline <= $2) OR (state = 'paying' AND deadline <= $3))
ORDER BY deadline, claim_id LIMIT $4
