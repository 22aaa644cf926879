DELETE FROM idempotency
WHERE (user_id, route, key) IN (
    SELECT i.user_id, i.route, i.key FROM idempotency i
    WHERE i.created_at < $1 AND i.status IS NOT NULL AND i.status NOT IN (201, 202) LIMIT $2
)
