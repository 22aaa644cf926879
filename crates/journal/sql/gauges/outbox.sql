SELECT x.kind AS kind, COUNT(*) AS many, MIN(COALESCE(o.created_at, x.due_at)) AS oldest
FROM outbox x LEFT JOIN orders o ON o.id = x.subject_id
WHERE x.done_at IS NULL GROUP BY x.kind
