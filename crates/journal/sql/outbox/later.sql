UPDATE outbox SET tries = tries + 1, due_at = $1 WHERE id = $2 AND done_at IS NULL
