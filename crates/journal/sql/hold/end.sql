UPDATE hold SET state = $1, version = version + 1, changed_at = $2
WHERE claim_id = $3 AND state = $4 AND deadline <= $5
