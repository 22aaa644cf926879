UPDATE hold SET state = 'paying', version = version + 1, payment_attempt = payment_attempt + 1, changed_at = $1
WHERE claim_id = $2 AND state = 'held' AND version = $3
