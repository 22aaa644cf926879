UPDATE session SET revoked_at = $1 WHERE family_id = $2 AND revoked_at IS NULL
