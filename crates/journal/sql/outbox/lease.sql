UPDATE outbox SET due_at = $1
WHERE done_at IS NULL AND due_at <= $2
  AND id IN (SELECT o.id FROM outbox o WHERE o.kind = $3 AND o.done_at IS NULL AND o.due_at <= $2 ORDER BY o.due_at, o.id LIMIT $4)
RETURNING id, body, tries
