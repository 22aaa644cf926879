DELETE FROM idempotency
WHERE created_at < $1 AND status IS NOT NULL AND status NOT IN (201, 202)
