UPDATE sale SET closes_at = closes_at + CASE WHEN $1 - opens_at < $2 THEN $1 - opens_at ELSE $2 END, row_version = row_version + 1
WHERE stage = 'published' AND paused_at IS NULL AND opens_at < $1 AND closes_at > $3
