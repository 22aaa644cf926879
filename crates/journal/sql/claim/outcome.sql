UPDATE claim SET outcome = $1, reason = $2, version = version + 1, changed_at = $3 WHERE id = $4
