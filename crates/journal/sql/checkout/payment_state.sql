UPDATE payment SET state = $1, changed_at = $2 WHERE claim_id = $3 AND attempt = $4 AND state = $5
