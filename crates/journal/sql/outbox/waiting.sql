SELECT COUNT(*) AS waiting FROM outbox WHERE kind = $1 AND done_at IS NULL
