SELECT id, commands, body FROM claim_queue WHERE part = $1 AND id > $2 ORDER BY id LIMIT $3
