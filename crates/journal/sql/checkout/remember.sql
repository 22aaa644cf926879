INSERT INTO idempotency (user_id, route, key, body_hash, claim_id, attempt, status, answer, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (user_id, route, key) DO NOTHING
