UPDATE hold SET state = 'expired', version = version + 1, changed_at = $1
WHERE state = 'held' AND deadline <= $2 AND claim_id IN ($3)
RETURNING claim_id
