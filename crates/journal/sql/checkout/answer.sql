UPDATE idempotency SET status = $1, answer = $2
WHERE claim_id = $3 AND attempt = $4 AND (status IS NULL OR status = 202)
