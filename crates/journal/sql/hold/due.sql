SELECT claim_id, quantity, state, deadline FROM hold
WHERE sale_item_id = $1 AND state IN ('held', 'paying') AND deadline <= $2 AND (state = 'held' OR deadline <= $3)
ORDER BY sale_item_id, deadline LIMIT $4
