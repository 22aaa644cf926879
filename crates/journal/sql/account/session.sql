SELECT s.family_id, s.expires_at, s.revoked_at, u.id, u.email, u.name, u.role
FROM session s JOIN users u ON u.id = s.user_id
WHERE s.token_hash = $1
