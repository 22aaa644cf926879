INSERT INTO claim_queue (part, commands, body, put_at) VALUES ($1, $2, $3, $4)
