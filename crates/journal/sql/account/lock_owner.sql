UPDATE users SET role = role WHERE id IN (SELECT user_id FROM session WHERE token_hash = $1)
