SELECT body_hash, claim_id, attempt, status, answer FROM idempotency WHERE user_id = $1 AND route = $2 AND key = $3
