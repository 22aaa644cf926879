UPDATE session SET revoked_at = $1
WHERE revoked_at IS NULL AND user_id IN (SELECT id FROM users WHERE email = $2)
