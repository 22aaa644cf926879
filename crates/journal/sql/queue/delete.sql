DELETE FROM claim_queue WHERE id = $1 RETURNING commands
