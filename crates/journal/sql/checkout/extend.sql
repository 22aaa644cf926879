UPDATE hold SET deadline = deadline + $1, generation = generation + 1, version = version + 1, changed_at = $2, extended_at = $2
WHERE claim_id = $3 AND state = 'held' AND version = $4 AND extended_at IS NULL
