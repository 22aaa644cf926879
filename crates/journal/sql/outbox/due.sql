SELECT id, body, tries FROM outbox WHERE kind = $1 AND done_at IS NULL AND due_at <= $2 ORDER BY due_at, id LIMIT $3
