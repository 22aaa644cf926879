UPDATE outbox SET done_at = $1 WHERE id = $2 AND done_at IS NULL
