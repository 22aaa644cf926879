SELECT 1 AS due FROM outbox WHERE kind = $1 AND done_at IS NULL AND due_at <= $2 LIMIT 1
