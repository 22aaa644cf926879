UPDATE idempotency SET status = 202, answer = $1 WHERE claim_id = $2 AND attempt = $3 AND status IS NULL
